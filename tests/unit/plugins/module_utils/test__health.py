# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that each topology must show, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._health import (
    Node,
    Topology,
    initialising,
    lacking,
    parse_health,
)

SINGLE = Topology(masters=0, coreapps=1)
HA = Topology(masters=2, coreapps=2)
MULTICONNECT = Topology(masters=2, coreapps=3, shards=2)

CON, DIS, ING, UNI, UNR = "connected", "disconnected", "connecting", "uninitialized", "unregistered"
DOWN = "error 1014: getaddrinfo failed"


def cluster(primary: str, secondary: str, *coreapps: str) -> list[Node]:
    nodes = [("m1", "primary_master", primary), ("m2", "secondary_master", secondary)]
    nodes += [(f"c{i}", "coreapp", status) for i, status in enumerate(coreapps, 1)]
    return [Node(f"{host}:0a1b2c3d4e5f", host, "0a1b2c3d4e5f", role, status) for host, role, status in nodes]


def single(status: str) -> list[Node]:
    return [Node("coreapp", None, None, "coreapp", status)]


@pytest.mark.parametrize(
    ("answer", "nodes"),
    [
        ({"health": {"gateway_status": CON}, "meta": {}}, single(CON)),
        (
            {"health": {"wacore2:9dfe77618dba": {"gateway_status": DIS, "role": "coreapp"}}},
            [Node("wacore2:9dfe77618dba", "wacore2", "9dfe77618dba", "coreapp", DIS)],
        ),
        (
            {"health": {"wacore2": {"gateway_status": DIS, "role": "coreapp"}}},
            [Node("wacore2", "wacore2", None, "coreapp", DIS)],
        ),
        ({"health": {"h:c": {"gateway_status": CON}}}, [Node("h:c", "h", "c", "unknown", CON)]),
        ({"health": {"h:c": CON}}, [Node("h:c", "h", "c", "unknown", CON)]),
        (
            {
                "health": {
                    "h:c": {"role": "coreapp", "errors": [{"code": 1014, "title": "Internal", "details": "gone"}]}
                }
            },
            [Node("h:c", "h", "c", "coreapp", "error 1014: gone")],
        ),
        ({"health": {"errors": [{"code": 1014, "title": "Internal"}]}}, single("error 1014: Internal")),
        ({"health": {"errors": [{}]}}, single("error ?: no details")),
        ({"health": {"errors": []}}, single("error: no status")),
        ({"health": {"gateway_status": None}}, single("error: no status")),
        ({"health": {}}, []),
        ({"health": None}, []),
        ({}, []),
        (None, []),
        ([], []),
    ],
)
def test_shapes_of_an_answer(answer: Any, nodes: list[Node]) -> None:
    assert parse_health(answer) == nodes


@pytest.mark.parametrize(
    ("topology", "nodes"),
    [
        (SINGLE, single(CON)),
        (HA, cluster(DIS, DIS, CON, DIS)),
        (HA, cluster(DIS, DIS, DIS, CON)),
        (MULTICONNECT, cluster(CON, DIS, CON, DIS, CON)),
        (Topology(2, 2, 2), cluster(CON, DIS, CON, CON)),
    ],
)
def test_pictures_of_health(topology: Topology, nodes: list[Node]) -> None:
    assert lacking(nodes, topology, "connected") == []


@pytest.mark.parametrize(
    ("topology", "nodes", "missing"),
    [
        pytest.param(SINGLE, [], ["the answer names no node"], id="nothing"),
        pytest.param(
            SINGLE, single(ING), ["0 coreapps connected instead of 1 (coreapp is connecting)"], id="on its way"
        ),
        pytest.param(
            SINGLE, single(DOWN), [f"0 coreapps connected instead of 1 (coreapp is {DOWN})"], id="coreapp is down"
        ),
        pytest.param(
            SINGLE,
            cluster(DIS, DIS, CON, DIS),
            ["2 masters instead of 0", "2 coreapps instead of 1"],
            id="cluster instead of a single instance",
        ),
        pytest.param(
            HA,
            single(CON),
            ["0 masters instead of 2", "1 coreapp instead of 2", "0 primary masters instead of 1"],
            id="single instance instead of a cluster",
        ),
        pytest.param(
            HA,
            cluster(DIS, DIS, DIS, DIS),
            ["0 coreapps connected instead of 1 (c1:0a1b2c3d4e5f is disconnected, c2:0a1b2c3d4e5f is disconnected)"],
            id="no coreapp of the cluster",
        ),
        pytest.param(HA, cluster(DIS, DIS, CON, CON), ["2 coreapps connected instead of 1"], id="both coreapps"),
        pytest.param(
            HA,
            cluster(CON, DIS, CON, DIS),
            ["primary_master m1:0a1b2c3d4e5f is connected, not disconnected"],
            id="primary master with one shard",
        ),
        pytest.param(
            HA, cluster(DIS, DIS, CON, DOWN), [f"c2:0a1b2c3d4e5f is {DOWN}, not disconnected"], id="spare is down"
        ),
        pytest.param(
            HA,
            cluster(DIS, DOWN, CON, DIS),
            [f"secondary_master m2:0a1b2c3d4e5f is {DOWN}, not disconnected"],
            id="secondary master is down",
        ),
        pytest.param(
            MULTICONNECT,
            cluster(DIS, DIS, CON, CON, DIS),
            ["primary_master m1:0a1b2c3d4e5f is disconnected, not connected"],
            id="primary master with two shards",
        ),
        pytest.param(
            MULTICONNECT,
            cluster(CON, DIS, CON, ING, DIS),
            ["1 coreapp connected instead of 2 (c2:0a1b2c3d4e5f is connecting, c3:0a1b2c3d4e5f is disconnected)"],
            id="one shard of two",
        ),
        pytest.param(
            MULTICONNECT,
            cluster(CON, CON, CON, CON, DIS),
            ["secondary_master m2:0a1b2c3d4e5f is connected, not disconnected"],
            id="secondary master is connected",
        ),
        pytest.param(
            HA,
            [n for n in cluster(DIS, DIS, CON, DIS) if n.role != "primary_master"],
            ["1 master instead of 2", "0 primary masters instead of 1"],
            id="no primary master",
        ),
        pytest.param(
            SINGLE,
            [*single(CON), Node("h:c", "h", "c", "unknown", CON)],
            ["h:c has the unknown role unknown"],
            id="node without a role",
        ),
    ],
)
def test_what_is_missing(topology: Topology, nodes: list[Node], missing: list[str]) -> None:
    assert lacking(nodes, topology, "connected") == missing


@pytest.mark.parametrize(
    ("topology", "nodes", "missing"),
    [
        (SINGLE, single(UNR), []),
        (HA, cluster(UNR, UNR, UNR, UNR), []),
        (HA, cluster(DIS, DIS, UNR, UNR), []),
        (SINGLE, single(CON), ["coreapp is connected, not unregistered"]),
        (SINGLE, single(DIS), ["coreapp is disconnected, not unregistered"]),
        (HA, cluster(UNR, UNI, UNR, UNR), ["secondary_master m2:0a1b2c3d4e5f is uninitialized, not unregistered"]),
        (HA, cluster(UNR, UNR, UNR), ["1 coreapp instead of 2"]),
        (HA, [], ["the answer names no node"]),
    ],
)
def test_picture_of_an_unregistered_client(topology: Topology, nodes: list[Node], missing: list[str]) -> None:
    assert lacking(nodes, topology, "unregistered") == missing


@pytest.mark.parametrize(
    ("nodes", "still"), [(cluster(DIS, DIS, UNI, DIS), True), (cluster(DIS, DIS, CON, DIS), False), ([], False)]
)
def test_initialising(nodes: list[Node], still: bool) -> None:
    assert initialising(nodes) is still
