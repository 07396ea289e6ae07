# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on a made-up engine with recorded containers."""

from __future__ import annotations

from typing import Any

from ansible_collections.waba.migration.plugins.modules import client_containers_info


def run(run_module: Any, docker: Any, **options: Any) -> Any:
    arguments = {"project": "biz", "project_directory": "/root/biz", "docker_cli": docker.cli, **options}
    return run_module(client_containers_info.main, arguments)


def test_client_is_described_and_others_are_refused(docker: Any, run_module: Any, recorded: Any) -> None:
    docker.load(recorded("single", "host_network"))

    result = run(run_module, docker)

    assert result["changed"] is False
    assert [c["name"] for c in result["client"]["containers"]] == ["biz-waweb-1", "biz-wacore-1"]
    assert [sentence.partition(" ")[0] for sentence in result["refused"]] == ["eps_wacore"]
    assert result["missing"] == []
    assert "made-up" not in str(result)
    assert docker.calls() == []


def test_environment(docker: Any, run_module: Any, recorded: Any) -> None:
    docker.load(recorded("single"))

    containers = run(run_module, docker, environment=True)["client"]["containers"]

    assert {c["environment"]["WA_DB_NAME_PREFIX"] for c in containers} == {"acme_"}


def test_environment_holds_what_may_go_to_another_platform(docker: Any, run_module: Any, recorded: Any) -> None:
    inspected = recorded("single")
    waweb = next(c for c in inspected if c["Name"] == "/biz-waweb-1")
    waweb["Config"]["Env"] += ["HTTPS_PROXY=http://u:made-up@proxy:3128", "TZ=UTC", "LANG=C", "X=made-up"]
    waweb["Config"]["Cmd"] = ["/bin/sh", "-c", "WA_DB_PASS=made-up /opt/whatsapp/bin/launch_within_docker.sh"]
    docker.load(inspected)
    docker.sets_in_image(waweb["Image"], {"Env": ["LANG=C"]})

    found = run(run_module, docker, environment=True, carry=["TZ"])["client"]["containers"][0]

    assert found["environment"]["TZ"] == "UTC"
    assert sorted(found["left_behind"]) == ["HTTPS_PROXY", "WA_DB_PASSWORD", "WA_WEB_JWT_CRYPTO_KEY", "X"]
    assert (found["command"], found["withheld"]) == ([], ["command"])
    assert "made-up" not in str(found)


def test_secrets_hold_everything(docker: Any, run_module: Any, recorded: Any) -> None:
    docker.load(recorded("single"))

    found = run(run_module, docker, environment=True, secrets=True)["client"]["containers"][0]

    assert found["environment"]["WA_DB_PASSWORD"] == "made-up"
    assert (found["command"], found["withheld"], found["left_behind"]) == (["sleep", "inf"], [], {})


def test_fenced_client_is_found(docker: Any, run_module: Any, recorded: Any) -> None:
    docker.load(recorded("multiconnect_fenced"))

    client = run(run_module, docker, project="mc")["client"]

    assert (client["state"], client["masters"], client["coreapps"]) == ("fenced", 2, 1)


def test_host_without_the_client(docker: Any, run_module: Any) -> None:
    result = run(run_module, docker, containers=["biz-waweb-1"])

    assert (result["client"]["state"], result["missing"]) == ("absent", ["biz-waweb-1"])


def test_two_clients_are_not_taken_for_one(docker: Any, run_module: Any, recorded: Any) -> None:
    docker.load(recorded("single", "multiconnect"))

    result = run(run_module, docker, containers=["biz-waweb-1", "mc-waweb-1"])

    assert result["failed"]
    assert "are more than one client" in result["msg"]
