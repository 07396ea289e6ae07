# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole client in one process: SQLite files as databases, the network on a loopback port, the API without sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Pool, select

from standin.common import environment
from standin.common.environment import Environment
from standin.core.client import Client
from standin.core.control import application as control_application
from standin.network.registry import Registry
from standin.network.wire import WireServer
from standin.stores.database import Databases
from standin.web.application import build
from standin.web.front import Front
from standin.web.nodes import CONTROL, NO_TLS, Nodes
from standin.web.users import Users, signing_key

NUMBER = "15550100001"
CUSTOMER = "15550100077"
PASSWORD = "Str0ng!pass"
JWT_KEY = "k" * 64
API_KEY = "apikey-for-the-tests"
REGISTRATION = {
    "cc": "1",
    "phone_number": NUMBER[1:],
    "method": "sms",
    "cert": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFgRBY21lAAA=",
}


async def until(condition: Callable[[], Any], what: str, seconds: float = 8) -> Any:
    """Waits for a truthy answer and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        await asyncio.sleep(0.02)
    raise AssertionError(f"{what}: not seen within {seconds} s")


class Network:
    """The WhatsApp network on a port of its own."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.wire = WireServer(self.registry)
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await self.wire.listen("127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in list(self.wire.lines):
            line._writer.close()

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.registry.events if event["event"] == kind]

    def slots(self) -> dict[int, str]:
        return {index: slot.node for index, slot in self.registry.number(NUMBER).slots.items()}

    def customer_writes(self, ref: str, sender: str = CUSTOMER, payload: dict[str, Any] | None = None) -> str:
        message = self.registry.accept_inbound(
            NUMBER, sender, ref, payload or {"type": "text", "text": {"body": f"ref:{ref} hello"}}
        )
        self.wire.deliver(NUMBER, message)
        return message.id


class Host:
    """One location of a client: its databases, its media, its nodes. ``network`` is shared between locations."""

    def __init__(self, directory: Path, network: Network, **environ: str):
        self.directory = directory
        self.network = network
        self._environ = environ
        self.nodes: dict[str, Client] = {}
        self._apis: list[Api] = []
        self._ended: list[Client] = []
        self._pools: list[Pool] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def environment(self, **more: str) -> Environment:
        return environment.read(
            {
                "STANDIN_DB_URL": f"sqlite:///{self.directory}/{{name}}.db",
                "STANDIN_NETWORK": f"127.0.0.1:{self.network.port}",
                "STANDIN_START_SECONDS": "0",
                "STANDIN_CONNECT_SECONDS": "0",
                "STANDIN_VERSION": "2.57.2",
                "STANDIN_MEDIA": str(self.directory / "media"),
                "STANDIN_DATA": str(self.directory / "data"),
                "WA_DB_NAME_PREFIX": "acme_",
                "WA_WEB_JWT_CRYPTO_KEY": JWT_KEY,
                "WA_API_KEY": API_KEY,
                **self._environ,
                **more,
            }
        )

    async def start(self, name: str = "wacore", **environ: str) -> Client:
        container = f"{abs(hash((str(self.directory), name))):012x}"[:12]
        node = Client(self.environment(COREAPP_HOSTNAME=name, STANDIN_CONTAINER_ID=container, **environ))
        self.nodes[name] = node
        self._tasks[name] = asyncio.create_task(node.run())
        await until(lambda: node.ready, f"{name} is ready")
        return node

    async def start_cluster(self, masters: int, coreapps: int) -> None:
        for index in range(1, masters + 1):
            await self.start(f"master{index}", WA_APP_MULTICONNECT="1", WA_MASTER_NODE="1")
        for index in range(1, coreapps + 1):
            await self.start(f"wacore{index}", WA_APP_MULTICONNECT="1")

    async def stop(self, name: str = "wacore") -> None:
        self._retire(name).stop()
        await self._tasks.pop(name)

    def _retire(self, name: str) -> Client:
        node = self.nodes.pop(name)
        self._pools += [engine.pool for engine in node.databases._engines.values()]
        self._ended.append(node)
        return node

    def close_connections(self) -> None:
        """Closes what threads gave back after their node had closed its own, once no thread is left."""
        for node in self._ended:
            node.databases.dispose()
        for pool in self._pools:
            pool.dispose()

    async def kill(self, name: str) -> None:
        """The node ends without a word, as a process does that is killed."""
        node = self._retire(name)
        if node._connection is not None:
            node._connection._stopping = True
        tasks = [self._tasks.pop(name), *node._tasks]
        tasks += [
            part._task for part in (node.callbacks, node._connection) if part is not None and part._task is not None
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stop_all(self) -> None:
        for name in list(self.nodes):
            await self.stop(name)

    async def close(self) -> None:
        await self.stop_all()
        for api in self._apis:
            await api.close()

    def web(self, **environ: str) -> Api:
        self._apis.append(Api(self, self.environment(**environ)))
        return self._apis[-1]

    def rows(self, store: str, model: type[Any]) -> list[Any]:
        databases = Databases(self.environment(), (store,))
        with databases.session(store) as session:
            rows = list(session.scalars(select(model)))
        databases.dispose()
        return rows


class Api:
    """A Webapp of the host, called without a socket; it reaches the nodes by their names."""

    def __init__(self, host: Host, env: Environment):
        databases = Databases(env, ("waweb", "clusterStore"))
        databases.create()
        users = Users(databases, signing_key(env))
        users.create_admin()
        nodes = Nodes(env, databases)
        self._databases = databases
        transports = {
            f"http://{name}:{CONTROL}": httpx.ASGITransport(control_application(node))
            for name, node in host.nodes.items()
        }
        nodes._client = httpx.AsyncClient(mounts=transports, verify=NO_TLS, timeout=10, trust_env=False)
        self.log = host.directory / "web.log"
        self.front = Front(env, users, nodes, self.log)
        self.app = build(env, databases, self.front)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="https://waweb", trust_env=False
        )
        self.token = ""

    async def close(self) -> None:
        await self.http.aclose()
        await self.front.nodes.close()
        self.front._log.close()
        self._databases.dispose()

    async def call(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        arguments = {"json": json} if json is not None else {}
        return await self.http.request(method, path, headers=headers, **arguments, **more)

    async def login(self, user: str, password: str, **more: Any) -> httpx.Response:
        return await self.http.post("/v1/users/login", auth=(user, password), **more)

    async def sign_in(self, user: str = "admin", password: str = PASSWORD) -> None:
        """Logs in; sets the administrator's first password where it still is the default."""
        answer = await self.login(user, password)
        if answer.status_code == 401:
            answer = await self.login("admin", "secret", json={"new_password": password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["users"][0]["token"]

    async def register(self) -> None:
        assert (await self.call("POST", "/v1/account", REGISTRATION)).status_code == 202
        assert (await self.call("POST", "/v1/account/verify", {"code": "123-456"})).status_code == 201

    async def health(self) -> dict[str, Any]:
        answer = await self.call("GET", "/v1/health")
        assert answer.status_code == 200, answer.text
        health: dict[str, Any] = answer.json()["health"]
        return health

    async def send(self, ref: str, to: str = CUSTOMER) -> str:
        answer = await self.call("POST", "/v1/messages", {"to": to, "type": "text", "text": {"body": f"ref:{ref} hi"}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["messages"][0]["id"])
