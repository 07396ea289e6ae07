# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A webhook receiver with a certificate of its own authority, on a loopback port."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def make_certificates(directory: Path) -> tuple[str, Path, Path]:
    """The authority as PEM, and the files of the receiver's certificate and key."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("authority of the tests")
    authority = (
        _builder(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _builder(_name("localhost"), issuer, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "receiver.pem", directory / "receiver.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return authority.public_bytes(serialization.Encoding.PEM).decode(), certificate_file, key_file


class Receiver:
    """``refusals``: how many requests are answered with 500 before one is accepted; ``delay``: what an answer takes."""

    def __init__(self, directory: Path):
        self.authority, certificate, key = make_certificates(directory)
        self.accepted: list[dict[str, Any]] = []
        self.attempts: list[float] = []
        self.refusals = 0
        self.delay = 0.0
        app = Starlette(routes=[Route("/{path:path}", self._take, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=0,
                ssl_certfile=certificate,
                ssl_keyfile=key,
                log_level="error",
                lifespan="off",
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server._serve())  # serve() would take the signals of the test run
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()  # clients that end later keep theirs open, and the server would wait for them
        if self._task is not None:
            await self._task

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.servers[0].sockets[0].getsockname()[1]}/hook"

    async def _take(self, request: Request) -> Response:
        document = await request.json()
        self.attempts.append(asyncio.get_running_loop().time())
        if self.refusals > 0:
            self.refusals -= 1
            return Response(status_code=500)
        self.accepted.append(document)
        await asyncio.sleep(self.delay)
        return Response(status_code=200)

    def messages(self) -> list[str]:
        """Ids of the inbound messages, one entry for each acknowledged callback."""
        return [message["id"] for document in self.accepted for message in document.get("messages", [])]

    def statuses(self, message_id: str) -> list[str]:
        return [
            s["status"] for document in self.accepted for s in document.get("statuses", []) if s["id"] == message_id
        ]
