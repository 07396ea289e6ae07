# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_replica does what its states say, and no more in check mode."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyResult,
    DatabaseError,
    DatabaseResult,
    TableResult,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import replica as mysql_replica
from ansible_collections.waba.migration.plugins.module_utils._postgresql import replica
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, Obstacle, ReplicaRequest, Status
from ansible_collections.waba.migration.plugins.modules import database_replica

Run = Callable[..., "dict[str, Any]"]
ABSENT = Status("absent", [], Leavings())
LEFT = Leavings(["acme_x"], ["n_1"], "n", ["acme_x.incomplete"], ["acme_x.incomplete"])
SERVER = {"login_host": "db-old", "login_user": "wa", "login_password": "secret word", "ca_path": "/ca.pem"}


class FakeEngine:
    """In the place of two servers."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.state = "absent"
        self.request: ReplicaRequest

    def status(self, request: ReplicaRequest) -> Status:
        self.request = request
        return ABSENT if self.state == "absent" else Status(self.state, [], LEFT)

    def check_seed(self, request: ReplicaRequest) -> None:
        self.done.append("checked")

    def seed(self, request: ReplicaRequest, progress: Progress) -> CopyResult:
        self.done.append("seeded")
        self.state = "seeded"
        return CopyResult([DatabaseResult("acme_x", 1000, 1.0, [TableResult("public.t", 3, 3)])], 1.23456, [])

    def follow(self, request: ReplicaRequest, check_mode: bool) -> tuple[bool, Status]:
        if self.state == "absent":
            raise DatabaseError("Seed them first.")
        return True, Status("following", [], LEFT)

    def abandon(self, request: ReplicaRequest, check_mode: bool) -> Leavings:
        found = Leavings() if self.state == "absent" else LEFT
        if not check_mode:
            self.done.append("abandoned")
            self.state = "absent"
        return found

    def find_obstacles(self, request: ReplicaRequest) -> list[Obstacle]:
        return [Obstacle(None, "wal_level", "It is replica", "ALTER SYSTEM", True)]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    for name in ("status", "check_seed", "seed", "follow", "abandon", "find_obstacles"):
        monkeypatch.setattr(replica, name, getattr(fake, name))
    return fake


@pytest.fixture
def run(run_module: Run, engine: FakeEngine) -> Run:
    def call(state: str, *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {
            "state": state,
            "name": "waba_acme",
            "source": SERVER,
            "target": {**SERVER, "login_host": "db-new"},
            "databases": ["acme_x"],
            "owner": "wa",
            "marker": "waba.migration 1",
            **more,
        }
        result = run_module(database_replica.main, arguments, check_mode=check_mode)
        assert "secret word" not in str({**result, "invocation": None})
        return result

    return call


@pytest.mark.parametrize(
    ("state", "check_mode", "done", "changed"),
    [
        ("absent", False, ["seeded"], True),
        ("absent", True, ["checked"], True),
        ("incomplete", False, ["abandoned", "seeded"], True),
        ("incomplete", True, [], True),
        ("seeded", False, [], False),
        ("following", False, [], False),
        ("following", True, [], False),
    ],
)
def test_seeded(run: Run, engine: FakeEngine, state: str, check_mode: bool, done: list[str], changed: bool) -> None:
    engine.state = state
    result = run("seeded", check_mode=check_mode)
    assert (engine.done, result["changed"]) == (done, changed)
    assert ("seed" in result) == ("seeded" in done)


def test_what_was_seeded(run: Run) -> None:
    result = run("seeded")
    assert result["seed"] == {"tables": 1, "rows": 3, "bytes": 1000, "seconds": 1.235}
    assert (result["state"], result["left"]["slots"]) == ("seeded", ["n_1"])


@pytest.mark.parametrize(("state", "message"), [("broken", "is there and broken"), ("cut", "have been cut off")])
def test_what_is_not_seeded_over(run: Run, engine: FakeEngine, state: str, message: str) -> None:
    engine.state = state
    result = run("seeded")
    assert result["failed"]
    assert message in result["msg"]
    assert engine.done == []


def test_following(run: Run, engine: FakeEngine) -> None:
    assert run("following")["msg"] == "Seed them first."
    engine.state = "seeded"
    assert (run("following")["changed"], run("following")["state"]) == (True, "following")


def test_status(run: Run, engine: FakeEngine) -> None:
    absent = run("status")
    assert (absent["changed"], absent["obstacles"][0]["statement"]) == (False, "ALTER SYSTEM")
    engine.state = "following"
    assert "obstacles" not in run("status")


def test_abandoned(run: Run, engine: FakeEngine) -> None:
    assert run("abandoned")["changed"] is False
    engine.state = "seeded"
    would = run("abandoned", check_mode=True)
    assert (would["changed"], would["state"], would["left"]["account"]) == (True, "incomplete", "n")
    assert (run("abandoned")["changed"], run("abandoned")["changed"]) == (True, False)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (None, ("db-old", 5432, "verify-full", "/ca.pem")),
        ({"host": "10.0.0.1"}, ("10.0.0.1", 5432, "verify-full", "/ca.pem")),
        ({"port": 1, "ssl_mode": "require", "ca_path": "/x"}, ("db-old", 1, "require", "/x")),
    ],
)
def test_link(run: Run, engine: FakeEngine, link: dict[str, Any] | None, expected: tuple[Any, ...]) -> None:
    run("status", link=link)
    found = engine.request.link
    assert (found.host, found.port, found.ssl_mode, found.ca_path) == expected
    assert (found.user, found.password) == ("", "")


def test_engine(run: Run, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own way, and its own port."""
    monkeypatch.setattr(mysql_replica, "status", engine.status)
    engine.state = "following"
    assert run("status", engine="mysql", require_own_log=False)["state"] == "following"
    assert (engine.request.source.port, engine.request.link.port) == (3306, 3306)
    assert engine.request.require_own_log is False
    assert engine.request.require_own_account is False


def test_sizes(run: Run, engine: FakeEngine) -> None:
    run("status", retain_limit="1G", lag_limit="2M")
    assert (engine.request.retain_limit, engine.request.lag_limit) == (2**30, 2 * 2**20)
    run("status")
    assert (engine.request.retain_limit, engine.request.lag_limit) == (10 * 2**30, 65536)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": []}, "databases is empty"),
        ({"databases": ["a", "a"]}, "names one more than once"),
        ({"jobs": 0}, "jobs must be 1 or more"),
        ({"marker": " "}, "marker must not be empty"),
        ({"replace_marker": ""}, "replace_marker must not be empty"),
        ({"name": "Waba-acme"}, "must begin with a lower-case letter"),
    ],
)
def test_bad_options(run: Run, engine: FakeEngine, options: dict[str, Any], message: str) -> None:
    result = run("seeded", **options)
    assert result["failed"]
    assert message in result["msg"]
    assert engine.done == []
