# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sockets on loopback: an application behind HTTP, and a client's end of the wire protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

Json = dict[str, Any]
SECONDS = 5
LIMIT = 2**20


@contextlib.asynccontextmanager
async def served(
    app: Starlette, certificate: Path | None = None, key: Path | None = None, port: int = 0
) -> AsyncIterator[str]:
    """Serves an application and gives its base URL. Without the server's own loop, whose ticks cost every test."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="error",
        lifespan="off",
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    chosen = server.servers[0].sockets[0].getsockname()[1]
    yield f"https://localhost:{chosen}" if certificate else f"http://127.0.0.1:{chosen}"
    for listening in server.servers:
        listening.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Wire:
    """A client's end of a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=LIMIT))

    async def send(self, kind: str, **more: Any) -> None:
        self._writer.write(json.dumps({"type": kind, **more}).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> Json | None:
        """The next frame, None at the end of the line."""
        line = await asyncio.wait_for(self._reader.readline(), SECONDS)
        frame: Json | None = json.loads(line) if line else None
        return frame

    async def ask(self, kind: str, **more: Any) -> Json | None:
        await self.send(kind, **more)
        return await self.receive()

    async def quiet(self) -> None:
        """Nothing but the answer to a ping comes: what was sent before has been dealt with."""
        assert await self.ask("ping") == {"type": "pong"}

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
