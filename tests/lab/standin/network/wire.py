# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server side of the wire protocol: one JSON object a line. See README.md [P]."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from standin.network.registry import Inbound, Registry, Slot

log = logging.getLogger("standin.network")
Json = dict[str, Any]
LIMIT = 32 * 1024 * 1024
DELIVERED_AFTER = 0.2  # seconds until the recipient's phone says that a message has arrived


class Line:
    """One TCP connection of a client."""

    def __init__(self, network: WireServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._network = network
        self._registry = network.registry
        self._reader = reader
        self._writer = writer
        self._peer = str((writer.get_extra_info("peername") or ("?",))[0])
        self.number = ""
        self.index = 0
        self.slot: Slot | None = None

    def send(self, message: Json) -> None:
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def kick(self) -> None:
        self.send({"type": "kicked"})
        self._network.lines.discard(self)  # at once: what comes now is for the line that took the slot
        self._writer.close()

    async def serve(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
                await self._writer.drain()
        except (ConnectionError, json.JSONDecodeError) as error:
            log.info("line of %s ended: %s", self._peer, type(error).__name__)
        finally:
            if self.slot is not None:
                self._registry.disconnect(self.number, self.index, self.slot)
                self._network.lines.discard(self)
            self._writer.close()

    def _take(self, message: Json) -> None:
        handler = getattr(self, f"_on_{message['type']}", None)
        if handler is None:
            self.send({"type": "error", "reason": "unknown_type"})
        elif message["type"] in ("send", "ack") and self.slot is None:
            self.send({"type": "error", "reason": "not_connected"})
        elif message["type"] == "connect" and self.slot is not None:
            self.send({"type": "error", "reason": "already_connected"})
        else:
            handler(message)

    # -- before a connection ------------------------------------------------------------------------------------------

    def _on_register(self, message: Json) -> None:
        reason = self._registry.register(message["number"], message.get("pin"))
        self.send({"type": "code_sent"} if reason is None else {"type": "error", "reason": reason})

    def _on_verify(self, message: Json) -> None:
        done = self._registry.verify(message["number"], message["code"], message["identity"])
        self.send({"type": "registered"} if done else {"type": "error", "reason": "bad_code"})

    def _on_two_step(self, message: Json) -> None:
        self._registry.set_pin(message["number"], message["pin"])
        self.send({"type": "ok"})

    def _on_identity(self, message: Json) -> None:
        self._registry.change_identity(message["number"], message["identity"])
        self.send({"type": "ok"})

    def _on_connect(self, message: Json) -> None:
        slot = self._registry.connect(message, self._peer, self.kick)
        if slot is None:
            self.send({"type": "refused", "reason": "not_registered"})
            self._writer.close()
            return
        self.number, self.index, self.slot = message["number"], int(message["slot"]), slot
        self._network.lines.add(self)
        self.send({"type": "connected"})
        state = self._registry.number(self.number)
        for waiting in sorted((m for m in state.inbound.values() if m.acknowledged is None), key=lambda m: m.epoch):
            self._network.deliver(self.number, waiting)
        for receipt in list(state.receipts.values()):
            self.send(receipt)

    # -- on a connection ----------------------------------------------------------------------------------------------

    def _on_ping(self, _message: Json) -> None:
        self.send({"type": "pong"})

    def _on_send(self, message: Json) -> None:
        known = message["id"] in self._registry.number(self.number).outbound
        epoch = self._registry.accept_outbound(self.number, message)
        self.send({"type": "sent", "id": message["id"], "epoch": epoch})
        if not known:
            asyncio.get_running_loop().call_later(DELIVERED_AFTER, self._network.delivered, self.number, message["id"])

    def _on_ack(self, message: Json) -> None:
        self._registry.acknowledge(self._registry.number(self.number), message["id"], message.get("status"))


class WireServer:
    def __init__(self, registry: Registry):
        self.registry = registry
        self.lines: set[Line] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Line(self, reader, writer).serve()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self.accept, host, port, limit=LIMIT)

    def _line(self, number: str) -> Line | None:
        """Any messaging line of the number. The primary master's (-1) carries no messages."""
        lines = [line for line in self.lines if line.number == number and line.index >= 0 and line.slot is not None]
        return min(lines, key=lambda line: line.index) if lines else None

    def deliver(self, number: str, message: Inbound) -> None:
        line = self._line(number)
        if line is None:
            return
        message.deliveries += 1
        line.send(
            {
                "type": "message",
                "id": message.id,
                "from": message.sender,
                "profile": f"Customer {message.sender[-4:]}",
                "timestamp": str(int(message.time)),
                "epoch": message.epoch,
                "payload": message.payload,
            }
        )

    def delivered(self, number: str, message_id: str) -> None:
        """The recipient's phone has the message. A number that was forgotten meanwhile stays forgotten."""
        state = self.registry.numbers.get(number)
        if state is not None and message_id in state.outbound:
            self.receipt(number, message_id, "delivered")

    def receipt(self, number: str, message_id: str, status: str) -> None:
        entry = self.registry.receipt(number, message_id, status)
        line = self._line(number)
        if line is not None:
            line.send(entry)
