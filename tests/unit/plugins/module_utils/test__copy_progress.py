# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress file is always a whole document."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError


def test_document(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    with Progress(str(path)) as progress:
        assert json.loads(path.read_text())["phase"] == "planning"
        progress.phase("copying")
        progress.expect(databases=1, tables=2, rows=10, bytes=1000)
        progress.begin("acme_x")
        progress.advance(rows=7)
        document = progress.document()
        progress.end("acme_x")
    assert document["current"] == ["acme_x"]
    assert document["rows"] == {"done": 7, "total": 10}
    last = json.loads(path.read_text())
    assert (last["phase"], last["databases"]) == ("done", {"done": 1, "total": 1})
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_written_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Progress, "INTERVAL", 0.01)
    path = tmp_path / "progress.json"
    with Progress(str(path)) as progress:
        progress.measure_bytes_with(lambda: 42)
        deadline = time.monotonic() + 5
        while json.loads(path.read_text())["bytes"]["done"] != 42:
            assert time.monotonic() < deadline


def test_failure(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    with pytest.raises(DatabaseError), Progress(str(path)):
        raise DatabaseError("no")
    assert json.loads(path.read_text())["phase"] == "failed"


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    with Progress(None) as progress:
        progress.advance(rows=1)
    assert list(tmp_path.iterdir()) == []
