# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way back is there only where it was asked for, and asks for no consent when it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Values, Wire

LIVE = {"mode": "live", "why": "database_host_mode says so"}
LED_BACK: dict[str, Any] = {
    "name": "waba_migration_acme_0a1b2c3d_back",
    "old_server": "db-old:5432",
    "new_server": "db-new",
    "databases": ["acme_x", "acme_y"],
}
FENCED = {"fence": {"status": "done", "facts": {}, "attempts": 1}}
INTENTS = {"start_intended": "2026-11-24T09:40:00.000Z"}


@pytest.mark.parametrize(
    ("option", "mode", "asked", "leads"),
    [
        ("full", "live", True, True),
        ("full", "live", False, False),
        ("full", "bulk", True, False),
        ("messages", "live", True, False),
        ("client_only", "live", True, False),
    ],
)
def test_only_in_the_full_option_and_on_request(wire: Wire, option: str, mode: str, asked: bool, leads: bool) -> None:
    known = {"__migration_settings": {"option": option}, "__migration_journal": {"facts": {}, "phases": {}}}
    database = {"__database_host_choice": {**LIVE, "mode": mode}, "database_host_reverse": asked}
    assert wire("__leads_back", localhost=known, database=database) is leads
    assert wire("__leads_back", localhost=known, database={"__database_host_choice": LIVE}) is False


@pytest.mark.parametrize(
    ("todo", "state", "asked", "in_the_way"),
    [
        (["fence"], "removed", False, False),
        (["fence"], "intended", True, False),
        (["fence"], "intended", False, True),
        (["fence"], "kept", True, True),
        (["fence"], "returned", True, True),
        (["fence"], "given up", False, True),
        (["start"], "kept", False, False),
    ],
)
def test_only_what_this_attempt_has_made_may_be_there_at_the_fence(
    wire: Wire, todo: list[str], state: str, asked: bool, in_the_way: bool
) -> None:
    known = {
        "__migration_settings": {"option": "full"},
        "__migration_journal": {"facts": {"way_back": {"state": state}}, "phases": {}},
        "__migration_finished": False,
        "__migration_todo": todo,
    }
    database = {"__database_host_choice": LIVE, "database_host_reverse": asked}
    assert wire("__way_back_is_in_the_way", localhost=known, database=database) is in_the_way


@pytest.mark.parametrize(
    ("state", "consent"),
    [("intended", False), ("kept", False), ("returned", False), ("given up", True), ("removed", True), (None, True)],
)
def test_rollback_needs_no_consent_with_a_way_back(desk: Desk, state: str | None, consent: bool) -> None:
    facts: Values = {"way_back": {**LED_BACK, "state": state}} if state else {}
    desk.has_journal(facts=facts, phases=FENCED, intents=INTENTS)
    _status, output = desk.run("rollback.yml")
    assert ("say so with -e migration_rollback_accept_stale_keys=true" in output) is consent


def test_rollback_that_goes_on_needs_no_consent_when_everything_has_come_back(desk: Desk) -> None:
    way_back = {**LED_BACK, "state": "removed", "came_back": True}
    desk.has_journal(facts={"way_back": way_back}, phases=FENCED, intents=INTENTS)
    _status, output = desk.run("rollback.yml")
    assert "migration_rollback_accept_stale_keys" not in output


@pytest.mark.parametrize(
    ("state", "started", "old_client", "new_client", "returns"),
    [
        ("intended", False, "fenced", "running", False),
        ("intended", True, "fenced", "running", True),
        ("kept", True, "fenced", "running", True),
        ("kept", True, "fenced", "stopped", True),
        ("kept", True, "running", "stopped", False),
        ("returned", True, "fenced", "stopped", False),
        ("returned", True, "fenced", "running", True),
        ("given up", True, "fenced", "running", False),
        ("removed", True, "fenced", "running", False),
    ],
)
def test_something_comes_back_once_the_new_client_may_have_started(
    wire: Wire, state: str, started: bool, old_client: str, new_client: str, returns: bool
) -> None:
    journal = {"facts": {"way_back": {"state": state}}, "intents": INTENTS if started else {}}
    old = {"__old_host_client": {"state": old_client}}
    new = {"__new_host_there": {"client": {"state": new_client}}}
    assert wire("__returns", localhost={"__migration_journal": journal}, old=old, new=new) is returns


@pytest.mark.parametrize(
    ("database", "new", "missing"),
    [
        ("", "", ""),
        ("No route.", "", "No route."),
        (None, "", "database has not answered to the end."),
        ("", None, "What the new client has stored as media on new has not been fetched."),
        ("No route.", "new: no space left.", "No route. new: no space left."),
    ],
)
def test_what_nobody_has_seen_to_is_missing(wire: Wire, database: str | None, new: str | None, missing: str) -> None:
    """A host that is lost on the way says nothing, which must not count as that nothing is missing."""
    known = {"__migration_journal": {"facts": {"way_back": {"state": "kept"}}, "intents": INTENTS}}
    said = {} if database is None else {"__database_host_missing": database}
    media = {} if new is None else {"__migration_media_missing": new}
    old = {"__old_host_client": {"state": "fenced"}}
    assert wire("__missing", localhost=known, old=old, database=said, new=media) == missing


@pytest.mark.parametrize(
    ("state", "came_back", "old_client", "new_client", "missing"),
    [
        (
            "kept",
            False,
            "running",
            "stopped",
            "The old client serves already, so that what the new one has done",
        ),
        ("removed", True, "fenced", "running", "The new client has served since everything came back."),
        ("removed", True, "fenced", "stopped", None),
        ("returned", True, "fenced", "stopped", None),
        ("removed", False, "fenced", "running", None),
    ],
)
def test_what_cannot_come_back_needs_consent(
    wire: Wire, state: str, came_back: bool, old_client: str, new_client: str, missing: str | None
) -> None:
    known = {
        "__migration_journal": {"facts": {"way_back": {"state": state, "came_back": came_back}}, "intents": INTENTS}
    }
    hosts = {
        "localhost": known,
        "old": {"__old_host_client": {"state": old_client}},
        "new": {"__new_host_there": {"client": {"state": new_client}}},
    }
    assert wire("__gives_up_or_returns", **hosts) is (missing is not None)
    if missing:
        assert wire("__missing", **hosts).startswith(missing)


@pytest.mark.parametrize(("state", "verdict", "stops"), [
    (None, "succeeded", "knows of no way back"),
    ("intended", "failed", "The move is failed. Finish it or go back first"),
])  # fmt: skip
def test_nothing_to_remove(desk: Desk, state: str | None, verdict: str, stops: str) -> None:
    desk.has_journal(facts={"way_back": {**LED_BACK, "state": state}} if state else {}, verdict=verdict)
    _status, output = desk.run("remove_way_back.yml")
    assert stops in output


@pytest.mark.parametrize(
    ("state", "intents", "line"),
    [
        (
            "intended",
            {},
            "Way back 2 databases: May be there, and is of no use without a new client. It is called waba",
        ),
        (
            "intended",
            INTENTS,
            "Prepared, so that nothing is lost by going back. db-new keeps what the new client changes.",
        ),
        (
            "kept",
            INTENTS,
            "The old databases on db-old:5432 follow the new ones, and are not what they were at the move;",
        ),
        (
            "returned",
            INTENTS,
            "It has been used, and may be left on db-new, which then keeps what nobody fetches any more.",
        ),
        ("removed", INTENTS, ""),
    ],
)
def test_report(desk: Desk, state: str, intents: dict[str, str], line: str) -> None:
    desk.has_journal(facts={"way_back": {**LED_BACK, "state": state}}, intents=intents)
    report = desk.report()
    assert line in report
    assert ("Way back" in report) is bool(line)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("intended", "db-new keeps, as long as it does not delete its binary log, what the new client changes. It is"),
        (
            "kept",
            "db-new keeps, as long as it does not delete its binary log, what they have not fetched. It is called",
        ),
        ("returned", "It has been used, and may be left on db-new. It is called"),
        ("given up", "It has been given up, and may be left on both servers. It is called"),
    ],
)
def test_report_of_a_server_that_keeps_its_log_for_nobody(desk: Desk, state: str, line: str) -> None:
    facts = {"way_back": {**LED_BACK, "state": state}, "replication": {"engine": "mysql", "state": "removed"}}
    desk.has_journal(facts=facts, intents=INTENTS)
    assert line in desk.report()
