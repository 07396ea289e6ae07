# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is stopped finishes what it has begun: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest

import standin
from standin.stores.callback import Callback
from standin.stores.message import Message
from standin.tests.harness import NUMBER, Api, Host, Network, until
from standin.tests.receiver import Receiver

pytestmark = pytest.mark.anyio
LAUNCH = """
import runpy, sys
import standin.core.control as control
control.PORTS = tuple(map(int, sys.argv[1:]))
runpy.run_module("standin.core", run_name="__main__")
"""
STOP_SECONDS = 4


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Process:
    """The core as the container runs it, on ports of its own."""

    def __init__(self, host: Host):
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR")},
            "PYTHONPATH": str(Path(standin.__file__).parents[1]),
            "STANDIN_DB_URL": f"sqlite:///{host.directory}/{{name}}.db",
            "STANDIN_NETWORK": f"127.0.0.1:{host.network.port}",
            "STANDIN_START_SECONDS": "0",
            "STANDIN_CONNECT_SECONDS": "0",
            "STANDIN_MEDIA": str(host.directory / "media"),
            "STANDIN_DATA": str(host.directory / "data"),
            "WA_DB_NAME_PREFIX": "acme_",
            "COREAPP_HOSTNAME": "wacore",
        }
        self.ports = _free_ports(4)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        arguments = [sys.executable, "-c", LAUNCH, *map(str, self.ports)]
        self._process = await asyncio.create_subprocess_exec(
            *arguments, env=self._environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )

    async def terminate(self) -> tuple[int, float]:
        """Sends SIGTERM; returns the exit status and the seconds that the end took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(self._process.wait(), 10)
        return status, time.monotonic() - began

    async def send(self, client: httpx.AsyncClient, ref: str) -> bool:
        """Whether the message was accepted."""
        body = {"to": "15550100078", "type": "text", "text": {"body": f"ref:{ref} x"}}
        try:
            return (await client.post(f"http://127.0.0.1:{self.ports[2]}/rpc/send", json=body)).status_code == 200
        except httpx.HTTPError:
            return False


async def _prepare(host: Host, api: Api, receiver: Receiver) -> None:
    webhooks = {"url": receiver.url, "message": {"sent": True, "delivered": True}}
    await api.call("PATCH", "/v1/settings/application", {"webhooks": webhooks, "callback_backoff_delay_ms": 100})
    await api.call("POST", "/v1/certificates/webhooks/ca", content=receiver.authority)
    await host.stop()


async def test_sigterm_in_mid_flight(host: Host, registered: Api, network: Network, receiver: Receiver) -> None:
    await _prepare(host, registered, receiver)
    receiver.delay = 0.15
    inbound: list[str] = []
    accepted: list[str] = []
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        for life in range(2):
            process = Process(host)
            await process.start()
            await until(lambda: 0 in network.slots(), "the core is connected", 15)
            for index in range(20):
                inbound.append(network.customer_writes(f"in-{life}-{index}"))
                if await process.send(client, f"out-{life}-{index}"):
                    accepted.append(f"out-{life}-{index}")
            status, seconds = await process.terminate()
            assert (status, seconds < STOP_SECONDS) == (0, True), f"exit status {status} after {seconds:.1f} s"
            assert not network.slots()
    assert len(accepted) == 40
    receiver.delay = 0
    await host.start()
    outbound = network.registry.number(NUMBER).outbound
    await until(lambda: len(outbound) == len(accepted), "all outbound messages are sent")
    expected = len(inbound) + 2 * len(accepted)
    await until(lambda: len(receiver.accepted) >= expected, "all callbacks are there", 20)
    await until(lambda: not host.rows("callbackStore", Callback), "the queue is empty")
    assert sorted(receiver.messages()) == sorted(inbound)
    assert sorted(message.ref for message in outbound.values()) == sorted(accepted)
    for message_id in outbound:
        assert sorted(receiver.statuses(message_id)) == ["delivered", "sent"]
    assert not network.events("kicked")
    assert not network.events("stale_keys")


async def test_stop_while_a_callback_is_being_posted(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _prepare(host, registered, receiver)
    await host.start()
    receiver.delay = 1
    message_id = network.customer_writes("posted")
    await until(lambda: receiver.attempts, "the post is under way")
    await host.stop()
    assert not host.rows("callbackStore", Callback)
    receiver.delay = 0
    await host.start()
    marker = network.customer_writes("marker")
    await until(lambda: marker in receiver.messages(), "the callback after it is there")
    assert receiver.messages() == [message_id, marker]


async def test_stop_while_a_message_waits_for_its_confirmation(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network has the message but its answer does not come: no endless wait, and nothing is sent twice."""
    with monkeypatch.context() as silent:
        silent.setattr(
            "standin.network.wire.Line._on_send", lambda line, frame: line._registry.accept_outbound(line.number, frame)
        )
        await registered.send("unconfirmed")
        await until(lambda: network.registry.number(NUMBER).outbound, "the network has it")
        await asyncio.wait_for(host.stop(), STOP_SECONDS)
    await host.start()
    await until(lambda: host.rows("messageStore", Message)[0].status != "pending", "the message is confirmed")
    assert [message.ref for message in network.registry.number(NUMBER).outbound.values()] == ["unconfirmed"]


async def test_stop_during_the_start(make_host: object, tmp_path: Path, network: Network) -> None:
    host = Host(tmp_path, network)
    process = Process(host)
    process._environment["STANDIN_START_SECONDS"] = "5"
    await process.start()

    async def listening() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"http://127.0.0.1:{process.ports[2]}/rpc/health", json={})
        except httpx.HTTPError:
            return False
        return bool(answer.json()["gateway_status"] == "uninitialized")

    await until(listening, "the core listens while it starts", 15)
    status, seconds = await process.terminate()
    assert (status, seconds < STOP_SECONDS) == (0, True)
