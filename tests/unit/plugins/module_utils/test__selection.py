# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers are one client's, on recordings of a host with several."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._containers import name_of
from ansible_collections.waba.migration.plugins.module_utils._description import (
    Depth,
    compose_files_of,
    describe,
    state_of,
)
from ansible_collections.waba.migration.plugins.module_utils._selection import SelectionError, select

ALL = ("single", "multiconnect", "default_bridge", "host_network")


def names(found: list[dict[str, Any]]) -> list[str]:
    return [name_of(c) for c in found]


def set_environment(container: dict[str, Any], **values: str) -> None:
    kept = [entry for entry in container["Config"]["Env"] if entry.partition("=")[0] not in values]
    container["Config"]["Env"] = kept + [f"{name}={value}" for name, value in values.items()]


@pytest.mark.parametrize(
    ("project", "listed", "mine", "others"),
    [
        ("biz", [], ["biz-waweb-1", "biz-wacore-1"], ["biz-db-1"]),
        ("mc", [], ["mc-waweb-1", "mc-wacore1-1", "mc-master1-1", "mc-master2-1"], []),
        ("delta", ["delta_wacore_1", "delta_waweb_1"], ["delta_waweb_1", "delta_wacore_1"], []),
        ("biz", ["biz-wacore-1"], ["biz-wacore-1"], ["biz-db-1"]),
        ("nothing", [], [], []),
    ],
)
def test_selection(recorded: Any, project: str, listed: list[str], mine: list[str], others: list[str]) -> None:
    selection = select(recorded(*ALL), project, listed)

    assert (names(selection.mine), names(selection.others), selection.missing) == (mine, others, [])


def test_fenced_containers_are_found_by_project_and_by_their_first_names(recorded: Any) -> None:
    inspected = recorded("multiconnect_fenced")

    assert len(select(inspected, "mc", []).mine) == 4
    assert names(select(inspected, "mc", ["mc-waweb-1"]).mine) == ["mc-waweb-1-fenced-R2"]


@pytest.mark.parametrize("length", [12, 64])
def test_containers_can_be_listed_by_id(recorded: Any, length: int) -> None:
    inspected = recorded(*ALL)
    wanted = inspected[3]

    assert select(inspected, "any", [wanted["Id"][:length]]).mine == [wanted]


def test_what_is_listed_and_not_there_is_missing(recorded: Any) -> None:
    assert select(recorded(*ALL), "biz", ["biz-waweb-1", "biz-wacore-2", "biz-db-1"]).missing == [
        "biz-wacore-2",
        "biz-db-1",
    ]


def test_two_clients_in_one_project_are_refused_until_they_are_told_apart(recorded: Any) -> None:
    inspected = recorded("multiconnect")
    set_environment(inspected[0], WA_DB_NAME_PREFIX="other_")

    with pytest.raises(SelectionError) as caught:
        select(inspected, "mc", [])

    text = str(caught.value)
    assert "mc-wacore1-1 use host db.example.org with prefix 'other_'" in text
    assert "mc-master1-1, mc-master2-1, mc-waweb-1 use host db.example.org with prefix 'gamma_'" in text
    assert text.endswith("Give the names of those that belong to this number as containers.")
    assert names(select(inspected, "mc", ["mc-wacore1-1"]).mine) == ["mc-wacore1-1"]


def test_refused_containers_and_why(recorded: Any) -> None:
    selection = select(recorded("single", "default_bridge", "host_network"), "biz", ["biz-waweb-1"])

    assert selection.refused() == [
        "biz-wacore-1 (coreapp) is not taken: it belongs to compose project biz, but is not among the containers that "
        "were asked for; its databases are on host db with prefix 'acme_', which are those of the selected client",
        "delta_waweb_1 (webapp) is not taken: it belongs to no compose project; "
        "its databases are on host db2.example.org with prefix 'delta_'",
        "delta_wacore_1 (coreapp) is not taken: it belongs to no compose project; "
        "its databases are on host db2.example.org with prefix 'delta_'",
        "eps_wacore (coreapp) is not taken: it belongs to no compose project; "
        "its databases are on host db.example.org with prefix 'eps_'",
    ]


def test_one_database_server_with_one_prefix_is_one_client(recorded: Any) -> None:
    inspected = recorded("multiconnect", "host_network")
    set_environment(inspected[-1], WA_DB_NAME_PREFIX="gamma_")

    selection = select(inspected, "mc", [])

    assert names(selection.sharing()) == ["eps_wacore"]
    assert describe(selection, "/root/mc")["fence_obstacles"] == [
        "eps_wacore uses the same databases, but was not selected. Add it to containers, with all others of this client"
    ]


def test_a_database_in_each_project_is_not_the_same_server(recorded: Any) -> None:
    """Both are called db, each in its own network."""
    inspected = recorded("single")
    other = copy.deepcopy(inspected)
    for container in other:
        container["Id"] = container["Id"][::-1]
        container["Name"] = container["Name"].replace("biz", "beta")
        container["Config"]["Labels"]["com.docker.compose.project"] = "beta"

    assert select([*inspected, *other], "biz", []).sharing() == []


def test_an_upgrade_of_the_schema_is_no_node_but_in_the_way_while_it_runs(recorded: Any) -> None:
    inspected = recorded("single")
    upgrade = copy.deepcopy(next(c for c in inspected if name_of(c) == "biz-wacore-1"))
    upgrade.update(Id="d" * 64, Name="/biz-dbupgrade-1")
    set_environment(upgrade, WA_DB_UPGRADE="1")

    client = describe(select([*inspected, upgrade], "biz", []), "/root/biz")

    assert client["coreapps"] == 1
    assert [other["name"] for other in client["others"]] == ["biz-db-1", "biz-dbupgrade-1"]
    assert client["fence_obstacles"] == ["biz-dbupgrade-1 upgrades the schema. Wait until it has ended"]


def test_description_of_a_client(recorded: Any) -> None:
    client = describe(select(recorded("multiconnect"), "mc", []), "/root/mc")

    containers = client.pop("containers")
    assert client == {
        "project": "mc",
        "project_directory": "/root/mc",
        "compose_files": ["/root/mc/docker-compose.yml"],
        "state": "running",
        "version": "0",
        "versions": ["0"],
        "database": {"engine": "PGSQL", "host": "db.example.org", "port": "5432", "user": "wa", "prefix": "gamma_"},
        "masters": 2,
        "coreapps": 1,
        "webapps": 1,
        "multiconnect": True,
        "config_on_db": True,
        "data_mounts": [],
        "media": {"type": "", "name": "", "path": ""},
        "others": [],
        "fence_obstacles": [],
    }
    assert [c["service"] for c in containers] == ["waweb", "wacore1", "master1", "master2"]
    assert containers[0]["ports"] == [{"container": "443/tcp", "host_ip": "127.0.0.1", "host_port": "9093"}]
    assert containers[0]["hostname"] == containers[0]["short_id"]
    assert "made-up" not in str(containers)


def test_environment_only_when_asked_for(recorded: Any) -> None:
    client = describe(select(recorded("single"), "biz", []), "/root/biz", Depth(environment=True))

    assert client["containers"][0]["environment"]["WA_DB_NAME_PREFIX"] == "acme_"
    assert "made-up" not in str(client)


def test_secrets_only_when_asked_for_too(recorded: Any) -> None:
    client = describe(select(recorded("single"), "biz", []), "/root/biz", Depth(environment=True, secrets=True))

    assert "made-up" in client["containers"][0]["environment"].values()
    assert client["media"] == {
        "type": "volume",
        "name": "biz_whatsappMedia",
        "path": "/var/lib/docker/volumes/biz_whatsappMedia/_data",
    }


def test_absent_client_is_described_too() -> None:
    client = describe(select([], "biz", []), "/root/biz")

    assert (client["state"], client["version"], client["config_on_db"]) == ("absent", "", False)
    assert client["database"] == {"engine": "", "host": "", "port": "", "user": "", "prefix": ""}


@pytest.mark.parametrize(
    ("running", "renamed", "state"),
    [((True, True), False, "running"), ((True, False), False, "partial"), ((False, False), False, "stopped"),
     ((False, False), True, "partial")],
)  # fmt: skip
def test_state(recorded: Any, running: tuple[bool, bool], renamed: bool, state: str) -> None:
    mine = select(recorded("single"), "biz", []).mine
    for container, runs in zip(mine, running):
        container["State"]["Running"] = runs
    if renamed:
        mine[0]["Name"] += "-fenced-R1"

    assert state_of(mine) == state


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        (
            lambda c: c["HostConfig"].update(NetworkMode="host"),
            "biz-waweb-1 uses network mode host, from which it cannot be disconnected. "
            "Put it on a project network first",
        ),
        (
            lambda c: c["HostConfig"].update(NetworkMode="container:0123"),
            "biz-waweb-1 uses network mode container:0123, from which it cannot be disconnected. "
            "Put it on a project network first",
        ),
        (
            lambda c: c["HostConfig"].update(AutoRemove=True),
            "biz-waweb-1 was started with --rm, so that stopping it would remove it. Recreate it without",
        ),
        (
            lambda c: c["Config"]["Labels"].update({"com.docker.swarm.service.id": "x"}),
            "biz-waweb-1 belongs to a Swarm service, which would replace it. Run it without Swarm first",
        ),
    ],
)
def test_obstacles(recorded: Any, change: Any, obstacle: str) -> None:
    selection = select(recorded("single"), "biz", [])
    change(selection.mine[0])

    assert describe(selection, "/root/biz")["fence_obstacles"] == [obstacle]


def test_a_compose_file_of_two_clients_is_an_obstacle(recorded: Any) -> None:
    inspected = recorded("single", "multiconnect")
    for container in inspected:
        container["Config"]["Labels"]["com.docker.compose.project.config_files"] = "/root/both.yml"

    found = describe(select(inspected, "biz", []), "/root/biz")["fence_obstacles"]

    assert len(found) == 4
    assert found[0].startswith("mc-wacore1-1 of another client was made from the same file /root/both.yml. Give each")


def test_compose_v1_names_files_without_their_directory(recorded: Any) -> None:
    (container,) = recorded("compose_v1_engine_20_10")

    assert compose_files_of([container], "/elsewhere") == ["/root/hcont/docker-compose.yml"]
