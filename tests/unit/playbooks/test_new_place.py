# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the new client was set up is the only place where it can be seen whether it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Wire

PLACE = {"host": "new", "project": "biz", "directory": "/srv/biz"}
DONE = {"status": "done", "facts": {}, "attempts": 1}
FENCED = {"preflight": DONE, "prepare": DONE, "fence": DONE}
STARTED = {"start_intended": "2026-11-24T09:41:09.006Z"}
WAS = "new client up on new, compose project biz in /srv/biz."


def run(desk: Desk, playbook: str, new: str = "new", project: str = "biz", directory: str = "/srv/biz/") -> str:
    desk.hosts["waba_new"] = new
    _status, said = desk.run(
        playbook,
        new_host_project=project,
        new_host_project_directory=directory,
        migration_rollback_accept_stale_keys=True,
    )
    return said


@pytest.mark.parametrize(
    ("playbook", "change", "values", "now"),
    [
        ("rollback.yml", {"directory": "/srv/biz2"}, {}, "on new, compose project biz in /srv/biz2."),
        ("phases/open.yml", {"project": "biz2"}, {}, "on new, compose project biz2 in /srv/biz."),
        ("phases/open.yml", {"new": "other"}, {"verdict": "succeeded"}, "on other, compose project biz in /srv/biz."),
    ],
)
def test_another_place_is_refused_once_the_new_client_may_run(
    desk: Desk, playbook: str, change: dict[str, str], values: dict[str, Any], now: str
) -> None:
    desk.has_journal(**{"phases": FENCED, "intents": STARTED, "facts": {"new_client": PLACE}, **values})
    before = desk.journal
    said = run(desk, playbook, **change)
    assert WAS in said
    assert now in said
    assert desk.journal == before


@pytest.mark.parametrize(
    ("playbook", "values"),
    [
        ("rollback.yml", {"intents": {}}),
        ("phases/open.yml", {"phases": {"prepare": DONE}}),
        ("phases/open.yml", {"intents": STARTED, "verdict": "rolled_back"}),
    ],
)
def test_another_place_is_taken_as_long_as_nothing_was_started(
    desk: Desk, playbook: str, values: dict[str, Any]
) -> None:
    desk.has_journal(**{"phases": FENCED, "facts": {"new_client": PLACE}, **values})
    said = run(desk, playbook, new="other")
    assert WAS not in said
    assert "TASK [Describe the old client]" in said or "goes on with: " in said


@pytest.mark.parametrize(
    ("recorded", "engine", "ours"),
    [
        ({**PLACE, "engine": "A"}, "A", True),
        ({**PLACE, "engine": "A"}, "B", False),
        ({**PLACE, "host": "other", "engine": "A"}, "A", False),
    ],
)
def test_a_client_is_stopped_only_where_this_move_has_set_it_up(
    wire: Wire, recorded: dict[str, str], engine: str, ours: bool
) -> None:
    found = wire(
        "__new_is_ours",
        localhost={"__migration_journal": {"facts": {"new_client": recorded}}},
        new={"__new_host_place": PLACE, "__new_host_engine": {"stdout": engine}},
    )
    assert found is ours
