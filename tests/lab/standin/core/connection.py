# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to the WhatsApp network. The wire protocol is our own [P]: one JSON object a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from standin.common.environment import Environment

log = logging.getLogger("standin.core")
LIMIT = 32 * 1024 * 1024
PING_SECONDS = 5
SILENCE_SECONDS = 15
Message = dict[str, Any]
Handler = Callable[[Message], Awaitable[None]]


class NetworkUnreachableError(Exception):
    """Neither of the network's ports answered."""


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


async def dial(environment: Environment) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    errors = []
    for host, port in environment.network:
        try:
            return await asyncio.wait_for(asyncio.open_connection(host, port, limit=LIMIT), 5)
        except (OSError, TimeoutError) as error:
            errors.append(f"{host}:{port}: {error or 'timed out'}")
    raise NetworkUnreachableError("; ".join(errors))


async def request(environment: Environment, message: Message) -> Message:
    """One question on a connection of its own."""
    reader, writer = await dial(environment)
    try:
        writer.write(encode(message))
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 10)
        if not line:
            raise NetworkUnreachableError("the network closed the connection")
        answer: Message = json.loads(line)
        return answer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Connection:
    """Keeps one slot of the number connected.

    After the network has kicked it, it stays disconnected: two that reconnect would throw each other out for ever.
    """

    def __init__(self, environment: Environment, hello: Callable[[], Awaitable[Message]], handler: Handler):
        self._environment = environment
        self._hello = hello
        self._handler = handler
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent: dict[str, asyncio.Future[Message | None]] = {}
        self._busy = asyncio.Lock()
        self._stopping = False
        self.kicked = False
        self.status = "disconnected"
        self.connected = asyncio.Event()

    def start(self) -> None:
        if self._task is None:
            self._stopping = False
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Lets the message in hand be finished and acknowledged, then hangs up."""
        self._stopping = True
        async with self._busy:
            if self._writer is not None:
                self._writer.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._disconnected()

    async def send(self, message: Message) -> Message | None:
        """Sends an outbound message and waits for the network's ``sent``; None when the line broke before."""
        if self._writer is None or not self.connected.is_set():
            return None
        future: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        self._sent[message["id"]] = future
        try:
            self._writer.write(encode(message))
            await self._writer.drain()
            return await asyncio.wait_for(future, 15)
        except (OSError, TimeoutError):
            return None
        finally:
            self._sent.pop(message["id"], None)

    async def acknowledge(self, message: Message) -> None:
        if self._writer is not None:
            self._writer.write(encode(message))
            await self._writer.drain()

    def _disconnected(self) -> None:
        self.connected.clear()
        self.status = "disconnected"
        self._writer = None
        for future in self._sent.values():
            if not future.done():
                future.set_result(None)

    async def _run(self) -> None:
        while not self._stopping and not self.kicked:
            self.status = "connecting"
            try:
                await asyncio.sleep(self._environment.connect_seconds)
                await self._session()
            except (NetworkUnreachableError, OSError, TimeoutError, json.JSONDecodeError, SQLAlchemyError) as error:
                # What could not be stored has not been acknowledged: the network delivers it again when it can.
                log.warning("not connected: %s: %s", type(error).__name__, error)
            self._disconnected()
            if not self._stopping and not self.kicked:
                await asyncio.sleep(1)

    async def _session(self) -> None:
        reader, writer = await dial(self._environment)
        self._writer = writer
        ping = asyncio.create_task(self._ping(writer))
        try:
            writer.write(encode(await self._hello()))
            await writer.drain()
            while line := await asyncio.wait_for(reader.readline(), SILENCE_SECONDS):
                if self._stopping:
                    return
                async with self._busy:
                    await self._take(json.loads(line))
        finally:
            ping.cancel()
            writer.close()

    @staticmethod
    async def _ping(writer: asyncio.StreamWriter) -> None:
        """Silence on the line means that it is cut, which TCP alone would notice far too late."""
        while not writer.is_closing():
            await asyncio.sleep(PING_SECONDS)
            writer.write(encode({"type": "ping"}))

    async def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "connected":
            self.status = "connected"
            self.connected.set()
            log.info("connected")
        elif kind == "kicked":
            self.kicked = True
            log.error("kicked: another client has connected for this number")
        elif kind == "refused":
            log.error("refused: %s", message.get("reason"))
        elif kind == "sent":
            future = self._sent.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
        elif kind in ("message", "receipt"):
            await self._handler(message)
