# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's one screen."""

from __future__ import annotations

from typing import Any

import pytest

from labctl import status
from labctl.layout import HOSTS
from labctl.screen import Paint

LEDGER = {
    "balanced": True,
    "reasons": [],
    "outbound": {"accepted": 12, "lost": [], "duplicated": []},
    "inbound": {"sent": 5, "lost": [], "duplicated": []},
    "kicks": 0,
    "registrations": 0,
    "downtime": {"seconds": 3.25},
}


def container(name: str, running: bool) -> dict[str, Any]:
    return {
        "name": name,
        "status": "running" if running else "exited",
        "restart_policy": "unless-stopped" if running else "no",
        "networks": ["biz_default"] if running else [],
    }


def number(**slots: dict[str, Any]) -> dict[str, Any]:
    return {"registered": True, "slots": {name.removeprefix("slot"): slot for name, slot in slots.items()}, "queued": 4}


@pytest.fixture
def seen() -> dict[str, Any]:
    slot = {"node": "wacore:0a1b2c3d4e5f", "peer": "172.30.0.11", "since": 940.0}
    return {
        "lab": "waba-lab",
        "time": 1000.0,
        "topology": {"kind": "single", "shards": 1},
        "engine": "mysql",
        "hosts": dict.fromkeys(HOSTS, "running"),
        "host_at": {"172.30.0.10": "old", "172.30.0.11": "new"},
        "network": {"state": {"numbers": {"15550100001": number(slot0=slot), "15550100002": number()}}},
        "health": {"acme": {"gateway_status": "connected"}, "beta": {}},
        "containers": {"old": [container("biz-waweb-1-fenced-7", False)], "new": [container("biz-waweb-1", True)]},
        "databases": {
            "db-old": [{"name": "acme_waweb", "owner": "acme", "size": 7_000_000}],
            "beta": {"error": "Listing: no such service\nand more"},
            "db-new": [{"name": "acme_archive", "owner": "somebody_else", "size": 1}],
        },
        "traffic": {"running": True, "outbound": 4.0, "inbound": 2.0},
        "ledger": {
            "acme": LEDGER,
            "beta": {**LEDGER, "balanced": False, "kicks": 1, "reasons": ["1 times kicked out"]},
        },
    }


def test_who_is_connected_where_and_since_when(seen: dict[str, Any]) -> None:
    screen = status.render(seen, Paint(False))
    assert "Acme Support  +1 555 010 0001  connected on new for 1 min 0 s" in screen
    assert "Beta Orders   +1 555 010 0002  not connected, 4 messages wait" in screen


def test_a_number_on_two_hosts_at_once_is_shown(seen: dict[str, Any]) -> None:
    slots = {
        "0": {"node": "a", "peer": "172.30.0.10", "since": 1.0},
        "1": {"node": "b", "peer": "172.30.0.11", "since": 1.0},
    }
    seen["network"]["state"]["numbers"]["15550100001"]["slots"] = slots
    assert "connected on new and old" in status.render(seen, Paint(False))


def test_every_node_of_a_multiconnect_client_is_shown(seen: dict[str, Any]) -> None:
    seen["health"]["acme"] = {
        "wacore:0a1b2c3d4e5f": {"gateway_status": "connected", "role": "coreapp"},
        "master1:1a1b2c3d4e5f": {"gateway_status": "disconnected", "role": "primary_master"},
    }
    screen = status.render(seen, Paint(False))
    assert "    master1  primary_master  disconnected\n    wacore   coreapp         connected     slot 0" in screen


def test_a_fenced_container_is_told_from_a_running_one(seen: dict[str, Any]) -> None:
    screen = status.render(seen, Paint(False))
    assert "old  biz-waweb-1-fenced-7  exited   restart no, no network" in screen
    assert "new  biz-waweb-1           running  restart unless-stopped" in screen


def test_databases_are_the_clients_own(seen: dict[str, Any]) -> None:
    screen = status.render(seen, Paint(False))
    assert "db-old  1 databases, 7.0 MB  acme_waweb 7.0 MB" in screen
    assert "db-new  empty" in screen
    assert "beta on old  Listing: no such service\n" in screen


def test_traffic_and_ledger(seen: dict[str, Any]) -> None:
    screen = status.render(seen, Paint(False))
    assert "running; in the last 30 s 4.0 out and 2.0 in per second" in screen
    assert "Acme Support  balanced: 12 out, 5 in, 0 lost, 0 duplicated, 0 kicks, 0 registrations" in screen
    assert "does not balance" in screen
    assert "(1 times kicked out)" in screen


def test_a_host_that_is_off_is_said_first(seen: dict[str, Any]) -> None:
    seen["hosts"]["old"] = "exited"
    assert status.render(seen, Paint(False)).splitlines()[2] == "  old is exited"


def test_colours_do_not_change_the_words(seen: dict[str, Any]) -> None:
    coloured = status.render(seen, Paint(True))
    assert "\033[32mconnected\033[0m on \033[36mnew\033[0m" in coloured
