# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move that is to do without some of its hosts is refused before it writes anything, wherever it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk


@pytest.mark.parametrize(
    ("limit", "left_out"), [("waba_new", "database, old"), ("localhost,waba_old", "database, new")]
)
def test_hosts_that_are_left_out(desk: Desk, limit: str, left_out: str) -> None:
    desk.options = ("--limit", limit)
    status, output = desk.run("phases/open.yml")
    assert status != 0
    assert f"This run leaves out {left_out}. A move needs all of its hosts: run it without --limit." in output
    assert not desk.run_directory.exists()
