# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The customers: messages to the number, whatever the client is doing at the moment."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import zlib
from dataclasses import dataclass

import httpx

from standin.traffic.log import TrafficLog

IMAGE_EVERY = 10


@dataclass(frozen=True)
class Customers:
    number: str
    network: str
    customers: tuple[str, ...]
    rate: float  # messages a second


def picture() -> str:
    """Some bytes that look like a picture, base64."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + zlib.compress(os.urandom(3000))).decode()


class Inbound:
    def __init__(self, customers: Customers, log: TrafficLog, prefix: str):
        self._customers = customers
        self._log = log
        self._prefix = prefix

    async def run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for index in itertools.count():
                if stop.is_set():
                    return
                await asyncio.sleep(max(0.0, start + index / self._customers.rate - loop.time()))
                await self._send(client, index)

    async def _send(self, client: httpx.AsyncClient, index: int) -> None:
        sender = self._customers.customers[index % len(self._customers.customers)]
        ref = f"{self._prefix}i{index}"
        message = {"to": self._customers.number, "ref": ref, "body": f"ref:{ref} where is my parcel?"}
        if index % IMAGE_EVERY == IMAGE_EVERY - 1:
            message["image_base64"] = picture()
        try:
            answer = await client.post(f"{self._customers.network}/customers/{sender}/messages", json=message)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            # The network is down: this customer could not send. Should it have taken the message, it knows it itself.
            self._log.note("inbound_refused", number=self._customers.number, ref=ref, error=type(error).__name__)
            return
        self._log.note(
            "inbound", number=self._customers.number, ref=ref, id=answer.json()["id"], image="image_base64" in message
        )
