# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All the evidence after a step, each piece gathered once and only when a check asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from labctl import evidence, truth
from labctl.layout import ACME, BETA, KNOWN_DATABASES, POSTGRESQL, Lab, Number
from labctl.session import Session

from checks import baseline, dumps, fence, probes, record
from checks.dump import Dump
from checks.options import CLIENT_ONLY, FULL, IDENTITY_CHANGES

SETTLE_SECONDS = 60
LOOK_AGAIN_SECONDS = 5
NOW = "now"
OF_THE_PAST = ("before", "fence", "fence dumps")
T = TypeVar("T")


class Scene:
    """The lab at one moment. Checks run side by side, so each piece is gathered under a lock of its own."""

    def __init__(self, session: Session, earlier: Scene | None = None, option: str = FULL) -> None:
        """``earlier``: a scene whose evidence of the past is taken over. Messages have settled by then.

        ``option``: what was moved, by the word of whoever ordered it.
        """
        self.session = session
        self.option = option
        self._settle_seconds = SETTLE_SECONDS if earlier is None else 0
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, Any] = {}
        if earlier is not None:
            self._known = {name: evidence for name, evidence in earlier._known.items() if name in OF_THE_PAST}

    @property
    def lab(self) -> Lab:
        return self.session.lab

    def once(self, name: str, gather: Callable[[], T]) -> T:
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._known:
                self._known[name] = gather()
            found: T = self._known[name]
            return found

    # -- before -------------------------------------------------------------------------------------------------------

    @property
    def before(self) -> dict[str, Any]:
        return self.once("before", lambda: record.load(self.lab, baseline.STAGE))

    def before_place(self, side: str) -> Path:
        return record.directory(self.lab, baseline.STAGE, side)

    # -- the network's word -------------------------------------------------------------------------------------------

    @property
    def truth(self) -> dict[str, Any]:
        return self.once("truth", lambda: truth.gather(self.lab, self.session.state))

    @property
    def network(self) -> dict[str, Any]:
        state: dict[str, Any] = self.truth["network"]["state"]
        return state

    def events(self, number: Number) -> list[dict[str, Any]]:
        """The network's events of a number since its baseline."""
        return [
            event
            for event in self.truth["network"]["events"]
            if event["number"] == number.wa_id and event["time"] >= self.network["baseline"]
        ]

    def host_of(self, peer: str) -> str:
        known: dict[str, str] = self.truth["addresses"]
        return next((host for host, address in known.items() if address == peer), f"an unknown host ({peer})")

    def ledger(self, number: Number) -> dict[str, Any]:
        return self.once(f"ledger {number.key}", lambda: self._settled_ledger(number))

    def _settled_ledger(self, number: Number) -> dict[str, Any]:
        """What a client still works off, on a busy machine for minutes, is not lost: it counts when that ends."""
        changes = IDENTITY_CHANGES[self.option] if number is ACME else 0
        book = evidence.ledger(self.lab, number, self._settle_seconds, changes)
        while self._settle_seconds and book["outbound"]["lost"]:
            time.sleep(LOOK_AGAIN_SECONDS)
            later = evidence.ledger(self.lab, number, self._settle_seconds, changes)
            if len(later["outbound"]["lost"]) >= len(book["outbound"]["lost"]):
                return later
            book = later
        return book

    # -- databases ----------------------------------------------------------------------------------------------------

    @property
    def fence_digests(self) -> dict[str, str]:
        return self.once("fence", lambda: fence.dump(self.session))

    @property
    def fence_dumps(self) -> dict[str, Dump]:
        """By store."""
        return self.once("fence dumps", self._fence_dumps)

    def _fence_dumps(self) -> dict[str, Dump]:
        assert self.fence_digests  # noqa: S101 (they make the files)
        return self._read(fence.STAGE)

    @property
    def old_digests(self) -> dict[str, str]:
        place = record.directory(self.lab, NOW, "old")
        return self.once("old", lambda: dumps.take(self.session, ACME.database_host, dumps.acme_databases(), place))

    @property
    def serving_dumps(self) -> dict[str, Dump]:
        """Those that the new client works on, by store."""
        return self.old_dumps if self.option == CLIENT_ONLY else self.new_dumps

    @property
    def old_dumps(self) -> dict[str, Dump]:
        """The old databases as they are now, by store."""
        return self.once("old dumps", self._old_dumps)

    def _old_dumps(self) -> dict[str, Dump]:
        assert self.old_digests  # noqa: S101 (they make the files)
        return self._read(NOW, "old")

    def _read(self, *parts: str) -> dict[str, Dump]:
        place = record.directory(self.lab, *parts)
        engine = self.session.state.database_engine
        return {store: dumps.read(place, ACME.prefix + store, engine) for store in KNOWN_DATABASES}

    @property
    def new_dumps(self) -> dict[str, Dump]:
        """By store."""
        return self.once("new", self._new_dumps)

    def _new_dumps(self) -> dict[str, Dump]:
        place = record.directory(self.lab, NOW, "new")
        dumps.take(self.session, "db-new", dumps.acme_databases(), place)
        return self._read(NOW, "new")

    @property
    def beta_dumps(self) -> dict[str, Dump]:
        """Number B's databases, by store."""
        return self.once("beta", self._beta_dumps)

    def _beta_dumps(self) -> dict[str, Dump]:
        place = record.directory(self.lab, NOW, "beta")
        dumps.take(self.session, BETA.database_host, dumps.beta_databases(), place)
        return {store: dumps.read(place, BETA.prefix + store, POSTGRESQL) for store in KNOWN_DATABASES}

    # -- hosts --------------------------------------------------------------------------------------------------------

    def media(self, host: str) -> dict[str, str]:
        return self.once(f"media {host}", lambda: probes.media(self.lab, host, ACME))

    def containers(self, host: str, number: Number = ACME) -> list[dict[str, Any]]:
        return [entry for entry in self.truth["containers"][host] if entry["project"] == number.project]
