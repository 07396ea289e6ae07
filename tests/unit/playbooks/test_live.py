# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that follow: what a run knows of them, on its first day and on a later one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.waba.migration.plugins.module_utils._replica import TARGET, Obstacle, obstacles_summary

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Values, Wire

CHECKOUT = Path(__file__).parents[3]
LIVE = {"mode": "live", "why": "database_host_mode says so"}
BULK = {"mode": "bulk", "why": "database_host_mode says so"}
FOLLOWED: dict[str, Any] = {
    "name": "waba_migration_acme_0a1b2c3d",
    "engine": "postgresql",
    "old_server": "db-old:5432",
    "databases": ["acme_x", "acme_y"],
}
NAMES = f"2 databases under the name {FOLLOWED['name']}. It makes db-old:5432 keep"
CUT = {
    "position": "0/1DCA3D0",
    "seconds": 0.095,
    "parts": {"idle": 2.5, "drain": 0.023, "compare": 0.016, "show": 0.056},
    "databases": [{"name": "acme_x", "tables": 3}, {"name": "acme_y", "tables": 1}],
}
OWN = {
    "__database_host_client_engine": "PGSQL",
    "__database_host_planned": ["acme_x"],
    "__database_host_replication_left": False,
    "__database_host_prefix": "acme_",
    "__database_host_source": {"login_host": "db-old", "login_port": 5432},
}


def localhost(option: str, facts: Values, **known: Any) -> Values:
    return {"__migration_settings": {"option": option}, "__migration_journal": {"facts": facts, "phases": {}}, **known}


@pytest.mark.parametrize(
    ("option", "chosen", "journal", "live"),
    [
        ("full", LIVE, {}, True),
        ("messages", LIVE, {}, True),
        ("full", BULK, {"transfer": LIVE}, False),
        # Killed in the window: the preflight is not repeated.
        ("full", None, {"transfer": LIVE}, True),
        ("full", None, {"transfer": BULK}, False),
        ("full", None, {}, False),
        ("client_only", BULK, {"transfer": {}}, False),
        ("settings", None, {"transfer": {}}, False),
    ],
)
def test_a_run_that_goes_on_knows_how_its_databases_move(
    wire: Wire, option: str, chosen: Values | None, journal: Values, live: bool
) -> None:
    database = {"__database_host_choice": chosen} if chosen else {}
    assert wire("__live", localhost=localhost(option, journal), database=database) is live


@pytest.mark.parametrize(
    ("journal", "now", "left"),
    [
        ({}, None, False),
        ({"replication": {"state": "intended"}}, None, True),
        ({"replication": {"state": "there"}}, None, True),
        ({"replication": {"state": "removed"}}, None, False),
        ({}, "intended", True),
        ({"replication": {"state": "there"}}, "removed", False),
    ],
)
def test_what_may_be_left_is_known_from_its_intent_on(wire: Wire, journal: Values, now: str | None, left: bool) -> None:
    known = {"__migration_replication": now} if now else {}
    assert wire("__database_host_replication_left", localhost=localhost("full", journal, **known)) is left


@pytest.mark.parametrize(
    ("variables", "size", "choice"),
    [
        ({"database_host_mode": "bulk"}, 10**12, "mode: bulk why: database_host_mode says so"),
        ({}, 199_900_000, "mode: bulk why: 199.9 MB of data is less than database_host_live_threshold (200 MB)"),
    ],
)
def test_small_data_needs_no_look_at_the_servers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variables: Values, size: int, choice: str
) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "1")
    known = {**OWN, "__database_host_planned_bytes": size, **variables}
    status, output = desk.step("database", "database_host", "plan_mode", **known)
    assert status == 0, output
    assert choice in output


def role_value(name: str, **variables: Any) -> Any:
    """Evaluates a variable of the role that moves databases, which is its own or one of its preflight's."""
    role = CHECKOUT / "roles" / "database_host"
    own, tasks = (
        DataLoader().load_from_file(str(role / file), trusted_as_template=True)
        for file in ("vars/main.yml", "tasks/preflight.yml")
    )
    findings = next(task["vars"] for task in tasks if "__database_host_live_checks_all" in task.get("vars", {}))
    templar = Templar(loader=DataLoader(), variables={**own, **findings, **variables})
    return templar.template(trust_as_template(f"{{{{ {name} }}}}"))


@pytest.mark.parametrize(
    ("option", "said", "required"),
    [("full", True, True), ("full", False, False), ("messages", True, True), ("messages", False, True)],
)
def test_nobody_can_have_users_of_the_old_platform_on_the_new_server(option: str, said: bool, required: bool) -> None:
    known = {"__database_host_option": option, "database_host_live_require_own_log": said}
    assert role_value("__database_host_require_own_log", **known) is required
    assert role_value("__database_host_require_own_account", **known) is (option == "messages")


@pytest.mark.parametrize(
    ("obstacle", "remedy"),
    [
        (
            Obstacle(None, "own_log", "The new server fetches it", "binlog_ignore_db = acme_waweb", restart=True),
            "On db-old: binlog_ignore_db = acme_waweb, and restart the server.",
        ),
        (
            Obstacle(None, "rights", "root lacks it", "GRANT REPLICATION_APPLIER ON *.* TO root", server=TARGET),
            "On db-new: GRANT REPLICATION_APPLIER ON *.* TO root",
        ),
        (
            Obstacle("acme_x", "keyless", "There is no key", "ALTER TABLE acme_x.t ADD COLUMN k INT"),
            "On db-old, in the database acme_x: ALTER TABLE acme_x.t ADD COLUMN k INT",
        ),
        (
            Obstacle(None, "link", "It cannot connect", server=TARGET),
            "Mend what is named there, or set database_host_mode to bulk.",
        ),
    ],
)
def test_a_finding_says_what_to_do_on_which_server(obstacle: Obstacle, remedy: str) -> None:
    servers = {
        f"__database_host_{side}": {"login_host": f"db-{age}"} for side, age in (("source", "old"), ("target", "new"))
    }
    found = role_value(
        "__database_host_live_checks_all", __database_host_live_obstacles=obstacles_summary([obstacle]), **servers
    )
    assert found == [{"id": "database_host.live", "ok": False, "found": obstacle.text, "remedy": remedy}]


def test_databases_that_follow_are_not_copied_instead_because_nobody_could_look_at_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "1")
    nowhere = {"login_host": "db.invalid", "login_port": 5432, "login_user": "acme", "login_password": "x"}
    known = {
        **OWN,
        "__database_host_replication_left": True,
        "__database_host_planned_bytes": 10**12,
        "__database_host_option": "full",
        "__database_host_source": nowhere,
        "__database_host_target": nowhere,
        "__database_host_marker": "waba.migration x",
        "__database_host_replace_marker": "waba.migration x",
        "__database_host_source_error": "",
        "__database_host_target_error": "",
    }
    status, output = desk.step("database", "database_host", "plan_mode", **known)
    assert status == 0, output
    assert "__database_host_live_unknown: true" in output


@pytest.mark.parametrize(("unknown", "left", "stops"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_a_prepared_move_that_cannot_be_looked_at_is_a_finding(unknown: bool, left: bool, stops: int) -> None:
    found = role_value(
        "__database_host_live_checks",
        database_host_mode="auto",
        __database_host_live_unknown=unknown,
        __database_host_replication_left=left,
        __database_host_live_obstacles=[{"text": "no answer", "database": None, "statement": None}],
    )
    assert [row["found"] for row in found] == ["no answer"] * stops


@pytest.mark.parametrize(
    ("facts", "move", "lines"),
    [
        (
            {"transfer": LIVE, "replication": {**FOLLOWED, "state": "there"}},
            {},
            ["Mode live: database_host_mode says so", f"Left on both database servers: Replication of {NAMES}"],
        ),
        (
            {"transfer": LIVE, "replication": {**FOLLOWED, "engine": "mysql", "state": "there"}},
            {},
            ["0a1b2c3d. db-old:5432 has an account of it. The next run goes on with it"],
        ),
        (
            {"transfer": LIVE, "replication": {**FOLLOWED, "state": "intended"}},
            {},
            [f"Replication may be there of {NAMES}"],
        ),
        (
            {"transfer": LIVE, "replication": {**FOLLOWED, "state": "removed"}},
            {"databases": [], "cut": CUT},
            [
                "Databases 2 followed the old ones and were cut off within 0.10 s",
                "drain 0.02 s, compare 0.02 s, show 0.06 s",
                "databases cut off, last media, compared",
            ],
        ),
        # Killed between the cut and the note of it.
        (
            {"transfer": LIVE, "replication": {**FOLLOWED, "state": "removed"}},
            {"databases": [], "cut": {"position": "", "seconds": "", "parts": {}, "databases": []}},
            ["Databases 2 followed the old ones and were cut off"],
        ),
    ],
)
def test_the_report_says_how_they_moved_and_what_is_left(
    desk: Desk, facts: Values, move: Values, lines: list[str]
) -> None:
    desk.has_journal(facts=facts, phases={"move": {"status": "done", "attempts": 1, "facts": move}} if move else {})
    report = desk.report()
    assert [line for line in lines if line not in report] == []
    assert ("Left on both" in report) is (facts["replication"]["state"] != "removed")


@pytest.mark.parametrize(("state", "stops"), [("there", False), ("intended", False), ("removed", True)])
def test_a_preparation_can_be_gone_back_from(desk: Desk, state: str, stops: bool) -> None:
    desk.has_journal(facts={"replication": {**FOLLOWED, "state": state}})
    _status, output = desk.run("rollback.yml")
    assert ("knows of no window" in output) is stops
