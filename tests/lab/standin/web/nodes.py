# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the nodes of the client and talks to them."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import httpx
from sqlalchemy import select

from standin.common.environment import Environment
from standin.common.errors import ApiError
from standin.core.cluster import LEASE
from standin.core.traffic import shard_of
from standin.stores.cluster import Lease, Node, ShardOwner
from standin.stores.database import Databases

CONTROL = 6252
GONE = 30  # seconds without a heartbeat after which a node is not listed any more
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP only. Without it each of them reads all certificate authorities of this world."""


class Nodes:
    def __init__(self, environment: Environment, databases: Databases):
        self._environment = environment
        self._databases = databases
        self._client = httpx.AsyncClient(verify=NO_TLS, timeout=20)

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, function: str, arguments: dict[str, Any], recipient: str | None = None) -> dict[str, Any]:
        """Asks the node that is in charge; raises the error that it answers with, or 1014 when it cannot be reached."""
        if not self._environment.multiconnect:
            return await self._ask(self._environment.core_hostname, function, arguments)
        return await self._ask(await asyncio.to_thread(self._in_charge, recipient), function, arguments)

    async def each(self, function: str, arguments: dict[str, Any]) -> dict[str, dict[str, Any] | ApiError]:
        """Asks every node; keyed as in the health answer."""
        nodes = await asyncio.to_thread(self._listed)

        async def one(node: Node) -> dict[str, Any] | ApiError:
            try:
                return await self._ask(node.hostname, function, arguments)
            except ApiError as error:
                return error

        answers = await asyncio.gather(*(one(node) for node in nodes))
        return {node.name: answer for node, answer in zip(nodes, answers, strict=True)}

    async def _ask(self, hostname: str, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.post(f"http://{hostname}:{CONTROL}/rpc/{function}", json=arguments)
        except httpx.ConnectError as error:
            reason = "php_network_getaddresses: getaddrinfo failed: Name or service not known"
            raise ApiError(1014, f"{reason}. Please check if wacore is running: {hostname}:{CONTROL}") from error
        except httpx.HTTPError as error:
            raise ApiError(
                1014, f"Connection timed out. Please check if wacore is running: {hostname}:{CONTROL}"
            ) from error
        body: dict[str, Any] = answer.json()
        if answer.status_code >= 400:
            raise ApiError(int(body["code"]), str(body.get("details", "")))
        return body

    def _listed(self) -> list[Node]:
        with self._databases.session("clusterStore") as session:
            return list(session.scalars(select(Node).where(Node.heartbeat > time.time() - GONE).order_by(Node.name)))

    def _in_charge(self, recipient: str | None) -> str:
        with self._databases.session("clusterStore") as session:
            if recipient is None:
                lease = session.get(Lease, LEASE)
                holder = None if lease is None else session.get(Node, lease.holder)
                if holder is None:
                    raise ApiError(1017, "There is no primary master")
                return holder.hostname
            owners = {owner.shard: owner.node for owner in session.scalars(select(ShardOwner))}
            name = owners.get(shard_of(recipient.removeprefix("+"), max(len(owners), 1)))
            node = None if name is None else session.get(Node, name)
            if node is None:
                raise ApiError(1018, "No coreapp owns the shard of this recipient")
            return node.hostname
