# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node of the client: its life from the first start to the last acknowledged message."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from standin.common.environment import Environment
from standin.core import application
from standin.core.callbacks import Callbacks
from standin.core.cluster import Cluster, Role
from standin.core.configuration import Configuration, number_of, shards_of
from standin.core.connection import Connection
from standin.core.traffic import IDLE_SECONDS, Traffic
from standin.stores.database import Databases

log = logging.getLogger("standin.core")
CONFIRM_SECONDS = 1.5
"""How long a node that stops waits for the network's answer to the message that it has just sent."""


class Client:
    def __init__(self, environment: Environment, databases: Databases | None = None):
        stores = (
            "messageStore",
            "callbackStore",
            "contactStore",
            "axolotlStore",
            "configStore",
            "clusterStore",
            "jobqueueStore",
        )
        self.environment = environment
        self.databases = databases or Databases(environment, stores)
        self.configuration = Configuration(self.databases)
        self.traffic = Traffic(environment, self.databases, self.configuration)
        self.callbacks = Callbacks(self.databases, self.configuration, self.traffic)
        self.cluster = Cluster(environment, self.databases)
        self.role = Role("secondary_master" if environment.master else "coreapp", None)
        self.started = time.time()
        self.ready = False
        self.halted = False
        self._number: str | None = None
        self._connection: Connection | None = None
        self._slot: int | None = None
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # -- what others see ----------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """gateway_status of the health answer."""
        if not self.ready:
            return "uninitialized"
        if self._number is None:
            return "unregistered"
        return "disconnected" if self._connection is None else self._connection.status

    @property
    def number(self) -> str | None:
        return self._number

    # -- life ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Starts the node and returns when it has been stopped in order."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self.environment.start_seconds)
            return
        await asyncio.to_thread(self.databases.create)
        await self.reload()
        self.ready = True
        self.callbacks.start()
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._deliver())]
        await self._stopping.wait()
        _, late = await asyncio.wait(self._tasks, timeout=CONFIRM_SECONDS)
        for task in late:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._connection is not None:
            await self._connection.stop()
        await self.callbacks.stop()
        await asyncio.to_thread(self.cluster.leave)
        self.databases.dispose()
        log.info("stopped")

    def stop(self) -> None:
        self._stopping.set()
        self.traffic.outbound_waiting.set()

    async def reload(self) -> None:
        """Takes over the number that the database holds now."""
        self._number = await asyncio.to_thread(lambda: self.configuration.number)

    async def hang_up(self) -> None:
        if self._connection is not None:
            await self._connection.stop()
            self._connection = None
            self._slot = None

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._settle()
            except (
                SQLAlchemyError
            ):  # a database that is away for a moment must not end the node; the next beat tries again
                log.exception("heartbeat failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 0.5)

    async def _settle(self) -> None:
        """Brings role and connection in line with what the database says."""
        entries = await asyncio.to_thread(self.configuration.several, "registration", "application", "shards")
        self._number = number_of(entries)
        settings = application.complete(entries.get("application"), self._number)
        kicked = self._connection is not None and self._connection.kicked
        self.role = await asyncio.to_thread(
            self.cluster.tick,
            "kicked" if kicked else self.status,
            shards_of(entries),
            settings["unhealthy_interval"],
            self._number is not None,
        )
        wanted = None if self._number is None or self.halted else self.role.slot
        self.callbacks.shard = wanted if wanted is None or wanted >= 0 else None
        if wanted == self._slot:
            return
        await self.hang_up()
        if wanted is not None:
            self._slot = wanted
            self._connection = Connection(self.environment, self._hello, self._handle)
            self._connection.start()

    async def _hello(self) -> dict[str, Any]:
        fingerprint, epoch = await asyncio.to_thread(lambda: (self.configuration.fingerprint, self.configuration.epoch))
        return {
            "type": "connect",
            "number": self._number,
            "slot": self._slot,
            "node": self.environment.node,
            "identity": fingerprint,
            "epoch": epoch,
        }

    async def _handle(self, message: dict[str, Any]) -> None:
        connection = self._connection
        if message["type"] == "message":
            await asyncio.to_thread(self.traffic.store_inbound, message)
            answer = {"type": "ack", "id": message["id"]}
        else:
            await asyncio.to_thread(self.traffic.store_receipt, message)
            answer = {"type": "ack", "id": message["id"], "status": message["status"]}
        self.traffic.callback_waiting.set()
        if connection is not None:
            await connection.acknowledge(answer)

    async def _deliver(self) -> None:
        """Sends what was accepted, oldest first, also what an earlier life left behind."""
        while not self._stopping.is_set():
            connection, slot = self._connection, self._slot
            if connection is None or slot is None or slot < 0 or not connection.connected.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), 0.2)
                continue
            try:
                sent = await self._send_pending(connection, slot)
            except SQLAlchemyError as error:
                log.warning("sending waits: the database answers with %s", type(error).__name__)
                sent = False
            if not sent and not self._stopping.is_set():
                self.traffic.outbound_waiting.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.traffic.outbound_waiting.wait(), IDLE_SECONDS)

    async def _send_pending(self, connection: Connection, slot: int) -> bool:
        """One round; False when there was nothing to send or the line broke."""
        shards = await asyncio.to_thread(lambda: self.configuration.shards)
        rows = await asyncio.to_thread(self.traffic.pending, slot, shards)
        for row in rows:
            if self._stopping.is_set():
                return False
            message = {
                "type": "send",
                "id": row.key_id,
                "to": row.key_remote_jid.partition("@")[0],
                "payload": row.payload,
            }
            answer = await connection.send(message)
            if answer is None:
                return False
            await asyncio.shield(asyncio.to_thread(self.traffic.store_sent, row.key_id, int(answer["epoch"])))
            self.traffic.callback_waiting.set()
        return bool(rows)
