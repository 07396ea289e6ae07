# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_copy hands its options to the engine and the engine's findings to the user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _database_argspec
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
    Definer,
    Server,
    TableResult,
)
from ansible_collections.waba.migration.plugins.modules import database_copy

SERVER = {"login_host": "db", "login_user": "wa", "login_password": "s3cret", "ssl_mode": "require"}
ARGUMENTS = {
    "source": {**SERVER, "login_port": 5433},
    "target": SERVER,
    "databases": ["acme_waweb"],
    "owner": "wa",
    "marker": "mark 1",
}


class FakeEngine:
    """Remembers what it was asked and answers with what it was given."""

    requests: list[CopyRequest]
    error: str | None = None

    def plan(self, request: CopyRequest) -> list[dict[str, Any]]:
        self.requests.append(request)
        return [{"name": name} for name in request.databases]

    def copy(self, request: CopyRequest, progress: Progress) -> CopyResult:
        self.requests.append(request)
        if self.error:
            raise DatabaseError(self.error)
        tables = [TableResult("public.users", 3, 3), TableResult("public.tokens", 4, 4)]
        results = [DatabaseResult(name, 1000, 0.12345, tables) for name in request.databases]
        definers = [Definer("acme_waweb", "view", "v", "gone@%")]
        return CopyResult(results, 0.5, ["acme_waweb"], definers)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    FakeEngine.requests = []
    FakeEngine.error = None
    for name in ("postgresql", "mysql"):
        monkeypatch.setitem(_database_argspec.ENGINES, name, FakeEngine)
    return FakeEngine


def test_copy(run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine], tmp_path: Path) -> None:
    progress = tmp_path / "progress.json"
    result = run_module(database_copy.main, {**ARGUMENTS, "progress_path": str(progress)}, diff=True)

    request = engine.requests[0]
    assert request.source == Server("db", 5433, "wa", "s3cret", "require")
    assert request.target.port == 5432
    assert (request.jobs, request.replace_marker, request.require_idle_source) == (2, None, True)
    assert result["changed"] is True
    assert result["equal"] is True
    assert result["rows"] == 7
    assert result["databases"] == [
        {
            "name": "acme_waweb",
            "tables": 2,
            "rows": 7,
            "bytes": 1000,
            "seconds": 0.123,
            "tables_detail": [
                {"name": "public.users", "rows_source": 3, "rows_target": 3},
                {"name": "public.tokens", "rows_source": 4, "rows_target": 4},
            ],
        }
    ]
    assert result["definers"] == [{"database": "acme_waweb", "kind": "view", "name": "v", "definer": "gone@%"}]
    assert result["diff"] == {"before": {"databases": ["acme_waweb"]}, "after": {"databases": ["acme_waweb"]}}
    assert json.loads(progress.read_text())["phase"] == "done"
    assert "s3cret" not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


@pytest.mark.parametrize(("name", "port"), [("postgresql", 5432), ("mysql", 3306)])
def test_port_of_the_engine(
    run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine], name: str, port: int
) -> None:
    run_module(database_copy.main, {**ARGUMENTS, "engine": name})
    assert (engine.requests[0].source.port, engine.requests[0].target.port) == (5433, port)


def test_check_mode(run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine], tmp_path: Path) -> None:
    arguments = {**ARGUMENTS, "progress_path": str(tmp_path / "progress.json")}
    result = run_module(database_copy.main, arguments, check_mode=True)
    assert result["changed"] is True
    assert result["plan"] == [{"name": "acme_waweb"}]
    assert list(tmp_path.iterdir()) == []


def test_error(run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine]) -> None:
    engine.error = "Copying table public.users failed: no"
    result = run_module(database_copy.main, ARGUMENTS)
    assert result["failed"] is True
    assert result["msg"] == "Copying table public.users failed: no"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"databases": []}, "databases is empty"),
        ({"databases": ["a", "a"]}, "more than once"),
        ({"jobs": 0}, "jobs must be 1 or more"),
        ({"marker": " "}, "marker must not be empty"),
        ({"replace_marker": ""}, "replace_marker must not be empty"),
        ({"engine": "oracle"}, "value of engine must be one of"),
    ],
)
def test_options(
    run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine], changes: dict[str, Any], message: str
) -> None:
    result = run_module(database_copy.main, {**ARGUMENTS, **changes})
    assert result["failed"] is True
    assert message in result["msg"]
    assert engine.requests == []
