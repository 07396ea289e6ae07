# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client's API in this process, over HTTPS, that answers one planned call after the other."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import json
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from ansible.module_utils.common.parameters import PASS_VARS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

META = {"version": "2.57.2", "api_status": "stable"}
VERBOSE = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
"""Lets a module's result show its options, as at high verbosity. Before ansible-core 2.21 it always does."""


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    return f"Bearer {token}"


def error(code: int, title: str = "Title", details: str = "") -> dict[str, Any]:
    return {"errors": [{"code": code, "title": title, "details": details}], "meta": META}


@dataclass(frozen=True)
class Call:
    """What must come, and what is answered. ``drop`` takes it and hangs up.

    Both ways bytes are a text as it is, all else is JSON.
    """

    method: str
    path: str
    auth: str | None = None
    body: Any = None
    status: int = 200
    answer: Any = None
    drop: bool = False


def login(
    password: str, *, token: str = "token-1", expires_after: str = "", user: str = "admin", **others: Any
) -> Call:
    """A login that succeeds, unless told otherwise."""
    answer = {"users": [{"token": token, "expires_after": expires_after}], "meta": META}
    return Call("POST", "/v1/users/login", basic(user, password), **{"answer": answer, **others})


class Certificate:
    """A self-signed certificate of 127.0.0.1, in one file with its key."""

    def __init__(self, directory: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "waweb")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.path = directory / "certificate.pem"
        self.path.write_bytes(certificate.public_bytes(pem))
        self.key_path = directory / "key.pem"
        self.key_path.write_bytes(secret)
        self.fingerprint = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


class FakeApi:
    """Used as a context manager. At its end all planned calls must have come, and no other."""

    def __init__(self, certificate: Certificate, *, tls: bool = True) -> None:
        self.certificate = certificate
        self.planned: list[Call] = []
        self.seen: list[str] = []
        self.surprises: list[str] = []
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key_path)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def plan(self, *calls: Call) -> None:
        self.planned.extend(calls)

    @property
    def arguments(self) -> dict[str, Any]:
        """The options of a module that is to talk to this API. Its result shows them, as it does at high verbosity."""
        return {
            "api_url": self.url,
            "fingerprint": self.certificate.fingerprint,
            **VERBOSE,
        }

    def __enter__(self) -> FakeApi:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def check(self) -> None:
        assert self.surprises == []
        assert [f"{call.method} {call.path}" for call in self.planned] == [], "planned calls that did not come"

    def take(self, method: str, path: str, auth: str | None, body: Any) -> Call:
        """The answer to a call. One that was not planned is noted, and answered as no client does."""
        self.seen.append(f"{method} {path}")
        came = (method, path, auth, body)
        planned = self.planned.pop(0) if self.planned else None
        if planned is None:
            self.surprises.append(f"came: {came}, planned: nothing")
            return Call(method, path, status=418)
        expected = (planned.method, planned.path, planned.auth, planned.body)
        if came != expected:
            self.surprises.append(f"came: {came}, planned: {expected}")
            return Call(method, path, status=418)
        return planned

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def handle_call(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                is_text = self.headers.get("Content-Type") == "text/plain"
                content = body if is_text else json.loads(body) if body else None
                call = api.take(self.command, self.path, self.headers.get("Authorization"), content)
                if call.drop:
                    return
                answer = call.answer if isinstance(call.answer, bytes) else json.dumps(call.answer).encode()
                self.send_response(call.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_call  # noqa: N815

            def log_message(self, *_arguments: Any) -> None:
                """Keeps the module's output clean."""

        return Handler
