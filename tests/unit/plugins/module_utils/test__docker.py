# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command as a program that answers or fails."""

from __future__ import annotations

import json
from typing import Sequence

import pytest
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker, DockerError


class Program:
    """Answers call after call, and remembers what was asked."""

    def __init__(self, *answers: tuple[int, str, str]) -> None:
        self.answers = list(answers)
        self.calls: list[list[str]] = []

    def __call__(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        self.calls.append(list(arguments))
        return self.answers.pop(0)


def test_containers_are_looked_at_in_two_calls() -> None:
    program = Program((0, "one\ntwo\n", ""), (0, '[{"Id": "one"}, {"Id": "two"}]', ""))

    assert [c["Id"] for c in Docker(program, "/opt/docker").containers()] == ["one", "two"]
    assert program.calls == [
        ["/opt/docker", "ps", "--all", "--no-trunc", "--quiet"],
        ["/opt/docker", "inspect", "--type", "container", "one", "two"],
    ]


def test_a_host_without_containers() -> None:
    assert Docker(Program((0, "\n", ""))).containers() == []


@pytest.mark.parametrize("said", ["Error: No such container: two", "Error response from daemon: no such object: two"])
def test_a_container_that_goes_while_one_looks(said: str) -> None:
    program = Program((0, "one\ntwo", ""), (1, "[]", said), (0, "one", ""), (0, '[{"Id": "one"}]', ""))

    assert Docker(program).containers() == [{"Id": "one"}]


def test_containers_that_keep_going() -> None:
    gone = (1, "[]", "Error: No such container: two")
    program = Program(*[answer for _ in range(3) for answer in ((0, "two", ""), gone)])

    with pytest.raises(DockerError, match=r"inspect --type container two ended with exit code 1: Error: No such"):
        Docker(program).containers()


def test_a_failure_says_what_was_tried_and_what_came_back() -> None:
    program = Program((1, "", "permission denied while trying to connect to the Docker daemon socket\n"))

    with pytest.raises(DockerError) as caught:
        Docker(program).call("start", "a" * 64)

    assert str(caught.value) == (
        "docker start aaaaaaaaaaaa ended with exit code 1: permission denied while trying to connect to the Docker "
        "daemon socket. Look at the engine on this host, and whether this user may use it."
    )


def test_a_failure_without_words() -> None:
    with pytest.raises(DockerError, match=r"docker start x ended with exit code 137: it said nothing. Look"):
        Docker(Program((137, "", ""))).call("start", "x")


def test_no_docker_on_the_host() -> None:
    def run(_arguments: Sequence[str]) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(
        DockerError, match=r"docker cannot be run on this host: No such file .* say where it is with docker_cli"
    ):
        Docker(run).call("ps")


def test_an_answer_that_is_no_json() -> None:
    with pytest.raises(DockerError, match=r"what it wrote is not JSON"):
        Docker(Program((0, "one", ""), (0, "?", ""))).containers()


def test_network() -> None:
    program = Program((0, "0123\n", ""), (0, '[{"Name": "biz_default"}]', ""), (0, "", ""))
    docker = Docker(program)

    assert docker.network("biz_default") == {"Name": "biz_default"}
    assert docker.network("gone") is None
    assert program.calls[0][-2:] == ["--filter", "name=^biz_default$"]
    assert program.calls[1] == ["docker", "network", "inspect", "0123"]


def test_compose_model() -> None:
    program = Program((0, json.dumps({"name": "biz"}), ""))

    assert Docker(program).compose_model(["/b/a.yml", "/b/c.yml"], "/b", "biz") == {"name": "biz"}
    assert " ".join(program.calls[0]) == (
        "docker compose --project-directory /b --project-name biz --file /b/a.yml --file /b/c.yml config "
        "--no-interpolate --no-path-resolution --no-env-resolution --format json"
    )


def test_older_compose_knows_fewer_options() -> None:
    unknown = (16, "", "unknown flag")
    program = Program(unknown, unknown, (0, "{}", ""))

    assert Docker(program).compose_model(["/b/a.yml"], "/b", "biz") == {}
    assert program.calls[2][-3:] == ["--no-interpolate", "--format", "json"]


@pytest.mark.parametrize("last", [(1, "", "password: geheim"), (0, "name: biz", ""), (0, "[]", "")])
def test_compose_that_cannot_say(last: tuple[int, str, str]) -> None:
    program = Program(*([(1, "", "unknown flag")] * 2), last)

    assert Docker(program).compose_model(["/b/a.yml"], "/b", "biz") is None


def test_images_are_looked_at_in_one_call() -> None:
    program = Program((0, '[{"Id": "one", "Config": {"Env": ["A=1"]}}, {"Id": "two", "Config": null}]', ""))

    assert Docker(program).image_configs({"two", "one"}) == {"one": {"Env": ["A=1"]}, "two": {}}
    assert program.calls == [["docker", "image", "inspect", "one", "two"]]


def test_no_images_need_no_call() -> None:
    assert Docker(Program()).image_configs(()) == {}


def test_an_image_that_was_removed_says_nothing() -> None:
    program = Program((1, '[{"Id": "one"}]', "Error: No such image: two\n"))

    assert Docker(program).image_configs(["one", "two"]) == {"one": {}}


def test_images_that_cannot_be_looked_at() -> None:
    with pytest.raises(DockerError, match="image inspect one ended with exit code 1: permission denied"):
        Docker(Program((1, "[]", "permission denied"))).image_configs(["one"])
