# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fence remembers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._fence_record import (
    RecordError,
    RecordFile,
    default_path,
    remember,
    unrecorded_networks,
)
from ansible_collections.waba.migration.plugins.module_utils._selection import select

NETWORK = {
    "Driver": "bridge",
    "Internal": True,
    "EnableIPv6": True,
    "IPAM": {"Config": [{"Subnet": "10.77.0.0/24", "Gateway": "10.77.0.1"}, {}]},
    "Options": {"mtu": "1400"},
    "Labels": None,
}


def client(inspected: list[dict[str, Any]], project: str) -> list[dict[str, Any]]:
    return select(inspected, project, []).mine


def ids(mine: list[dict[str, Any]]) -> list[str]:
    return [c["Id"] for c in mine]


def test_a_container_is_remembered_as_it_is(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")

    data = remember(None, "R1", mine, {}, ids(mine))

    assert (data["format"], data["run_id"], data["files"], sorted(data["containers"])) == (
        1,
        "R1",
        [],
        sorted(ids(mine)),
    )
    assert data["containers"][mine[0]["Id"]] == {
        "name": "biz-waweb-1",
        "role": "webapp",
        "service": "waweb",
        "running": True,
        "restart_policy": "unless-stopped",
        "networks": {"biz_default": {"aliases": ["biz-waweb-1", "waweb"], "ip": None, "ip6": None, "links": []}},
        "links": [],
    }


def test_what_is_remembered_of_a_half_fenced_client_stays(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")
    first = remember(None, "R1", mine, {}, ids(mine))
    for container in mine:
        container["HostConfig"]["RestartPolicy"] = {"Name": "no"}
        container["NetworkSettings"]["Networks"] = {}
    mine[0]["Name"] += "-fenced-R1"

    assert remember(first, "R2", mine, {}, ids(mine)) == first


def test_what_was_restored_by_hand_is_remembered_anew(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")
    first = remember(None, "R1", mine, {}, ids(mine))
    mine[0]["HostConfig"]["RestartPolicy"] = {"Name": "always"}

    assert remember(first, "R2", mine, {}, ids(mine))["containers"][mine[0]["Id"]]["restart_policy"] == "always"


def test_containers_that_are_gone_are_forgotten(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")
    first = remember(None, "R1", mine, {}, ids(mine))

    assert list(remember(first, "R1", mine[:1], {}, ids(mine[:1]))["containers"]) == ids(mine[:1])


def test_a_fenced_container_is_not_remembered_as_it_is(recorded: Any) -> None:
    mine = client(recorded("multiconnect_fenced"), "mc")

    assert remember(None, "R1", mine, {}, ids(mine))["containers"] == {}


@pytest.mark.parametrize(
    ("recording", "project", "network", "subnets"),
    [
        ("multiconnect", "mc", "mc_default", [{"subnet": "10.77.0.0/24", "gateway": "10.77.0.1"}]),
        ("single", "biz", "biz_default", []),
    ],
)
def test_addresses_of_a_network_are_kept_for_fixed_ones_only(
    recorded: Any, recording: str, project: str, network: str, subnets: list[dict[str, str]]
) -> None:
    mine = client(recorded(recording), project)

    assert remember(None, "R1", mine, {network: NETWORK}, ids(mine))["networks"][network] == {
        "driver": "bridge",
        "internal": True,
        "ipv6": True,
        "options": {"mtu": "1400"},
        "labels": {},
        "subnets": subnets,
    }


def test_networks_to_look_at(recorded: Any) -> None:
    mine = client(recorded("multiconnect"), "mc")

    assert unrecorded_networks(None, mine) == ["mc_default"]
    assert unrecorded_networks({"networks": {"mc_default": {}}}, mine) == []


def test_record_on_disk_is_private_and_kept_when_the_fence_is_down(tmp_path: Path) -> None:
    path = tmp_path / "waba" / "biz" / "fence.json"
    record = RecordFile(str(path))
    assert record.data is None

    record.save({"format": 1, "run_id": "R1"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert RecordFile(str(path)).data == {"format": 1, "run_id": "R1"}

    record.archive()
    record.archive()
    assert [file.name for file in path.parent.iterdir()] == ["fence.json.R1"]
    assert RecordFile(str(path)).data is None


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[]", "does not know"), ('{"format": 2}', "does not know")]
)
def test_record_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "fence.json"
    path.write_text(text)

    with pytest.raises(RecordError, match=f"The fence's record {path} .*{words}"):
        RecordFile(str(path))


def test_default_place() -> None:
    assert default_path("biz") == "/var/lib/waba-migration/biz/fence.json"
