# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a made-up engine with recorded containers: what it calls, returns, and leaves on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _container_plan, _fence
from ansible_collections.waba.migration.plugins.modules import client_containers

COMPOSE = """\
services:
  db: {image: "postgres:13.8"}
  wacore: {image: "docker.whatsapp.biz/coreapp:v0"}
  waweb: {image: "docker.whatsapp.biz/web:v0"}
"""
MODEL = {
    "name": "biz",
    "services": {
        "db": {"image": "postgres:13.8", "env_file": [{"path": "postgres.env", "required": True}]},
        "wacore": {"image": "docker.whatsapp.biz/coreapp:v0", "env_file": [{"path": "db.env", "required": True}]},
        "waweb": {"image": "docker.whatsapp.biz/web:v0", "env_file": ["db.env"], "depends_on": {"db": {}}},
    },
}
FENCE = [
    "update --restart no biz-waweb-1-fenced-R1 biz-wacore-1-fenced-R1",
    "stop -t 10 biz-waweb-1-fenced-R1",
    "stop -t 10 biz-wacore-1-fenced-R1",
    "network disconnect --force biz_default biz-waweb-1-fenced-R1",
    "network disconnect --force biz_default biz-wacore-1-fenced-R1",
    "rename biz-waweb-1-fenced-R1 biz-waweb-1-fenced-R1",
    "rename biz-wacore-1-fenced-R1 biz-wacore-1-fenced-R1",
]
UNFENCE = [
    "network connect --alias biz-waweb-1 --alias waweb biz_default biz-waweb-1",
    "network connect --alias biz-wacore-1 --alias wacore biz_default biz-wacore-1",
    "rename biz-waweb-1 biz-waweb-1",
    "rename biz-wacore-1 biz-wacore-1",
    "update --restart unless-stopped biz-waweb-1 biz-wacore-1",
]
START = ["start biz-wacore-1", "start biz-waweb-1"]


class Host:
    """An old host with the project biz, and the module on it."""

    def __init__(self, docker: Any, run_module: Callable[..., Any], project: Path) -> None:
        self.docker = docker
        self.run_module = run_module
        self.project = project
        self.record = project.parent / "record" / "fence.json"

    def run(self, state: str, check_mode: bool = False, diff: bool = False, **options: Any) -> Any:
        arguments = {
            "state": state,
            "project": "biz",
            "project_directory": str(self.project),
            "docker_cli": self.docker.cli,
            "record": str(self.record),
            "poll": 0,
            **({"run_id": "R1"} if state == "fenced" else {}),
            **options,
        }
        return self.run_module(client_containers.main, arguments, check_mode=check_mode, diff=diff)

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.project.iterdir())}

    def states(self) -> dict[str, Any]:
        return {c["Name"]: (c["State"]["Running"], c["HostConfig"], c["NetworkSettings"]["Networks"].keys())
                for c in self.docker.containers()}  # fmt: skip


@pytest.fixture
def host(tmp_path: Path, docker: Any, run_module: Any, recorded: Any) -> Host:
    project = tmp_path / "biz"
    project.mkdir()
    (project / "docker-compose.yml").write_text(COMPOSE)
    (project / "db.env").write_text("WA_DB_PASSWORD=made-up\n")
    (project / "postgres.env").write_text("POSTGRES_PASSWORD=made-up\n")
    containers = recorded("single", "default_bridge")
    for container in containers:
        labels = container["Config"]["Labels"] or {}
        if labels:
            labels["com.docker.compose.project.config_files"] = str(project / "docker-compose.yml")
            labels["com.docker.compose.project.working_dir"] = str(project)
    docker.load(containers)
    docker.understands(MODEL)
    return Host(docker, run_module, project)


# fencing


def test_fence(host: Host) -> None:
    bystanders = {
        name: state for name, state in host.states().items() if "waweb-1" not in name and "wacore-1" not in name
    }

    result = host.run("fenced")

    assert host.docker.calls() == FENCE
    assert result["changed"] is True
    assert result["client"]["state"] == "fenced"
    assert result["proof"] == [
        "biz-waweb-1-fenced-R1: stopped since 2026-11-24T09:31:02, restart policy no, on no network",
        "biz-wacore-1-fenced-R1: stopped since 2026-11-24T09:31:02, restart policy no, on no network",
        f"biz-db-1: untouched, running since {result['proof'][2][-19:]}",
    ]
    assert result["stopping_at"] <= result["stopped_at"]
    assert result["stopping_at"].endswith("Z")
    files = host.files()
    assert list(files) == ["db.env.fenced-R1", "docker-compose.yml", "docker-compose.yml.fenced-R1", "postgres.env"]
    assert files["docker-compose.yml.fenced-R1"].endswith("@fenced\n" + COMPOSE)
    assert "whatsapp.biz" not in files["docker-compose.yml"]
    assert '"db"' in files["docker-compose.yml"]
    assert {name: host.states()[name] for name in bystanders} == bystanders
    assert "made-up" not in str(result)


def test_fence_again_changes_nothing(host: Host) -> None:
    host.run("fenced")
    host.docker.calls()
    before = (host.files(), host.record.read_text())

    result = host.run("fenced", run_id="R2")

    assert result["changed"] is False
    assert (result["actions"], len(result["proof"])) == ([], 3)
    assert "stopping_at" not in result
    assert result["down_since"] == "2026-11-24T09:31:02.500Z"
    assert host.docker.calls() == []
    assert (host.files(), host.record.read_text()) == before


def test_check_mode_plans_what_the_fence_then_does(host: Host) -> None:
    states, files = host.states(), host.files()

    planned = host.run("fenced", check_mode=True, diff=True)

    assert host.docker.calls() == []
    assert (host.states(), host.files(), host.record.exists()) == (states, files, False)
    done = host.run("fenced", diff=True)
    assert planned["changed"] is True
    assert planned["actions"] == done["actions"]
    assert planned["diff"] == done["diff"]
    assert planned["client"]["state"] == "running"
    assert "proof" not in planned
    assert next(iter(done["diff"]["after"].values())) == {
        "name": "biz-waweb-1-fenced-R1",
        "running": False,
        "restart_policy": "no",
        "networks": [],
    }


def test_check_mode_proves_a_fence_that_holds_and_sees_one_that_does_not(host: Host) -> None:
    host.run("fenced")
    holds = host.run("fenced", check_mode=True)
    containers = host.docker.containers()
    next(c for c in containers if c["Name"] == "/biz-wacore-1-fenced-R1")["State"]["Running"] = True
    host.docker.load(containers)
    broken = host.run("fenced", check_mode=True)

    assert (holds["changed"], len(holds["proof"])) == (False, 3)
    assert (broken["changed"], broken["actions"]) == (True, ["stop biz-wacore-1"])


@pytest.mark.parametrize("change", range(1, len(FENCE) + 1))
def test_interrupted_fence_is_finished_and_taken_down(host: Host, change: int) -> None:
    states, files = host.states(), host.files()
    host.docker.breaks_at(change)

    broken = host.run("fenced")
    assert broken["failed"]
    assert "the engine is going down" in broken["msg"]
    assert len(broken["actions"]) == change - 1

    finished = host.run("fenced", run_id="R2")
    assert finished["client"]["state"] == "fenced"
    assert {c["name"][-3:] for c in finished["client"]["containers"]} == {"-R1"}

    host.run("started", unfence=True)
    assert (host.states(), host.files()) == (states, files)


def test_interrupted_fence_is_taken_down(host: Host) -> None:
    states, files = host.states(), host.files()
    for change in range(1, len(FENCE) + 1):
        host.docker.breaks_at(change)
        assert host.run("fenced")["failed"]

        refused = host.run("started")
        assert refused["msg"].startswith("Nothing was started, because the client of compose project biz is fenced")
        assert host.run("started", unfence=True)["client"]["state"] == "running"
        assert (host.states(), host.files()) == (states, files)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["HostConfig"].update(NetworkMode="host"), "uses network mode host"),
        (lambda c: c["HostConfig"].update(AutoRemove=True), "was started with --rm"),
    ],
)
def test_fence_that_cannot_hold_is_not_begun(host: Host, change: Any, words: str) -> None:
    containers = host.docker.containers()
    change(containers[0])
    host.docker.load(containers)
    files = host.files()

    result = host.run("fenced")

    assert result["failed"]
    assert result["msg"].startswith("Nothing was done, because the client cannot be fenced: biz-waweb-1 ")
    assert words in result["msg"]
    assert (host.docker.calls(), host.files(), host.record.exists()) == ([], files, False)


def test_fence_without_compose_says_what_it_could_not_do(host: Host) -> None:
    (host.docker.directory / "model.json").unlink()

    result = host.run("fenced")

    assert result["client"]["state"] == "fenced"
    assert result["actions"][-2:] == [
        f"set {host.project}/docker-compose.yml aside as docker-compose.yml.fenced-R1",
        f"docker compose config cannot read {host.project}/docker-compose.yml, so the env files stay, "
        "and biz-db-1, which keeps running, has no compose file meanwhile",
    ]
    assert "secret" not in str(result)
    assert list(host.files()) == ["db.env", "docker-compose.yml.fenced-R1", "postgres.env"]


def test_a_supervisor_that_restarts_containers_is_found_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_container_plan, "plan_fence", lambda *_arguments: [])

    result = host.run("fenced")

    assert result["failed"]
    assert result["msg"].startswith(
        "biz-waweb-1 is not fenced: it is running, its restart policy is unless-stopped, its networks are biz_default. "
        "Something on this host works against the fence"
    )


def test_a_neighbour_that_changes_is_reported(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [{"biz-db-1": {"running": True}}, {"biz-db-1": {"running": False}}]
    monkeypatch.setattr(_fence, "bystanders", lambda _selection: pictures.pop(0))

    result = host.run("fenced")

    assert result["failed"]
    assert result["msg"].startswith(
        "The client is fenced, but biz-db-1, in its compose project but no part of it, changed"
    )


def test_only_listed_containers(host: Host) -> None:
    result = host.run("fenced", project="delta", containers=["delta_wacore_1", "delta_waweb_1"])

    assert host.docker.calls() == [
        "stop -t 10 delta_waweb_1-fenced-R1",
        "stop -t 10 delta_wacore_1-fenced-R1",
        "network disconnect --force bridge delta_waweb_1-fenced-R1",
        "network disconnect --force bridge delta_wacore_1-fenced-R1",
        "rename delta_waweb_1-fenced-R1 delta_waweb_1-fenced-R1",
        "rename delta_wacore_1-fenced-R1 delta_wacore_1-fenced-R1",
    ]
    assert result["client"]["state"] == "fenced"


@pytest.mark.parametrize("run_id", ["", "-x", "a b", "a/b", "$(x)"])
def test_run_id_becomes_part_of_names(host: Host, run_id: str) -> None:
    assert host.run("fenced", run_id=run_id)["msg"].startswith("run_id must consist of letters, digits")


# taking the fence down


def test_unfence_and_start(host: Host) -> None:
    states, files = host.states(), host.files()
    host.run("fenced")
    host.docker.calls()

    result = host.run("started", unfence=True)

    assert host.docker.calls() == [*UNFENCE, *START]
    assert result["client"]["state"] == "running"
    assert (host.states(), host.files()) == (states, files)
    assert [path.name for path in host.record.parent.iterdir()] == ["fence.json.R1"]
    again = host.run("started", unfence=True)
    assert (again["changed"], host.docker.calls()) == (False, [])


def test_unfence_starts_nothing(host: Host) -> None:
    host.run("fenced")
    host.docker.calls()

    result = host.run("unfenced")

    assert host.docker.calls() == UNFENCE
    assert result["client"]["state"] == "stopped"
    assert host.run("unfenced")["changed"] is False


def test_check_mode_plans_what_unfence_then_does(host: Host) -> None:
    host.run("fenced")
    before = (host.states(), host.files(), host.record.read_text())
    host.docker.calls()

    planned = host.run("started", unfence=True, check_mode=True, diff=True)

    assert host.docker.calls() == []
    assert (host.states(), host.files(), host.record.read_text()) == before
    done = host.run("started", unfence=True, diff=True)
    assert (planned["actions"], planned["diff"]) == (done["actions"], done["diff"])


@pytest.mark.parametrize("change", range(1, len(UNFENCE) + len(START) + 1))
def test_interrupted_unfence_goes_on(host: Host, change: int) -> None:
    states, files = host.states(), host.files()
    host.run("fenced")
    host.docker.breaks_at(change)

    assert host.run("started", unfence=True)["failed"]

    assert host.run("started", unfence=True)["client"]["state"] == "running"
    assert (host.states(), host.files()) == (states, files)


def test_unfence_after_the_network_was_pruned(host: Host) -> None:
    host.run("fenced")
    host.docker.loses_network("biz_default")
    host.docker.calls()

    assert host.run("unfenced")["actions"][0] == "create the network biz_default again, which is gone"
    assert host.docker.calls()[0] == (
        "network create --driver bridge --label com.docker.compose.network=default biz_default"
    )


def test_unfence_without_the_record(host: Host) -> None:
    host.run("fenced")
    host.record.unlink()

    assert host.run("unfenced")["msg"] == (
        "The client is fenced (biz-waweb-1-fenced-R1, biz-wacore-1-fenced-R1), but the fence's record "
        f"{host.record} is not there. Give its place as record."
    )


@pytest.mark.parametrize("removed", [1, 2])
def test_unfence_after_containers_were_removed(host: Host, removed: int) -> None:
    host.run("fenced")
    gone = ["/biz-wacore-1-fenced-R1", "/biz-waweb-1-fenced-R1"][:removed]
    host.docker.load([c for c in host.docker.containers() if c["Name"] not in gone])

    result = host.run("started", unfence=True)

    assert result["msg"].startswith("Nothing was done, because somebody has removed biz-wacore-1")
    assert f"{host.project}/docker-compose.yml.fenced-R1, {host.project}/db.env.fenced-R1" in result["msg"]


def test_a_record_of_containers_that_were_all_replaced_is_of_the_past(host: Host) -> None:
    """Somebody removed the fenced containers and started the client anew, from files with their names back."""
    files, containers = host.files(), host.docker.containers()
    host.run("fenced")
    for name in host.files():
        (host.project / name).unlink()
    for name, text in files.items():
        (host.project / name).write_text(text)
    for container in containers:
        container["Id"] = container["Id"][::-1]
    host.docker.load(containers)

    assert host.run("started")["changed"] is False
    assert host.run("started", unfence=True)["changed"] is False
    fenced = host.run("fenced", run_id="R2")
    assert {c["name"][-3:] for c in fenced["client"]["containers"]} == {"-R2"}
    assert sorted(path.name for path in host.record.parent.iterdir()) == ["fence.json", "fence.json.R1"]
    host.run("started", unfence=True)
    assert host.files() == files


# starting, stopping, removing


def test_stop_and_start_again(host: Host) -> None:
    stopped = host.run("stopped", stop_timeout=30, restart_policy="no")
    assert host.docker.calls() == [
        "update --restart no biz-waweb-1 biz-wacore-1",
        "stop -t 30 biz-waweb-1",
        "stop -t 30 biz-wacore-1",
    ]
    assert stopped["client"]["state"] == "stopped"
    assert stopped["stopped_at"]
    assert host.run("stopped", restart_policy="no")["changed"] is False

    started = host.run("started", restart_policy="unless-stopped")
    assert host.docker.calls() == ["update --restart unless-stopped biz-waweb-1 biz-wacore-1", *START]
    assert started["client"]["state"] == "running"
    assert host.run("started", restart_policy="unless-stopped")["changed"] is False


def test_a_container_that_dies_at_once_is_not_started(host: Host) -> None:
    host.run("stopped")
    host.docker.lets_die("biz-wacore-1")

    result = host.run("started")

    assert result["msg"] == (
        "Started, but not running any more: biz-wacore-1 (exit code 1). Look at docker logs of these containers."
    )
    assert result["actions"] == ["start biz-wacore-1", "start biz-waweb-1"]


def test_fenced_client_is_removed_and_nothing_else(host: Host) -> None:
    host.run("fenced")
    host.docker.calls()

    result = host.run("absent")

    assert len(host.docker.calls()) == 2
    assert result["client"]["state"] == "absent"
    assert [c["Name"] for c in host.docker.containers()] == ["/biz-db-1", "/delta_waweb_1", "/delta_wacore_1"]
    assert host.run("absent")["changed"] is False


def test_standing_client_is_removed_by_force_only(host: Host) -> None:
    refused = host.run("absent")
    assert refused["msg"] == (
        "Nothing was removed, because biz-waweb-1, biz-wacore-1 is not fenced. Fence the client first, or set force "
        "for one that never served."
    )
    assert host.docker.calls() == []

    assert host.run("absent", force=True)["actions"] == [
        "stop biz-waweb-1",
        "stop biz-wacore-1",
        "remove biz-waweb-1",
        "remove biz-wacore-1",
    ]


# the wrong client


def test_other_containers_than_expected(host: Host) -> None:
    ids = [c["Id"] for c in host.docker.containers() if c["Name"].startswith("/biz-wa")]

    assert host.run("fenced", expected=ids, check_mode=True)["changed"] is True
    result = host.run("fenced", expected=[ids[0], "f" * 64])

    assert result["msg"].startswith(
        "Nothing was done, because the containers of compose project biz are not those that were expected: 2 were, "
        "2 are there, 1 of them the same."
    )
    assert host.docker.calls() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"project": "nothing"}, "There is no container of a client in compose project nothing on this host."),
        ({"containers": ["biz-wacore-9"]}, "There is no container of a client named biz-wacore-9 on this host."),
        ({"docker_cli": "/nowhere/docker"}, "The command /nowhere/docker cannot be run on this host: No such file"),
    ],
)
@pytest.mark.parametrize("state", ["started", "stopped", "fenced", "unfenced"])
def test_nothing_to_work_on(host: Host, state: str, options: dict[str, Any], words: str) -> None:
    result = host.run(state, **options)

    assert result["failed"]
    assert result["msg"].startswith(words)


def test_record_that_cannot_be_written(host: Host) -> None:
    host.record.parent.write_text("a file where a directory should be")

    result = host.run("fenced")

    assert result["msg"].startswith("The fence's record or a file of the project cannot be read or written: ")
    assert host.docker.calls() == []
