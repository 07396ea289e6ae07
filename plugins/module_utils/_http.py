# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one server, and how it is trusted. Private to this collection; may change at any time.

The standard library only, as this runs on the client's host. Nothing is logged, neither bodies nor headers.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_url


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes


@dataclass(frozen=True)
class Trust:
    """How a server proves to be the one that is meant. A fingerprint makes the rest irrelevant."""

    ca_path: str | None = None
    fingerprint: str | None = None
    validate_certs: bool = True


def normal_fingerprint(text: str) -> str:
    """Returns 64 lower-case hexadecimal digits; raises ClientError on anything else."""
    digits = re.sub(r"[:\s]", "", text).lower()
    if not re.match(r"^[0-9a-f]{64}\Z", digits):
        raise ClientError(
            "fingerprint must be a SHA-256 fingerprint, 64 hexadecimal digits with or without colons, "
            f"got {len(digits)} characters. Use: openssl x509 -in CERTIFICATE -noout -fingerprint -sha256"
        )
    return digits


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Transport:
    """One server. Each request has a connection of its own, so what is checked on it holds for what is sent on it."""

    def __init__(
        self,
        base_url: str,
        trust: Trust,
        timeout: float,
        *,
        plain_allowed: bool = False,
        hint: str = "Check api_url and that the webapp runs.",
        trust_hint: str = "The client signs its own by default: give its fingerprint, or the CA with ca_path.",
    ) -> None:
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise ClientError(f"A URL cannot be read: {error}") from error
        if parts.scheme not in (("https", "http") if plain_allowed else ("https",)) or not parts.hostname:
            raise ClientError(
                f"A URL must begin with https:// and a host name, got the scheme {parts.scheme!r}. {hint}"
            )
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ClientError(f"The URL of {parts.hostname} must hold neither a user name nor a query. {hint}")
        if timeout <= 0:
            raise ClientError(f"timeout must be more than 0 seconds, got {timeout}")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._host = parts.hostname
        self._port = port
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout
        self._hint = hint
        self._trust_hint = trust_hint
        self._fingerprint = normal_fingerprint(trust.fingerprint) if trust.fingerprint else None
        self._context = self._make_context(trust) if parts.scheme == "https" else None

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        """Raises TransportError when there is no answer, ClientError when the server is not the one that is meant."""
        url = redact_url(self.base + path)
        connection = self._connection()
        sent = False
        try:
            connection.connect()
            self._check_fingerprint(connection.sock, url)
            sent = True
            connection.request(method, self._prefix + path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Response(answer.status, answer.read())
        except ssl.SSLCertVerificationError as error:
            # Waiting does not mend this, so it is no TransportError.
            raise ClientError(
                f"{method} {url}: the certificate is not trusted ({error.verify_message}). Nothing was sent. "
                f"{self._trust_hint}"
            ) from error
        except socket.timeout as error:
            raise TransportError(method, url, f"no answer within {self._timeout:g} s", sent, self._hint) from error
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise TransportError(method, url, reason, sent, self._hint) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)

    def _make_context(self, trust: Trust) -> ssl.SSLContext:
        pinned = self._fingerprint is not None
        if not (trust.validate_certs or pinned or is_loopback(self._host)):
            raise ClientError(
                f"validate_certs=false is accepted only for a loopback address, not for {self._host}. "
                "Give fingerprint or ca_path."
            )
        if pinned or not trust.validate_certs:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        try:
            return ssl.create_default_context(cafile=trust.ca_path)
        except OSError as error:
            raise ClientError(f"The CA file {trust.ca_path} cannot be used: {error}. It must be PEM.") from error

    def _check_fingerprint(self, sock: socket.socket, url: str) -> None:
        if self._fingerprint is None or not isinstance(sock, ssl.SSLSocket):
            return
        seen = hashlib.sha256(sock.getpeercert(True) or b"").hexdigest()
        if not hmac.compare_digest(seen, self._fingerprint):
            raise ClientError(
                f"{url} shows a certificate with the fingerprint {seen}, expected was {self._fingerprint}. Nothing was "
                "sent. Read the fingerprint in the webapp's container again, and look at who answers there."
            )
