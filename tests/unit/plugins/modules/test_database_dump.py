# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_dump hands its options to the engine, and says what was written and what a dump does not keep."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils import _database_argspec
from ansible_collections.waba.migration.plugins.module_utils._database import (
    DatabaseError,
    Dump,
    DumpPlan,
    DumpRequest,
    DumpResult,
    Server,
)
from ansible_collections.waba.migration.plugins.modules import database_dump

ARGUMENTS = {
    "engine": "mysql",
    "login_host": "db",
    "login_user": "wa",
    "login_password": "s3cret",
    "databases": ["acme_waweb"],
    "directory": "/srv/dumps/acme",
}
PLAN = DumpPlan({"acme_waweb": 1000}, 1500, 9000, ["mysqldump keeps six digits of FLOAT columns: acme_waweb.t.f"])


class FakeEngine:
    """Remembers what it was asked and answers with what it was given."""

    requests: list[DumpRequest]
    error: str | None = None

    def plan_dump(self, request: DumpRequest) -> DumpPlan:
        self.requests.append(request)
        return PLAN

    def dump(self, request: DumpRequest) -> DumpResult:
        self.requests.append(request)
        if self.error:
            raise DatabaseError(self.error)
        return DumpResult([Dump("acme_waweb", "/srv/dumps/acme/acme_waweb.sql", 400, "ab" * 32, 0.12345)], PLAN, 0.5)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    FakeEngine.requests = []
    FakeEngine.error = None
    monkeypatch.setitem(_database_argspec.ENGINES, "mysql", FakeEngine)
    return FakeEngine


def test_dump(
    run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    result = run_module(database_dump.main, ARGUMENTS)
    request = engine.requests[0]
    assert request.server == Server("db", 3306, "wa", "s3cret")
    assert (request.directory, request.jobs, request.free_space_factor) == ("/srv/dumps/acme", 2, 1.5)
    assert result["changed"] is True
    assert result["dumps"] == [
        {
            "name": "acme_waweb",
            "path": "/srv/dumps/acme/acme_waweb.sql",
            "bytes": 400,
            "sha256": "ab" * 32,
            "seconds": 0.123,
        }
    ]
    assert (result["needed_bytes"], result["free_bytes"]) == (1500, 9000)
    assert warnings == PLAN.losses


def test_check_mode(run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine]) -> None:
    result = run_module(database_dump.main, ARGUMENTS, check_mode=True)
    assert (result["changed"], result["needed_bytes"]) == (True, 1500)
    assert "dumps" not in result


def test_errors_are_the_engine_s(run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine]) -> None:
    engine.error = "The disk is full."
    result = run_module(database_dump.main, ARGUMENTS)
    assert (result["failed"], result["msg"]) == (True, "The disk is full.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": []}, "databases is empty"),
        ({"databases": ["a", "a"]}, "databases names one more than once"),
        ({"jobs": 0}, "jobs must be 1 or more"),
        ({"free_space_factor": -1}, "free_space_factor must not be negative"),
    ],
)
def test_options(
    options: dict[str, Any], message: str, run_module: Callable[..., dict[str, Any]], engine: type[FakeEngine]
) -> None:
    assert message in run_module(database_dump.main, {**ARGUMENTS, **options})["msg"]
    assert engine.requests == []
