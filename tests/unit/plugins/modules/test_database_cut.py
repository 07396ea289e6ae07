# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_cut says what became of the databases and where the time went."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest, CutResult
from ansible_collections.waba.migration.plugins.modules import database_cut

Run = Callable[..., "dict[str, Any]"]
DONE = CutResult(
    changed=True,
    position="0/12",
    seconds=0.12345,
    parts={"idle": 1.00049, "drain": 0.02},
    tables={"acme_x": [("public.t", "whole")]},
    sequences={"acme_x": 2},
)
SERVER = {"login_host": "db-old", "login_user": "wa", "login_password": "secret word"}


@pytest.fixture
def answers() -> list[CutResult | DatabaseError]:
    return [DONE]


@pytest.fixture
def requests() -> list[CutRequest]:
    """What was asked of the engine."""
    return []


@pytest.fixture
def run(
    run_module: Run,
    answers: list[CutResult | DatabaseError],
    requests: list[CutRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    def cut(request: CutRequest, check_mode: bool) -> CutResult:
        requests.append(request)
        answer = answers.pop()
        if isinstance(answer, DatabaseError):
            raise answer
        return CutResult(changed=True) if check_mode else answer

    monkeypatch.setitem(database_cut.CUTS, "postgresql", cut)

    def call(*, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {
            "name": "waba_acme",
            "source": SERVER,
            "target": {**SERVER, "login_host": "db-new"},
            "databases": ["acme_x"],
            **more,
        }
        result = run_module(database_cut.main, arguments, check_mode=check_mode)
        assert "secret word" not in str({**result, "invocation": None})
        return result

    return call


def test_cut(run: Run) -> None:
    result = run()
    assert {name: result[name] for name in ("changed", "position", "seconds", "parts", "databases")} == {
        "changed": True,
        "position": "0/12",
        "seconds": 0.123,
        "parts": {"idle": 1.0, "drain": 0.02},
        "databases": [{"name": "acme_x", "sequences": 2, "tables": [{"name": "public.t", "compared": "whole"}]}],
    }
    assert "held" not in result


@pytest.mark.parametrize(("options", "name"), [({}, None), ({"way_back": True}, "waba_acme_back")])
def test_way_back_only_when_it_is_asked_for(
    run: Run, requests: list[CutRequest], options: dict[str, Any], name: str | None
) -> None:
    assert not run(**options).get("failed")
    assert [request.way_back for request in requests] == [name]


def test_check_mode(run: Run) -> None:
    result = run(check_mode=True, hold_path="/nowhere/hold")
    assert (result["changed"], "position" in result, "held" in result) == (True, False, False)


def test_done_before(run: Run, answers: list[CutResult | DatabaseError]) -> None:
    answers[:] = [CutResult(changed=False)]
    assert run(hold_path="/nowhere/hold")["changed"] is False


def test_not_cut(run: Run, answers: list[CutResult | DatabaseError]) -> None:
    answers[:] = [DatabaseError("The old client can go on.")]
    assert run()["msg"] == "The old client can go on."


def test_snapshot_that_cannot_be_taken(run: Run, tmp_path: Path) -> None:
    """The databases are cut off by then, which has to be said."""
    result = run(hold_path=str(tmp_path / "hold"), bin_directory=str(tmp_path))
    assert result["failed"]
    assert "have been cut off and have their names on db-new:5432, but no snapshot" in result["msg"]
    assert not (tmp_path / "hold").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": []}, "databases is empty"),
        ({"databases": ["a", "a"]}, "names one more than once"),
        ({"timeout": 0}, "timeout must be more than 0"),
        ({"hold_path": "/" + "x" * 107}, "is too long"),
        ({"name": "Waba"}, "must begin with a lower-case letter"),
        ({"name": "w" * 46, "way_back": True}, "is too long for a way back"),
    ],
)
def test_bad_options(run: Run, options: dict[str, Any], message: str, answers: list[Any]) -> None:
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
    assert len(answers) == 1
