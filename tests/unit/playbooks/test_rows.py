# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are compared once. What came of it stays, and what cannot be found out any more is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Values, Wire

UNKNOWN: dict[str, Any] = {"rows_equal": False, "rows_compared": 0, "rows_differ": "", "rows_uncompared": ""}
EQUAL = {**UNKNOWN, "rows_equal": True, "rows_compared": 300}
DIFFER = {**UNKNOWN, "rows_differ": "acme_x: table public.t has 3 rows on the source and 2 on the target."}
LOST = {**UNKNOWN, "rows_uncompared": "The snapshot is lost: this host was booted since."}
SO_FAR = f"{LOST['rows_uncompared']} What is known: before the new client was started,"
WAY_OUT = "run the same command again with -e migration_accept_uncompared=true"


@pytest.mark.parametrize(
    ("option", "todo", "known", "compares"),
    [
        ("full", ["verify"], {}, True),
        ("messages", ["start", "verify"], {}, True),
        ("full", ["verify"], LOST, True),
        ("full", ["verify"], EQUAL, False),
        ("full", ["verify"], DIFFER, False),
        ("full", ["finish"], {}, False),
        ("settings", ["verify"], {}, False),
        ("client_only", ["verify"], {}, False),
    ],
)
def test_rows_are_compared_until_it_is_known_whether_they_are_equal(
    wire: Wire, option: str, todo: list[str], known: Values, compares: bool
) -> None:
    localhost = {
        "__migration_finished": False,
        "__migration_todo": todo,
        "__migration_settings": {"option": option},
        "__migration_journal": {"phases": {"verify": {"facts": known}}, "facts": {}},
    }
    assert wire("__compares_rows", localhost=localhost) is compares


@pytest.mark.parametrize(
    ("known", "mode", "accepts", "said"),
    [
        (EQUAL, "bulk", False, None),
        (LOST, "bulk", True, None),
        (LOST, "bulk", False, f"{SO_FAR} every table had"),
        (LOST, "live", False, f"{SO_FAR} small tables were the same"),
        (DIFFER, "live", True, DIFFER["rows_differ"]),
    ],
)
def test_rows_that_are_not_known_to_be_equal_need_a_word(
    desk: Desk, known: Values, mode: str, accepts: bool, said: str | None
) -> None:
    status, output = desk.step(
        "database",
        "database_host",
        "compared",
        __database_host_known_rows=known,
        __database_host_transfer={"mode": mode},
        __database_host_accept_uncompared=accepts,
    )
    assert status == (2 if said else 0)
    assert said is None or said in output
    assert (WAY_OUT in output) is (known is LOST and not accepts)


def test_a_lost_snapshot_is_recorded_before_it_is_judged(desk: Desk) -> None:
    server = {"login_host": "nowhere", "login_user": "wa", "login_password": "x"}
    status, output = desk.step(
        "database",
        "database_host",
        "compare",
        "compared",
        __database_host_source=server,
        __database_host_target=server,
        __database_host_engine="postgresql",
        __database_host_databases=["acme_x"],
        __database_host_hold_path=str(desk.run_directory / "hold"),
        __database_host_bin="/usr/bin",
        __database_host_known_rows="{{ __database_host_rows }}",
        __database_host_transfer={"mode": "bulk"},
        __database_host_accept_uncompared=False,
    )
    assert status == 2
    assert "TASK [waba.migration.database_host : compare | Keep what came of it] ok: [database]" in output
    assert "No snapshot is held in" in output
    assert WAY_OUT in output


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (EQUAL, "Rows 300 compared by their content beside the running client, equal"),
        (
            LOST,
            "Rows NOT compared by their content after the start, only counted before it (accepted) The snapshot",
        ),
    ],
)
def test_the_report_says_what_came_of_it(desk: Desk, facts: Values, line: str) -> None:
    databases = [{"name": "acme_x", "tables": 1, "rows": 300, "bytes": 8192}]
    done = {"status": "done", "attempts": 1}
    desk.has_journal(
        verdict="succeeded",
        closed="2026-11-24T09:43:00.001Z",
        phases={"move": {**done, "facts": {"databases": databases}}, "verify": {**done, "facts": facts}},
    )
    assert line in desk.report()
