# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests over HTTPS: CA file, pinned fingerprint, or none on loopback. Private to this collection; may change at any time.

The standard library only, as this runs on the client's host. Bodies are never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError, TransportError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def normal_fingerprint(text: str) -> str:
    """Returns 64 lower-case hexadecimal digits; raises ClientError on anything else."""
    digits = re.sub(r"[:\s]", "", text).lower()
    if not re.match(r"^[0-9a-f]{64}$", digits):
        raise ClientError("fingerprint must be a SHA-256 fingerprint, 64 hexadecimal digits, got %d characters" % len(digits))
    return digits


class Transport:
    """Sends one request at a time to one API. Certificates are checked unless the address is loopback and the check was turned off."""

    def __init__(
        self,
        api_url: str,
        ca_path: str | None = None,
        fingerprint: str | None = None,
        validate_certs: bool = True,
        timeout: int = 30,
    ):
        parts = urlsplit(api_url)
        if parts.scheme != "https" or not parts.hostname:
            raise ClientError("api_url must be an https URL, got %s" % api_url)
        if not validate_certs and parts.hostname not in LOOPBACK:
            raise ClientError("validate_certs=false is accepted only for a loopback address, not for %s. Give fingerprint or ca_path." % parts.hostname)
        self.base = "https://%s" % parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        self._host = parts.hostname
        self._port = parts.port or 443
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout
        self._fingerprint = normal_fingerprint(fingerprint) if fingerprint else None
        self._context = self._make_context(ca_path, validate_certs and self._fingerprint is None)

    @staticmethod
    def _make_context(ca_path: str | None, verify: bool) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=ca_path if verify else None)
        except (OSError, ssl.SSLError) as error:
            raise ClientError("ca_path %s cannot be read as CA certificates: %s" % (ca_path, error)) from error
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Response:
        """Raises TransportError when there is no answer."""
        url = self.base + path
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
        sent = False
        try:
            connection.connect()
            self._check_fingerprint(connection.sock, url)
            sent = True
            connection.request(method, self._prefix + path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Response(answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()})
        except ssl.SSLCertVerificationError as error:
            raise TransportError(
                method, url, "certificate not trusted (%s); the client signs its own by default: give fingerprint or ca_path" % error.verify_message, False
            ) from error
        except socket.timeout as error:
            raise TransportError(method, url, "no answer within %d s" % self._timeout, sent) from error
        except (OSError, http.client.HTTPException) as error:
            raise TransportError(method, url, str(error) or type(error).__name__, sent) from error
        finally:
            connection.close()

    def _check_fingerprint(self, sock: socket.socket, url: str) -> None:
        if self._fingerprint is None:
            return
        certificate = sock.getpeercert(True)  # type: ignore[attr-defined]
        seen = hashlib.sha256(certificate or b"").hexdigest()
        if not hmac.compare_digest(seen, self._fingerprint):
            raise ClientError("%s shows a certificate with the fingerprint %s, expected was %s. Not connected." % (url, seen, self._fingerprint))
