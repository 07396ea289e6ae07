# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the container's part does without a server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmark.inside import steps
from benchmark.inside.data import LARGE, TABLES, batches
from benchmark.inside.others import taken
from benchmark.inside.steps import Memory, MethodError, Step, TookTooLong


def test_batches_have_each_row_once() -> None:
    found = batches(250_001)
    assert found == [(1, 100_000), (100_001, 200_000), (200_001, 250_001)]


def test_large_tables_grow_with_the_size_and_small_ones_do_not() -> None:
    rows = {table.database: (table.rows(2), table.rows(4)) for table in TABLES}
    assert rows["acme_messageStore"] == (2_080_000, 4_160_000)
    assert [large for large, (two, four) in rows.items() if two != four] == [table.database for table in LARGE]
    assert rows["acme_waweb"] == (50, 50)


def test_parts_of_programs_are_summed_and_files_go_in_and_out(tmp_path: Path) -> None:
    given, made = tmp_path / "given", tmp_path / "made"
    given.write_text("content", encoding="ascii")
    parts = steps.run(
        [
            Step("dump", ["cat"], reads=given, writes=made),
            Step("restore", ["true"]),
            Step("dump", ["sh", "-c", 'test "$WORD" = said'], {"WORD": "said"}),
        ],
        Memory(),
        tmp_path / "log",
        60,
    )
    assert sorted(parts) == ["dump", "restore"]
    assert made.read_text(encoding="ascii") == "content"


def test_a_program_that_fails_ends_the_method_with_its_words(tmp_path: Path) -> None:
    programs = [Step("copy", ["sh", "-c", "echo no room >&2; exit 3"]), Step("copy", ["touch", str(tmp_path / "x")])]
    with pytest.raises(MethodError, match="sh ended with 3: no room"):
        steps.run(programs, Memory(), tmp_path / "log", 60)
    assert not (tmp_path / "x").exists()


def test_the_limit_ends_a_program_and_what_it_started(tmp_path: Path) -> None:
    # The inner one would keep the log open.
    with pytest.raises(TookTooLong):
        steps.run([Step("dump", ["sh", "-c", "sleep 600 & sleep 600"])], Memory(), tmp_path / "log", 0.2)


def test_waiting_for_a_disk_is_not_work() -> None:
    before = "cpu  100 0 50 1000 10 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert taken(before, "cpu  140 0 60 1030 30 0 0 0 0 0\n") == 0.5


def test_memory_is_that_of_a_process_and_its_descendants(tmp_path: Path) -> None:
    for process, parent, kilobytes in ((10, 1, 5), (11, 10, 7), (12, 11, 11), (20, 1, 100)):
        entry = tmp_path / str(process)
        entry.mkdir()
        (entry / "stat").write_text(f"{process} (a ) b) S {parent} 0 0", encoding="ascii")
        (entry / "smaps_rollup").write_text(f"[rollup]\nRss: {kilobytes} kB\nPss: 2 kB\n", encoding="ascii")
    (tmp_path / "self").mkdir()
    assert steps.resident(10, tmp_path) == (23 * 1024, 6 * 1024)


def test_memory_is_watched_while_a_program_runs(tmp_path: Path) -> None:
    memory = Memory()
    code = "import time; held = bytearray(b'x') * 50_000_000; time.sleep(0.5)"
    steps.run([Step("copy", [sys.executable, "-c", code])], memory, tmp_path / "log", 60)
    assert memory.peak >= memory.peak_shared > 50_000_000
