# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health pictures of HA and multiconnect, fail-over, shards (3.7, 3.9, 3.18, 6.6)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from standin.core.traffic import shard_of
from standin.tests.harness import CUSTOMER, NUMBER, REGISTRATION, Api, Host, Network, until

pytestmark = pytest.mark.anyio
MakeHost = Callable[..., Host]


async def _cluster(host: Host, masters: int, coreapps: int, shards: int = 1) -> Api:
    await host.start_cluster(masters, coreapps)
    api = host.web()
    await api.sign_in()
    await api.register()
    if shards > 1:
        answer = await api.call("POST", "/v1/account/shards", {**REGISTRATION, "shards": shards})
        assert answer.status_code == 201
    return api


def _picture(health: dict[str, Any]) -> Counter[tuple[str, str]]:
    return Counter((node["role"], node["gateway_status"]) for node in health.values())


HA = {
    ("primary_master", "disconnected"): 1,
    ("secondary_master", "disconnected"): 1,
    ("coreapp", "connected"): 1,
    ("coreapp", "disconnected"): 1,
}


async def test_picture_of_an_unregistered_cluster(make_host: MakeHost) -> None:
    host = make_host(WA_APP_MULTICONNECT="1")
    await host.start_cluster(2, 2)
    api = host.web()
    await api.sign_in()
    await until(lambda: any(n.role.name == "primary_master" for n in host.nodes.values()), "a master leads")
    health = await api.health()
    assert len(health) == 4
    assert {node["gateway_status"] for node in health.values()} == {"unregistered"}
    assert all(key.partition(":")[0] in host.nodes and len(key.partition(":")[2]) == 12 for key in health)


async def test_picture_of_ha(make_host: MakeHost, network: Network) -> None:
    api = await _cluster(make_host(WA_APP_MULTICONNECT="1"), 2, 2)

    async def settled() -> bool:
        return _picture(await api.health()) == Counter(HA)

    await until(settled, "the picture of HA")
    assert list(network.slots()) == [0]
    support = (await api.call("GET", "/v1/support")).json()["support"]
    assert sorted(node["shards"] for node in support.values() if node["role"] == "coreapp") == [[], [[-1, -1], [0, 0]]]
    assert {node["debug_info"] for node in support.values()} == {NUMBER}


async def test_picture_of_multiconnect(make_host: MakeHost, network: Network) -> None:
    api = await _cluster(make_host(WA_APP_MULTICONNECT="1"), 2, 3, shards=2)
    expected = {
        ("primary_master", "connected"): 1,
        ("secondary_master", "disconnected"): 1,
        ("coreapp", "connected"): 2,
        ("coreapp", "disconnected"): 1,
    }

    async def settled() -> bool:
        return _picture(await api.health()) == Counter(expected)

    await until(settled, "the picture of two shards")
    assert sorted(network.slots()) == [-1, 0, 1]
    assert (await api.call("GET", "/v1/account/shards")).json()["account"] == {"shards": 2}
    support = (await api.call("GET", "/v1/support")).json()["support"]
    shards = Counter((node["role"], str(node["shards"])) for node in support.values())
    assert shards == Counter(
        [
            ("primary_master", "[[-1, -1]]"),
            ("secondary_master", "[]"),
            ("coreapp", "[[0, 0]]"),
            ("coreapp", "[[1, 1]]"),
            ("coreapp", "[]"),
        ]
    )
    database = (await api.call("GET", "/v1/stats/db")).json()["stats"]["db"]
    assert sorted(bool(values) for values in database.values()) == [False, False, False, False, True]


async def test_messages_of_both_shards_get_through(make_host: MakeHost, network: Network) -> None:
    api = await _cluster(make_host(WA_APP_MULTICONNECT="1"), 2, 2, shards=2)
    await until(lambda: len(network.slots()) == 3, "all are connected")
    people = [f"155501000{index}" for index in range(60, 70)]
    assert {shard_of(person, 2) for person in people} == {0, 1}
    for person in people:
        await api.send(f"to-{person}", person)
    outbound = network.registry.number(NUMBER).outbound
    await until(lambda: len(outbound) == len(people), "all are sent")
    assert Counter(message.copies for message in outbound.values()) == {1: len(people)}


async def test_spare_takes_over_from_a_coreapp_that_died(make_host: MakeHost, network: Network) -> None:
    host = make_host(WA_APP_MULTICONNECT="1")
    api = await _cluster(host, 2, 2)
    await until(network.slots, "one is connected")
    await api.call("PATCH", "/v1/settings/application", {"heartbeat_interval": 1, "unhealthy_interval": 2})
    first = network.slots()[0]
    await host.kill(first.partition(":")[0])
    await until(lambda: network.slots().get(0) not in (None, first), "the spare is connected")
    assert not network.events("kicked")


async def test_other_master_takes_over_the_lease(make_host: MakeHost) -> None:
    host = make_host(WA_APP_MULTICONNECT="1")
    api = await _cluster(host, 2, 1)
    await api.call("PATCH", "/v1/settings/application", {"heartbeat_interval": 1, "unhealthy_interval": 2})

    def primaries() -> list[str]:
        return [name for name, node in host.nodes.items() if node.role.name == "primary_master"]

    await host.kill((await until(primaries, "a master leads"))[0])
    await until(primaries, "the other master leads")


async def test_spare_does_not_fight_a_client_elsewhere(make_host: MakeHost, network: Network) -> None:
    """The coreapp that was kicked keeps its shard, so that the spare does not kick the new client in turn."""
    host = make_host(WA_APP_MULTICONNECT="1")
    api = await _cluster(host, 2, 2)
    await until(lambda: network.slots().get(0), "one is connected")
    node = host.nodes[network.slots()[0].partition(":")[0]]
    hello = {"number": NUMBER, "slot": 0, "node": "elsewhere:000000000000", "identity": "", "epoch": 0}
    network.registry.connect(hello, "10.0.0.9", lambda: None)
    await until(lambda: node.status == "disconnected", "the coreapp is kicked")
    marker = len(network.events("connected"))
    await asyncio.sleep(1.5)  # some beats of the masters
    assert network.slots() == {0: "elsewhere:000000000000"}
    assert len(network.events("connected")) == marker
    assert {node["gateway_status"] for node in (await api.health()).values()} == {"disconnected"}


async def test_cluster_that_is_stopped_and_started_connects_without_a_kick(
    make_host: MakeHost, network: Network
) -> None:
    host = make_host(WA_APP_MULTICONNECT="1")
    await _cluster(host, 2, 2)
    await until(network.slots, "one is connected")
    await host.stop_all()
    assert not network.slots()
    await host.start_cluster(2, 2)
    await until(network.slots, "one is connected again")
    assert not network.events("kicked")
    assert len(network.events("registration")) == 1


async def test_dead_node_is_shown_with_an_error(make_host: MakeHost, network: Network) -> None:
    host = make_host(WA_APP_MULTICONNECT="1")
    api = await _cluster(host, 2, 2)
    await until(network.slots, "one is connected")
    victim = next(name for name in host.nodes if name.startswith("wacore"))
    api.front.nodes._client._mounts = {
        pattern: transport
        for pattern, transport in api.front.nodes._client._mounts.items()
        if victim not in pattern.pattern
    }
    broken = [node for key, node in (await api.health()).items() if key.startswith(victim)]
    assert [list(node) for node in broken] == [["errors"]]
    assert broken[0]["errors"][0]["code"] == 1014


def test_shards_are_spread() -> None:
    spread = Counter(shard_of(f"1555010{index:04}", 8) for index in range(2000))
    assert min(spread.values()) > 150
    assert shard_of(CUSTOMER, 1) == 0
