# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-step verification that a killed run has turned off does not stay off when the next one stops early."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Call, Certificate, FakeApi, bearer, login

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Values, Wire

PLUGINS = Path(__file__).parents[1] / "plugins"
PIN, PASSWORD = "093417", "Old-Passw0rd"
DONE = {"status": "done", "facts": {}, "attempts": 1}
LEFT_OFF = "TWO-STEP VERIFICATION IS OFF"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeApi]:
    with FakeApi(Certificate(tmp_path)) as fake:
        yield fake
    fake.check()


def enable(**answer: Any) -> Call:
    return Call("POST", "/v1/settings/account/two-step", bearer("token-1"), {"pin": PIN}, **answer)


def serve(desk: Desk, directory: Path) -> None:
    """Let the old client run on an engine that is a directory."""
    shutil.copy(PLUGINS / "fixtures" / "containers" / "single.json", directory / "containers.json")
    program = shlex.join([sys.executable, "-S", str(PLUGINS / "fake_docker.py"), str(directory)])
    docker = desk.programs / "docker"
    docker.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    docker.chmod(0o755)


@pytest.mark.parametrize(("status", "left"), [(200, "on"), (503, "off")])
def test_a_second_run_that_fails_in_its_preflight_turns_it_on_again(
    desk: Desk, api: FakeApi, tmp_path: Path, status: int, left: str
) -> None:
    serve(desk, tmp_path)
    desk.has_journal(phases={"preflight": DONE, "prepare": DONE, "two_step": DONE}, facts={"two_step": "off"})
    api.plan(login(PASSWORD), enable(status=status, answer={}))
    ended, said = desk.run(
        "migrate_full.yml",
        old_host_api_url=api.url,
        old_host_transfer_host_key_path="/nonexistent",
        migration_two_step_off=True,
        migration_two_step_pin=PIN,
    )
    assert ended == 2, said
    assert "PREFLIGHT failed. Nothing was done to the old client" in said
    assert "old: File not found: /nonexistent" in said
    assert desk.journal["facts"]["two_step"] == left
    assert (LEFT_OFF in said) is (left == "off")


def known(two_step: str, todo: list[str], state: str) -> Values:
    localhost = {
        "__migration_finished": False,
        "__migration_todo": todo,
        "__migration_settings": {"option": "full"},
        "__migration_journal": {"phases": {}, "facts": {"two_step": two_step}},
    }
    return {"localhost": localhost, "old": {"__old_host_client": {"state": state}}}


@pytest.mark.parametrize(
    ("two_step", "todo", "state", "again"),
    [
        ("on", ["fence", "move"], "running", True),
        ("off", ["fence", "move"], "running", False),
        ("on", ["fence", "move"], "fenced", False),
        ("on", ["verify"], "fenced", False),
    ],
)
def test_it_goes_off_again_when_the_move_goes_on(
    wire: Wire, two_step: str, todo: list[str], state: str, again: bool
) -> None:
    assert ("two_step" in wire("__todo", **known(two_step, todo, state))) is again


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"migration_stop_after": "luncheon"}, "must be one of: , preflight, prepare, got: luncheon"),
        ({"migration_two_step_off": True}, "migration_two_step_pin is not six digits"),
    ],
)
def test_a_second_run_that_is_refused_before_it_looks_at_anything_says_so(
    desk: Desk, variables: Values, cause: str
) -> None:
    status, said = desk.run("migrate_full.yml", **variables)
    assert (status, cause in said, LEFT_OFF in said) == (2, True, False)
    assert "OPEN failed. This run has done nothing." in said
    desk.has_journal(facts={"two_step": "off"})
    status, said = desk.run("migrate_full.yml", **variables)
    assert (status, cause in said, f"{LEFT_OFF}, as an earlier run has left it." in said) == (2, True, True)
