# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move in miniature: a real client on an old host, its databases copied to a new one, the ledger over it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from typing import Any

from standin.ledger.balance import Evidence, balance
from standin.receiver.application import Receiver
from standin.stores.callback import Callback
from standin.stores.database import Databases
from standin.tests.harness import NUMBER, Host, Network, until

HOLDS = 0.3
"""Seconds for which a verdict must stay, so that it is no message on its way."""


class Stage:
    def __init__(self, network: Network, make_host: Callable[..., Host], receiver: Receiver, hook: str, authority: str):
        self.network = network
        self.receiver = receiver
        self.old = make_host("old")
        self.new = make_host("new")
        self._hook = hook
        self._authority = authority
        self._token = ""
        self._traffic: list[dict[str, Any]] = []

    async def set_up(self) -> None:
        """The old client serves, and from here on everything counts."""
        await self.old.start()
        api = self.old.web()
        await api.sign_in()
        await api.register()
        change = {"webhooks": {"url": self._hook}, "callback_backoff_delay_ms": 100}
        assert (await api.call("PATCH", "/v1/settings/application", change)).status_code == 200
        assert (await api.call("POST", "/v1/certificates/webhooks/ca", content=self._authority)).status_code == 200
        self._token = api.token
        await self.old.stop()
        await self.start(self.old)
        self.network.registry.set_baseline()

    async def start(self, host: Host) -> None:
        await host.start()
        await until(lambda: host.nodes["wacore"].status == "connected", "the client is connected")

    # -- traffic ------------------------------------------------------------------------------------------------------

    async def business_sends(self, host: Host, ref: str) -> str:
        api = host.web()
        api.token = self._token
        message_id = await api.send(ref)
        self._note("attempt", ref, outcome="accepted")
        return message_id

    def customer_writes(self, ref: str) -> str:
        message_id = self.network.customer_writes(ref)
        self._note("inbound", ref, id=message_id)
        return message_id

    def note_doubt(self, ref: str) -> None:
        """The generator's message whose answer was lost."""
        self._note("attempt", ref, outcome="in_doubt")

    def _note(self, kind: str, ref: str, **more: str) -> None:
        self._traffic.append({"time": time.time(), "kind": kind, "number": NUMBER, "ref": ref, **more})

    async def talk(self, host: Host, mark: str) -> None:
        """Messages both ways, and everything that they cause has arrived."""
        sent = [await self.business_sends(host, f"{mark}-{index}") for index in range(2)]
        written = [self.customer_writes(f"{mark}-{index}") for index in range(2)]
        await self.arrived(*written)
        await until(lambda: all((i, "delivered") in self._statuses() for i in sent), "all are delivered")
        await until(lambda: not self.network.registry.number(NUMBER).receipts, "all receipts are stored")
        await until(lambda: not host.rows("callbackStore", Callback), "all callbacks are done with")

    async def arrived(self, *message_ids: str) -> None:
        await until(lambda: self._messages().issuperset(message_ids), "the customers' messages are at the webhook")

    def _accepted(self, kind: str) -> list[dict[str, Any]]:
        return [row for c in self.receiver.callbacks if c["status"] == 200 for row in c["body"].get(kind, [])]

    def _messages(self) -> set[str]:
        return {row["id"] for row in self._accepted("messages")}

    def _statuses(self) -> set[tuple[str, str]]:
        return {(row["id"], row["status"]) for row in self._accepted("statuses")}

    # -- the move -----------------------------------------------------------------------------------------------------

    def copy(self) -> None:
        """The new host's databases and media become what the old one's are now."""
        shutil.copytree(self.old.directory, self.new.directory, dirs_exist_ok=True)

    def databases(self, *stores: str) -> Databases:
        """The new host's databases, to spoil them. The caller disposes of them."""
        return Databases(self.new.environment(), stores)

    async def move(self, spoil: Callable[[], None] = lambda: None) -> None:
        """Stop, copy, start; customers go on writing meanwhile. ``spoil`` comes between copy and start."""
        await self.old.stop()
        self.customer_writes("meanwhile")
        self.copy()
        spoil()
        await self.start(self.new)

    # -- verdict ------------------------------------------------------------------------------------------------------

    def ledger(self) -> dict[str, Any]:
        state = self.network.registry.number(NUMBER)
        return balance(
            Evidence(
                number=NUMBER,
                now=time.time(),
                baseline=self.network.registry.baseline,
                traffic=self._traffic,
                outbound=[vars(message) for message in state.outbound.values()],
                inbound=[vars(message) for message in state.inbound.values()],
                callbacks=self.receiver.callbacks,
                events=self.network.registry.events,
            ),
            grace=0,
        )

    async def verdict(self, *wanted: str) -> None:
        """The ledger gives exactly these reasons, and goes on giving them."""
        reasons: list[str] = []

        def reached() -> bool:
            reasons[:] = self.ledger()["reasons"]
            return sorted(reasons) == sorted(wanted)

        try:
            await until(reached, "the verdict")
        except AssertionError as error:
            raise AssertionError(f"wanted {sorted(wanted)}, the ledger says {sorted(reasons)}") from error
        await asyncio.sleep(HOLDS)
        assert reached(), f"wanted {sorted(wanted)}, the ledger says {sorted(reasons)}"


def stranger(slot: int) -> dict[str, Any]:
    """Another client's greeting."""
    return {"number": NUMBER, "slot": slot, "node": "other:000000000000", "identity": "", "epoch": 10**6}
