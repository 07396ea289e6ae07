# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between two servers become sentences."""

from __future__ import annotations

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import (
    definition_changes,
    number_differences,
    row_differences,
    summarise,
)


def test_rows() -> None:
    assert row_differences(["a", "b", "c"], [1, 2, 3], [1, 0, 3]) == [
        "table b has 2 rows on the source and 0 on the target"
    ]


def test_numbers() -> None:
    assert number_differences({"views": 1, "tables": 2}, {"tables": 2, "events": 3}) == [
        "events: 0 on the source and 3 on the target",
        "views: 1 on the source and 0 on the target",
    ]


def test_summary_is_bounded() -> None:
    assert summarise(["a", "b"]) == "a; b"
    assert summarise(list("abcdefg")) == "a; b; c; d; e; and 2 more differences"


def test_relations_that_were_altered() -> None:
    before = {"t": "id int", "gone": "id int", "wider": "a varchar(20)"}
    now = {"t": "id int", "late": "id int", "wider": "a varchar(40)"}
    assert definition_changes(before, now) == ["gone is gone", "late is new", "wider has other columns"]
    assert definition_changes(before, before) == []
