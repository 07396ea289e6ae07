# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the client share: the network, a location with a client, a webhook receiver."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from standin.tests.harness import Api, Host, Network, until
from standin.tests.receiver import Receiver


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this machine's certificate authorities has a part in a test, and all of them take long to be read."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def network(anyio_backend: str) -> AsyncIterator[Network]:
    network = Network()
    await network.start()
    yield network
    await network.stop()


@pytest.fixture
async def make_host(network: Network, tmp_path: Path) -> AsyncIterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def make(name: str = "old", **environ: str) -> Host:
        directory = tmp_path / name
        directory.mkdir()
        hosts.append(Host(directory, network, **environ))
        return hosts[-1]

    yield make
    for host in hosts:
        await host.close()
    await asyncio.get_running_loop().shutdown_default_executor()
    for host in hosts:
        host.close_connections()


@pytest.fixture
async def host(make_host: Callable[..., Host]) -> Host:
    """A single client that is not registered."""
    host = make_host()
    await host.start()
    return host


@pytest.fixture
async def api(host: Host) -> Api:
    """Its API, signed in as the administrator."""
    api = host.web()
    await api.sign_in()
    return api


@pytest.fixture
async def registered(api: Api, network: Network) -> Api:
    """The API of a client that is registered and connected."""
    await api.register()
    await until(lambda: 0 in network.slots(), "the client is connected")
    return api


@pytest.fixture
async def receiver(anyio_backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    receiver = Receiver(tmp_path)
    await receiver.start()
    yield receiver
    await receiver.stop()
