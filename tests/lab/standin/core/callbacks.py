# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posts webhooks until the receiver acknowledges them with 2xx."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from datetime import timedelta

import httpx
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from standin.common.times import aware, now
from standin.core import application
from standin.core.configuration import Configuration, shards_of
from standin.core.traffic import IDLE_SECONDS, Traffic, shard_of
from standin.stores.callback import Callback
from standin.stores.database import Databases

log = logging.getLogger("standin.core")


class Callbacks:
    """``shard`` tells which share of the recipients this node serves; None for no share."""

    def __init__(self, databases: Databases, configuration: Configuration, traffic: Traffic):
        self._databases = databases
        self._configuration = configuration
        self._traffic = traffic
        self._stopping = asyncio.Event()
        self._context = ssl.create_default_context()
        self._task: asyncio.Task[None] | None = None
        self._limit = 0
        self._posts: dict[int, asyncio.Task[None]] = {}
        self.shard: int | None = None
        self.delivered = 0
        self.failed = 0

    def start(self) -> None:
        """Reads the webhook CA and the number of requests. A change of them needs a restart of the Coreapp."""
        authority = self._configuration.get("webhook_ca")
        if authority:
            self._context.load_verify_locations(cadata=authority)
        self._limit = application.complete(self._configuration.get("application"), None)["webhooks"][
            "max_concurrent_requests"
        ]
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Posts that are under way are finished, so that none is delivered twice."""
        self._stopping.set()
        self._traffic.callback_waiting.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        async with httpx.AsyncClient(verify=self._context, timeout=5) as client:
            while not self._stopping.is_set():
                self._traffic.callback_waiting.clear()
                try:
                    await self._start_posts(client)
                except SQLAlchemyError as error:
                    log.warning("callbacks wait: the database answers with %s", type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._traffic.callback_waiting.wait(), IDLE_SECONDS)
            await asyncio.gather(*self._posts.values())

    async def _start_posts(self, client: httpx.AsyncClient) -> None:
        """Each post is a task of its own, so that a slow answer holds up no other callback."""
        free = self._limit - len(self._posts)
        if free <= 0 or self.shard is None:
            return
        entries = await asyncio.to_thread(self._configuration.several, "application", "shards")
        settings = application.complete(entries.get("application"), None)
        url = settings["webhooks"]["url"]
        if not url:
            return
        for row in await asyncio.to_thread(self._due, free, set(self._posts), shards_of(entries)):
            self._posts[row.id] = asyncio.create_task(self._deliver(client, url, row, settings))

    async def _deliver(self, client: httpx.AsyncClient, url: str, row: Callback, settings: dict) -> None:  # type: ignore[type-arg]
        accepted = await self._post(client, url, row)
        try:
            # Until the outcome can be stored, the row counts as being posted: what was received is not sent twice.
            while not await self._settled(row.id, accepted, settings) and not self._stopping.is_set():
                await asyncio.sleep(0.5)
        finally:
            del self._posts[row.id]
            self._traffic.callback_waiting.set()

    async def _settled(self, identifier: int, accepted: bool, settings: dict) -> bool:  # type: ignore[type-arg]
        try:
            if accepted:
                await asyncio.to_thread(self._remove, identifier)
            else:
                await asyncio.to_thread(self._defer, identifier, settings)
        except SQLAlchemyError as error:
            log.warning("callback %s cannot be settled: %s", identifier, type(error).__name__)
            return False
        return True

    def _due(self, limit: int, busy: set[int], shards: int) -> list[Callback]:
        with self._databases.session("callbackStore") as session:
            query = (
                select(Callback)
                .where(Callback.due <= now(), Callback.id.not_in(busy))
                .order_by(Callback.id)
                .limit(limit * shards)
            )
            rows = list(session.scalars(query))
        return [row for row in rows if shard_of(row.key_remote_jid.partition("@")[0], shards) == self.shard][:limit]

    async def _post(self, client: httpx.AsyncClient, url: str, row: Callback) -> bool:
        try:
            answer = await client.post(url, json=row.payload)
            accepted = answer.is_success
        except httpx.HTTPError as error:
            log.warning("webhook not delivered: %s", type(error).__name__)
            accepted = False
        if accepted:
            self.delivered += 1
        else:
            self.failed += 1
        return accepted

    def _remove(self, identifier: int) -> None:
        with self._databases.session("callbackStore") as session:
            session.execute(delete(Callback).where(Callback.id == identifier))

    def _defer(self, identifier: int, settings: dict) -> None:  # type: ignore[type-arg]
        """Documented: the delay grows linearly with the attempts, up to a limit."""
        with self._databases.session("callbackStore") as session:
            row = session.get(Callback, identifier)
            if row is not None:
                row.attempts += 1
                delay = min(
                    row.attempts * settings["callback_backoff_delay_ms"], settings["max_callback_backoff_delay_ms"]
                )
                row.due = aware(now()) + timedelta(milliseconds=delay)
