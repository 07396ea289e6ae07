# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that does not answer ends the copy; one that refuses, or a copy that is over, does not."""

from __future__ import annotations

import sys
import time

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import watch
from ansible_collections.waba.migration.plugins.module_utils._mysql.watch import Watch

SERVER = Server("db-old", 3306, "u", "p")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "INTERVAL", 0.01)
    monkeypatch.setattr(watch, "PATIENCE", 0.3)


def test_silence() -> None:
    children = Children({})
    with Watch(children, {SERVER: [sys.executable, "-c", "import time; time.sleep(60)"]}):
        deadline = time.monotonic() + 10
        while children.cause is None and time.monotonic() < deadline:
            time.sleep(0.01)
    assert str(children.cause) == "The database server db-old:3306 has not answered for 0.3 seconds."


@pytest.mark.parametrize("status", [0, 1])
def test_an_answer(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 20.0)
    children = Children({})
    with Watch(children, {SERVER: [sys.executable, "-c", f"raise SystemExit({status})"]}):
        time.sleep(0.5)
    assert children.cause is None


def test_the_end_of_the_copy_is_not_waited_for() -> None:
    children = Children({})
    started = time.monotonic()
    with Watch(children, {SERVER: [sys.executable, "-c", "import time; time.sleep(60)"]}):
        time.sleep(0.1)
    assert time.monotonic() - started < 5
    assert children.cause is None
