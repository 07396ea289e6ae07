# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings backup is taken once, just before the fence, and fetched from the fenced host as often as need be."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.waba.migration.plugins.module_utils._backup import checksum, wrap

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk, Values, Wire

ALL = ["preflight", "prepare", "two_step", "drain", "backup", "fence", "start", "verify", "finish"]
BLOB = "c2V0dGluZ3M="


def opened(option: str, todo: list[str], facts: Values) -> Values:
    return {
        "__migration_finished": False,
        "__migration_todo": todo,
        "__migration_settings": {"option": option},
        "__migration_journal": {"phases": {"fence": {"facts": facts}}, "facts": {}},
    }


@pytest.mark.parametrize(
    ("option", "todo", "state", "takes"),
    [
        ("settings", ALL, "running", True),
        # Killed in the fence before it stopped anything: the client serves, and what was taken is stale.
        ("settings", ALL[5:], "running", True),
        # Killed in or after the fence, before the fetch.
        ("settings", ALL[4:], "fenced", False),
        ("settings", ["backup", "start", "verify", "finish"], "fenced", False),
        # Killed after the fetch.
        ("settings", ["start", "verify", "finish"], "fenced", False),
        # The safety backup of the other options comes before the fence is begun.
        ("full", ["two_step", "backup", "fence", "move"], "running", True),
        ("full", ["fence", "move"], "running", False),
    ],
)
def test_a_backup_is_taken_only_from_a_client_that_still_runs(
    wire: Wire, option: str, todo: list[str], state: str, takes: bool
) -> None:
    known = {"localhost": opened(option, todo, {}), "old": {"__old_host_client": {"state": state}}}
    assert wire("__takes_backup", **known) is takes


@pytest.mark.parametrize(
    ("taken", "journal", "expected"),
    [
        ({"sha256": "now"}, {"backup": {"sha256": "then"}}, "now"),
        ({}, {"backup": {"sha256": "then"}}, "then"),
        ({}, {}, ""),
    ],
)
def test_a_run_that_goes_on_knows_the_backup_from_the_journal(
    wire: Wire, taken: Values, journal: Values, expected: str
) -> None:
    known = {"localhost": opened("settings", ["backup"], journal), "old": {"__old_host_backup": taken}}
    assert wire("__old_host_backup_sha256", **known) == expected


def fetch(desk: Desk, directory: Path, blob: str, sha256: str) -> tuple[int, str]:
    source = directory / "settings-backup.json"
    source.write_bytes(wrap(blob))
    return desk.step(
        "old",
        "old_host",
        "backup_fetch",
        __old_host_backup_path=str(source),
        __old_host_backup_destination=str(directory / "fetched"),
        __old_host_backup_sha256=sha256,
    )


def test_it_is_fetched_again_and_kept_private(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "fetched").write_text("half of an earl")
    assert fetch(desk, tmp_path, BLOB, checksum(BLOB))[0] == 0
    assert (tmp_path / "fetched").read_bytes() == wrap(BLOB)
    assert stat.S_IMODE((tmp_path / "fetched").stat().st_mode) == 0o600
    assert (tmp_path / "settings-backup.json").exists()


def test_another_one_than_was_taken_is_refused(desk: Desk, tmp_path: Path) -> None:
    status, said = fetch(desk, tmp_path, BLOB, checksum("another"))
    assert status == 2
    assert "is not the one that was taken before the fence" in said
