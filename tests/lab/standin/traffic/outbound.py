# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The business side: messages through the client's API. It knows nothing of a migration, only a list of addresses.

The token it has goes to every address: one that shares its users with the last knows it. Only one that refuses it is
logged in to, with the account of that address.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx

from standin.traffic.log import TrafficLog

RETRY_AFTER = 0.5  # seconds
TIMEOUT = httpx.Timeout(10, connect=2)
CONCURRENT = 8


@dataclass(frozen=True)
class Address:
    """Where the API may be found, and the account there."""

    url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Sender:
    number: str
    addresses: tuple[Address, ...]
    customers: tuple[str, ...]
    rate: float  # messages a second


class Outbound:
    def __init__(self, sender: Sender, log: TrafficLog, prefix: str):
        self._sender = sender
        self._log = log
        self._prefix = prefix
        self._token: str | None = None
        self._login = asyncio.Lock()
        self._waiting: deque[tuple[str, str]] = deque()
        self._wake = asyncio.Event()
        self._address = sender.addresses[0]
        # Self-signed by default, and this stands for a customer's software, not for ours.
        self._client = httpx.AsyncClient(verify=False, timeout=TIMEOUT, trust_env=False)  # noqa: S501

    async def run(self, stop: asyncio.Event) -> None:
        workers = [asyncio.create_task(self._work(stop)) for _ in range(CONCURRENT)]
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index in itertools.count():
            due = start + index / self._sender.rate
            if stop.is_set():
                break
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._waiting.append(
                (f"{self._prefix}o{index}", self._sender.customers[index % len(self._sender.customers)])
            )
            self._wake.set()
        self._wake.set()
        await asyncio.gather(*workers)
        await self._client.aclose()

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._waiting:
                self._wake.clear()
                try:
                    await asyncio.wait_for(self._wake.wait(), 0.5)
                except TimeoutError:
                    continue
                continue
            ref, customer = self._waiting.popleft()
            if not await self._attempt(ref, customer):
                self._waiting.appendleft((ref, customer))
                await asyncio.sleep(RETRY_AFTER)

    async def _attempt(self, ref: str, customer: str) -> bool:
        """True when no further attempt may be made: it was accepted, or nobody knows, and it must not be sent twice."""
        for address in dict.fromkeys((self._address, *self._sender.addresses)):
            outcome, detail = await self._send(address, ref, customer)
            self._log.note("attempt", number=self._sender.number, ref=ref, url=address.url, outcome=outcome, **detail)
            if outcome != "refused":
                self._address = address
                return True
        return False

    async def _send(self, address: Address, ref: str, customer: str) -> tuple[str, dict[str, Any]]:
        token, refusal = await self._signed_in(address)
        if token is None:
            return "refused", refusal
        message = {"to": customer, "type": "text", "text": {"body": f"ref:{ref} your parcel is on its way"}}
        try:
            answer = await self._client.post(
                f"{address.url}/v1/messages", json=message, headers={"Authorization": f"Bearer {token}"}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return "refused", {"error": type(error).__name__}
        except httpx.HTTPError as error:
            return "in_doubt", {"error": type(error).__name__}
        if answer.is_success:
            return "accepted", {"id": answer.json()["messages"][0]["id"], "status": answer.status_code}
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log.note("token_refused", number=self._sender.number, url=address.url)
            if self._token == token:  # another attempt may have got a new one meanwhile
                self._token = None
        return "refused", {"status": answer.status_code}

    async def _signed_in(self, address: Address) -> tuple[str | None, dict[str, Any]]:
        """The token, from a login where there is none; else why not. Nothing is sent then, so nothing is in doubt."""
        async with self._login:
            if self._token is not None:
                return self._token, {}
            try:
                answer = await self._client.post(
                    f"{address.url}/v1/users/login", auth=(address.username, address.password)
                )
            except httpx.HTTPError as error:
                return None, {"error": type(error).__name__, "login": True}
            self._log.note("login", number=self._sender.number, url=address.url, status=answer.status_code)
            if answer.is_success:
                self._token = str(answer.json()["users"][0]["token"])
            return self._token, {"status": answer.status_code, "login": True}
