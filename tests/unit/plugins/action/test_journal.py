# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's action on real files, with a made-up playbook as the holder of the lock."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any, Callable, Dict
from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.waba.migration.plugins.action import journal
from ansible_collections.waba.migration.plugins.module_utils._lock import Owner

ME = Owner(host="control", boot="boot-1", pid=100, start_ticks=5000)
OTHER = Owner(host="control", boot="boot-1", pid=70, start_ticks=4000)

Run = Callable[..., Dict[str, Any]]


class Controller:
    """The playbook that runs the module, and the other processes that still live."""

    def __init__(self) -> None:
        self.playbook = ME
        self.alive = {ME}


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> Controller:
    controller = Controller()
    monkeypatch.setattr(journal, "find_playbook", lambda: controller.playbook)
    monkeypatch.setattr(
        "ansible_collections.waba.migration.plugins.module_utils._lock.is_alive",
        lambda owner, _proc: owner in controller.alive,
    )
    return controller


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.json"


@pytest.fixture
def run(controller: Controller, path: Path) -> Run:
    """Run a task and return its result, failed or not."""

    def run_task(*, check: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        task = Task()
        task.action = "waba.migration.journal"
        task.args = {"path": str(path), **arguments}
        task.check_mode, task.diff = check, diff
        action = journal.ActionModule(task, *[Mock() for _each in range(5)])
        try:
            return action.run(task_vars={})
        except AnsibleActionFail as error:
            return {"failed": True, "msg": str(error)}

    return run_task


def holder(path: Path) -> int | None:
    text = Path(f"{path}.lock").read_text()
    return json.loads(text)["pid"] if text else None


def texts(result: dict[str, Any]) -> list[str]:
    return [event["text"] for event in result["journal"]["events"]]


# reading


def test_reading_without_a_journal_returns_an_empty_one(run: Run, path: Path) -> None:
    result = run()

    assert result["changed"] is False
    assert result["journal"]["run_id"] is None
    assert result["journal"]["phases"] == {}
    assert (result["finished"], result["resumed"], result["done"], result["intents"]) == (False, False, [], {})
    assert list(path.parent.iterdir()) == []


def test_reading_needs_no_lock(run: Run, controller: Controller) -> None:
    opened = run(state="open", option="full")
    controller.playbook = OTHER

    result = run(phase=None, facts={}, event="")

    assert result["changed"] is False
    assert result["journal"] == opened["journal"]


# opening


def test_open_creates_a_private_journal_and_takes_the_lock(run: Run, path: Path) -> None:
    result = run(state="open", option="full", number="15550100001")

    assert result["changed"] is True
    assert (result["finished"], result["resumed"], result["done"], result["intents"]) == (False, False, [], {})
    assert re.fullmatch(r"\d{8}T\d{6}Z-full-[0-9a-f]{4}", result["journal"]["run_id"])
    assert result["journal"]["number"] == "15550100001"
    assert json.loads(path.read_text()) == result["journal"]
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert holder(path) == ME.pid
    assert sorted(file.name for file in path.parent.iterdir()) == ["journal.json", "journal.json.lock"]


def test_open_twice_in_one_playbook_changes_nothing(run: Run) -> None:
    first = run(state="open", option="full")
    second = run(state="open", option="full")

    assert second["changed"] is False
    assert second["journal"] == first["journal"]


def test_open_goes_on_where_a_killed_playbook_ended(run: Run, controller: Controller, path: Path) -> None:
    first = run(state="open", option="full")
    run(phase="preflight", status="done")
    run(phase="prepare", status="done")
    controller.playbook, controller.alive = OTHER, {OTHER}

    result = run(state="open", option="full")

    assert (result["changed"], result["resumed"], result["finished"]) == (True, True, False)
    assert result["done"] == []
    assert result["journal"]["run_id"] == first["journal"]["run_id"]
    assert texts(result) == [
        "Run opened.",
        "Run opened again, the last attempt did not close it.",
        "The lock of a playbook that no longer runs (pid 100 on control) was taken over.",
    ]
    assert holder(path) == OTHER.pid


def test_open_starts_over_after_a_rollback(run: Run) -> None:
    run(state="open", option="full")
    run(phase="fence", status="done", intent="start_intended")
    run(state="closed", verdict="rolled_back")

    result = run(state="open", option="full")

    assert (result["resumed"], result["done"], result["intents"]) == (True, [], {})
    assert [attempt["verdict"] for attempt in result["journal"]["attempts"]] == ["rolled_back"]


def test_open_leaves_a_finished_run_alone(run: Run, path: Path) -> None:
    run(state="open", option="full")
    run(phase="finish", status="done")
    run(state="closed", verdict="succeeded")
    before = path.stat()

    result = run(state="open", option="full")

    assert (result["changed"], result["finished"], result["resumed"]) == (False, True, False)
    assert result["done"] == ["finish"]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert holder(path) is None


@pytest.mark.parametrize("verdict", [None, "failed", "succeeded"])
@pytest.mark.parametrize("other", [{"option": "database"}, {"option": "full", "number": "15550100002"}])
def test_open_refuses_another_move(run: Run, path: Path, verdict: str | None, other: dict[str, str]) -> None:
    run(state="open", option="full", number="15550100001")
    run(phase="prepare", status="running")
    if verdict:
        run(state="closed", verdict=verdict)
    before = path.read_bytes()

    result = run(state="open", **other)

    assert result["failed"] is True
    assert "One run directory is one move of one number" in result["msg"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("verdict", [None, "failed"])
def test_open_takes_another_option_while_the_run_has_only_looked(run: Run, path: Path, verdict: str | None) -> None:
    run(state="open", option="full", number="15550100001")
    looked = run(phase="preflight", status="done", facts={"findings": []})
    run(state="closed", **({"verdict": verdict} if verdict else {}))
    result = run(state="open", option="settings", number="15550100001")
    assert (result["changed"], result["resumed"]) == (True, False)
    assert result["journal"]["option"] == "settings"
    assert result["journal"]["run_id"] != looked["journal"]["run_id"]
    assert (result["done"], result["journal"]["phases"], result["journal"]["facts"]) == ([], {}, {})
    assert "number" in run(state="open", option="full", number="15550100002")["msg"]


def test_open_is_refused_while_another_playbook_works_on_the_run(run: Run, controller: Controller, path: Path) -> None:
    run(state="open", option="full")
    controller.playbook, controller.alive = OTHER, {ME, OTHER}
    before = path.read_bytes()

    result = run(state="open", option="full")

    assert result["failed"] is True
    assert (
        f"Another playbook works on this run and holds the lock {path}.lock: pid 100 on control, since 2"
        in result["msg"]
    )
    assert path.read_bytes() == before
    assert holder(path) == ME.pid


# writing


def test_the_same_again_changes_nothing(run: Run, path: Path) -> None:
    run(state="open", option="full")
    task = {"phase": "move", "status": "done", "facts": {"rows": 3}, "intent": "start_intended", "event": "Moved."}
    first = run(**task)
    inode = path.stat().st_ino

    second = run(**task)

    assert (first["changed"], second["changed"]) == (True, False)
    assert second["journal"] == first["journal"]
    assert second["intents"] == first["intents"] != {}
    assert path.stat().st_ino == inode


def test_writing_takes_a_free_lock(run: Run, controller: Controller, path: Path) -> None:
    run(state="open", option="full")
    run(state="closed", verdict="succeeded")
    controller.playbook = OTHER

    assert run(event="Rollback: the new client is stopped")["changed"] is True
    assert holder(path) == OTHER.pid
    assert run(state="closed", verdict="rolled_back")["journal"]["verdict"] == "rolled_back"
    assert holder(path) is None


@pytest.mark.parametrize("arguments", [{"event": "Something."}, {"state": "closed", "verdict": "failed"}])
def test_writing_is_refused_while_another_playbook_holds_the_lock(
    run: Run, controller: Controller, path: Path, arguments: dict[str, str]
) -> None:
    run(state="open", option="full")
    controller.playbook, controller.alive = OTHER, {ME, OTHER}

    result = run(**arguments)

    assert "holds the lock" in result["msg"]
    assert holder(path) == ME.pid


def test_writing_without_a_journal_is_refused(run: Run, path: Path) -> None:
    result = run(phase="move", status="running")

    assert result["msg"] == f"There is no journal {path} to write into. Open it first, with state=open."
    assert list(path.parent.iterdir()) == []


def test_a_secret_is_neither_stored_nor_shown(run: Run, path: Path) -> None:
    run(state="open", option="full")
    before = path.read_bytes()

    result = run(phase="verify", facts={"login": {"api_token": "made-up-value"}})

    assert result["failed"] is True
    assert "facts.login.api_token" in result["msg"]
    assert "made-up-value" not in json.dumps(result)
    assert path.read_bytes() == before


# closing


def test_closing_records_the_failed_phase_and_releases_the_lock(run: Run, path: Path) -> None:
    run(state="open", option="full")
    run(phase="prepare", status="running")

    result = run(state="closed", verdict="failed", phase="prepare", status="failed", event="No space left.")

    assert result["changed"] is True
    assert result["journal"]["verdict"] == "failed"
    assert result["journal"]["closed"] is not None
    assert result["journal"]["phases"]["prepare"]["status"] == "failed"
    assert result["journal"]["events"][-1]["phase"] == "prepare"
    assert holder(path) is None


def test_closing_again_changes_nothing(run: Run, path: Path) -> None:
    run(state="open", option="full")
    first = run(state="closed", verdict="succeeded")
    second = run(state="closed", verdict="succeeded")

    assert second["changed"] is False
    assert second["journal"] == first["journal"]
    assert holder(path) is None


def test_closing_releases_the_lock_even_when_there_is_nothing_left_to_write(run: Run, path: Path) -> None:
    run(state="open", option="full")
    run(state="closed", verdict="failed")
    run(event="Looked again.")
    assert holder(path) == ME.pid

    assert run(state="closed", verdict="failed")["changed"] is False
    assert holder(path) is None


def test_closing_without_a_verdict_releases_the_lock_and_leaves_the_run_open(run: Run, path: Path) -> None:
    run(state="open", option="full")

    journal = run(state="closed")["journal"]

    assert (journal["verdict"], journal["closed"]) == (None, None)
    assert holder(path) is None


# check mode and diff


def test_check_mode_opens_without_writing(run: Run, path: Path) -> None:
    result = run(state="open", option="full", check=True)

    assert (result["changed"], result["resumed"]) == (True, False)
    assert re.fullmatch(r"\d{8}T\d{6}Z-full-[0-9a-f]{4}", result["journal"]["run_id"])
    assert list(path.parent.iterdir()) == []


def test_check_mode_goes_through_a_run_that_was_never_written(run: Run, path: Path) -> None:
    phase = run(phase="move", status="done", intent="start_intended", check=True)
    end = run(state="closed", verdict="succeeded", check=True)

    assert (phase["changed"], phase["done"], list(phase["intents"])) == (True, ["move"], ["start_intended"])
    assert (end["changed"], end["finished"]) == (True, True)
    assert list(path.parent.iterdir()) == []


def test_check_mode_leaves_journal_and_lock_as_they_are(run: Run, controller: Controller, path: Path) -> None:
    run(state="open", option="full")
    controller.playbook, controller.alive = OTHER, {OTHER}
    before = path.read_bytes()

    result = run(state="open", option="full", check=True)

    assert (result["changed"], result["resumed"]) == (True, True)
    assert path.read_bytes() == before
    assert holder(path) == ME.pid


def test_check_mode_is_refused_where_the_real_run_would_be(run: Run, controller: Controller) -> None:
    run(state="open", option="full")
    controller.playbook, controller.alive = OTHER, {ME, OTHER}

    assert "holds the lock" in run(state="open", option="full", check=True)["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_diff_shows_what_is_written(run: Run, path: Path, check_mode: bool) -> None:
    run(state="open", option="full")
    before = path.read_text()

    result = run(event="Moved.", diff=True, check=check_mode)

    assert result["diff"]["before"] == before
    assert json.loads(result["diff"]["after"]) == result["journal"]


def test_diff_of_reading_nothing_is_empty(run: Run) -> None:
    assert run(diff=True)["diff"] == {"before": "", "after": ""}


# arguments and surroundings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"state": "open"}, "state is open but all of the following are missing: option"),
        ({"status": "done"}, "missing parameter(s) required by 'status': phase"),
        ({"state": "open", "option": "full", "event": "x"}, "With state=open these cannot be given: event."),
    ],
)
def test_arguments_that_do_not_go_together(run: Run, arguments: dict[str, str], message: str) -> None:
    assert run(**arguments)["msg"] == message


def test_missing_directory_is_named(run: Run, path: Path) -> None:
    missing = path.parent / "nowhere" / "journal.json"

    result = run(path=str(missing), state="open", option="full")

    assert f"The journal {missing} or its lock file cannot be read or written" in result["msg"]
    assert "No such file or directory" in result["msg"]


def test_damaged_journal_is_left_for_the_operator(run: Run, path: Path) -> None:
    path.write_text('{"format": 1')

    result = run(state="open", option="full")

    assert f"The journal {path} is not JSON" in result["msg"]
    assert path.read_text() == '{"format": 1'
