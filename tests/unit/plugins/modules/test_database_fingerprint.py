# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_fingerprint holds, compares and reads what it is told to, and says no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _fingerprint_compare
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Fingerprint, Item
from ansible_collections.waba.migration.plugins.modules import database_fingerprint

Run = Callable[..., "dict[str, Any]"]
SERVERS = {
    "db-old": {"acme_x": [Item("table", "public.t", 3, "aa"), Item("sequence", "public.s", 0, "3 (used)")]},
    "db-new": {"acme_x": [Item("table", "public.t", 3, "aa"), Item("sequence", "public.s", 0, "3 (used)")]},
    "db-bad": {"acme_x": [Item("table", "public.t", 2, "ab"), Item("sequence", "public.s", 0, "3 (used)")]},
}


class FakeSnapshots:
    """A server of the table above."""

    def __init__(self, server: Server, databases: Sequence[str], bin_directory: str | None, directory: str) -> None:
        self._server = server
        self._databases = databases

    def __enter__(self) -> FakeSnapshots:
        if self._server.host not in SERVERS:
            raise DatabaseError(f"{self._server} cannot be reached.")
        return self

    def __exit__(self, *unused: object) -> None:
        pass

    def facts(self) -> dict[str, Any]:
        return {"version_num": 170005, "probe": "1"}

    def fingerprints(self, names: Sequence[str], method: Mapping[str, Any], jobs: int) -> list[Fingerprint]:
        return [Fingerprint(name, SERVERS[self._server.host][name]) for name in names]

    def stop(self) -> None:
        pass


def server(host: str) -> dict[str, str]:
    return {"login_host": host, "login_user": "wa", "login_password": "secret word"}


@pytest.fixture
def run(run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setitem(_fingerprint_compare.OPEN, "postgresql", FakeSnapshots)
    hold_path = str(tmp_path / "hold")

    def call(
        state: str, *, source: str = "db-old", target: str = "db-new", check_mode: bool = False, **more: Any
    ) -> Any:
        arguments = {
            "state": state,
            "source": server(source),
            "target": server(target),
            "databases": ["acme_x"],
            "hold_path": hold_path,
            **more,
        }
        result = run_module(database_fingerprint.main, arguments, check_mode=check_mode)
        assert "secret word" not in str({**result, "invocation": None})
        return result

    yield call
    call("released")


def test_held_then_compared(run: Run) -> None:
    held = run("held")
    assert (held["changed"], held["held"]["server"], held["held"]["seconds"]) == (True, "db-new:5432", 3600)
    compared = run("compared")
    assert (compared["failed"], compared["changed"], compared["equal"]) == (False, True, True)
    assert compared["databases"] == [{"name": "acme_x", "tables": 1, "rows": 3, "equal": True, "differences": []}]
    again = run("compared")
    assert "No snapshot is held" in again["msg"]
    assert again["lost"] is True


def test_a_difference_fails(run: Run) -> None:
    result = run("compared", target="db-bad", require_held=False)
    assert (result["failed"], result["changed"], result["equal"], "lost" in result) == (True, False, False, False)
    assert result["msg"] == (
        "The databases are not the same on the source db-old:5432 and on the target db-bad:5432: "
        "acme_x: table public.t has 3 rows on the source and 2 on the target."
    )
    assert result["databases"][0]["differences"] == [
        {
            "kind": "table",
            "name": "public.t",
            "rows_source": 3,
            "rows_target": 2,
            "hash_source": "aa",
            "hash_target": "ab",
            "text": "table public.t has 3 rows on the source and 2 on the target",
        }
    ]


def test_read(run: Run) -> None:
    result = run("read")
    assert result["changed"] is False
    assert result["databases"][0]["contents"][0] == {"kind": "table", "name": "public.t", "rows": 3, "hash": "aa"}


def test_check_mode_connects_to_nothing(run: Run) -> None:
    assert run("held", target="db-none", check_mode=True)["held"] == {
        "server": "db-none:5432",
        "databases": ["acme_x"],
        "pid": None,
        "taken": None,
        "seconds": 3600,
    }
    compared = run("compared", target="db-none", check_mode=True)
    assert (compared["failed"], compared["changed"]) == (False, False)
    run("held")
    assert run("released", check_mode=True)["changed"] is True
    assert run("compared", check_mode=True)["changed"] is True
    assert run("released")["changed"] is True


@pytest.mark.parametrize(
    ("state", "options", "message"),
    [
        ("held", {"target": "db-none"}, "db-none:5432 cannot be reached."),
        ("compared", {"source": "db-none", "require_held": False}, "db-none:5432 cannot be reached."),
        ("held", {"databases": []}, "databases is empty: there is nothing to look at."),
        ("read", {"databases": ["a", "a"]}, "databases names one more than once."),
        ("held", {"hold_timeout": 0}, "hold_timeout must be 1 or more."),
        ("read", {"jobs": 0}, "jobs must be 1 or more."),
        ("held", {"hold_path": "/" + "x" * 120}, "is too long"),
        ("compared", {"hold_path": None}, "hold_path is needed to compare with held snapshots."),
        ("held", {"hold_path": None}, "state is held, which needs hold_path."),
    ],
)
def test_refusals(state: str, options: dict[str, Any], message: str, run: Run) -> None:
    result = run(state, **options)
    assert result["failed"]
    assert message in result["msg"]
