# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_way_back says how the way back stands, and what is lost without it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, Obstacle
from ansible_collections.waba.migration.plugins.module_utils._way_back import (
    Returned,
    WayBackRequest,
    WayBackState,
    WayBackStatus,
)
from ansible_collections.waba.migration.plugins.modules import database_way_back

Run = Callable[..., "dict[str, Any]"]
SERVER = {"login_host": "db-old", "login_user": "wa", "login_password": "secret word"}
LEFT = Leavings(publications=["acme_x"], slots=["waba_acme_back_1"], account="waba_acme_back", subscriptions=["acme_x"])
STATE = WayBackState(
    name="acme_x",
    prepared=True,
    slot="waba_acme_back_1",
    lag_bytes=17,
    retained_bytes=170,
    broken="",
    subscribed=True,
    enabled=True,
    active=True,
    working=True,
)


class Engine:
    """Both servers of either engine."""

    def __init__(self) -> None:
        self.requests: list[WayBackRequest] = []
        self.looked: list[bool] = []
        self.engines: list[str] = []
        self.now = WayBackStatus("kept", [STATE], LEFT)
        self.done = Returned(True, "0/12", 0.12345, {"acme_x": [("public.t", "whole")]}, {"acme_x": 2})
        self.removed: Leavings | None = LEFT
        self.trouble: DatabaseError | None = None

    def open(self, engine: str, request: WayBackRequest, look: bool) -> Engine:
        self.engines.append(engine)
        self.requests.append(request)
        self.looked.append(look)
        return self

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *unused: object) -> None:
        pass

    def status(self) -> WayBackStatus:
        return self.now

    def obstacles(self) -> list[Obstacle]:
        return [Obstacle(None, "wal_level", "wal_level is replica", "ALTER SYSTEM", restart=True)]

    def keep(self, check_mode: bool) -> bool:
        return not check_mode

    def bring_back(self, check_mode: bool) -> Returned:
        if self.trouble:
            raise self.trouble
        return Returned(changed=True) if check_mode else self.done

    def remove(self, check_mode: bool) -> Leavings | None:
        return self.removed


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    found = Engine()
    opened = {name: partial(found.open, name) for name in database_way_back.WAYS_BACK}
    monkeypatch.setattr(database_way_back, "WAYS_BACK", opened)
    return found


@pytest.fixture
def run(run_module: Run, engine: Engine) -> Run:
    def call(state: str, *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {
            "state": state,
            "name": "waba_acme",
            "source": SERVER,
            "target": {**SERVER, "login_host": "db-new"},
            "databases": ["acme_x"],
            **more,
        }
        result = run_module(database_way_back.main, arguments, check_mode=check_mode)
        assert "secret word" not in str({**result, "invocation": None})
        return result

    return call


def test_changes_come_from_the_new_server(run: Run, engine: Engine) -> None:
    run("status", link={"host": "seen-by-old", "ca_path": "/etc/ca.pem"})
    [request] = engine.requests
    assert (request.source.host, request.target.host) == ("db-new", "db-old")
    assert (request.name, request.forward_name) == ("waba_acme_back", "waba_acme")
    assert (request.link.host, request.link.port, request.link.ca_path) == ("seen-by-old", 5432, "/etc/ca.pem")
    assert request.link.user == request.link.password == ""


@pytest.mark.parametrize(("engine_name", "port"), [("postgresql", 5432), ("mysql", 3306)])
def test_engine(run: Run, engine: Engine, engine_name: str, port: int) -> None:
    for state in ("status", "kept", "returned", "absent"):
        assert not run(state, engine=engine_name).get("failed")
    assert set(engine.engines) == {engine_name}
    assert {request.source.port for request in engine.requests} == {port}
    # Who only removes asks nothing before, since a server may be gone.
    assert engine.looked == [True, True, True, False]


def test_status(run: Run) -> None:
    result = run("status")
    assert {name: result[name] for name in ("changed", "state", "databases", "troubles", "left")} == {
        "changed": False,
        "state": "kept",
        "databases": [
            {
                "name": "acme_x",
                "prepared": True,
                "slot": "waba_acme_back_1",
                "lag_bytes": 17,
                "retained_bytes": 170,
                "troubles": [],
            }
        ],
        "troubles": [],
        "left": {
            "publications": ["acme_x"],
            "slots": ["waba_acme_back_1"],
            "account": "waba_acme_back",
            "subscriptions": ["acme_x"],
            "channel": None,
            "applier": None,
        },
    }
    assert "obstacles" not in result


def test_what_stands_against_it(run: Run, engine: Engine) -> None:
    engine.now = WayBackStatus("absent", [replace(STATE, slot=None, prepared=False, subscribed=False)], Leavings())
    assert run("status")["obstacles"] == [
        {
            "what": "wal_level",
            "text": "wal_level is replica",
            "statement": "ALTER SYSTEM",
            "restart": True,
            "server": "target",
        }
    ]


def test_kept(run: Run) -> None:
    assert (run("kept")["changed"], run("kept")["state"]) == (True, "kept")
    assert run("kept", check_mode=True)["changed"] is False


def test_returned(run: Run) -> None:
    result = run("returned")
    assert {name: result[name] for name in ("changed", "position", "seconds", "compared")} == {
        "changed": True,
        "position": "0/12",
        "seconds": 0.123,
        "compared": [{"name": "acme_x", "sequences": 2, "tables": [{"name": "public.t", "compared": "whole"}]}],
    }
    checked = run("returned", check_mode=True)
    assert (checked["changed"], "position" in checked) == (True, False)


def test_not_returned(run: Run, engine: Engine) -> None:
    engine.trouble = DatabaseError("Something is lost.")
    result = run("returned")
    assert (result["failed"], result["msg"]) == (True, "Something is lost.")


def test_absent(run: Run, engine: Engine) -> None:
    result = run("absent")
    assert (result["changed"], result["state"], result["left"]["subscriptions"]) == (True, "absent", ["acme_x"])
    assert run("absent", check_mode=True)["state"] == "incomplete"
    engine.removed = Leavings()
    assert run("absent")["changed"] is False


def test_new_server_that_is_lost(run: Run, engine: Engine) -> None:
    engine.removed = None
    result = run("absent", accept_target_gone=True)
    assert (result["changed"], result["state"]) == (True, "incomplete")
    assert [request.accept_target_gone for request in engine.requests] == [True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": []}, "databases is empty"),
        ({"databases": ["a", "a"]}, "names one more than once"),
        ({"name": "Waba"}, "must begin with a lower-case letter"),
        ({"name": "w" * 46}, "is too long for a way back"),
    ],
)
def test_bad_options(run: Run, engine: Engine, options: dict[str, Any], message: str) -> None:
    result = run("kept", **options)
    assert result["failed"]
    assert message in result["msg"]
    assert engine.requests == []
