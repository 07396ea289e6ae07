# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for a person."""

from __future__ import annotations

import pytest

from labctl.screen import Paint, duration, phone, size, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-3, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min"), (90000, "1 d 1 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (7_500_000, "7.5 MB"), (2_147_483_648, "2.1 GB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_a_number_is_written_as_people_do() -> None:
    assert phone("15550100001") == "+1 555 010 0001"
    assert phone("4915550100") == "+4915550100"


def test_columns_align() -> None:
    assert table([["a", "bbb"], ["cc", "d"]]) == ["  a   bbb", "  cc  d"]


def test_colours_only_where_they_are_seen() -> None:
    assert Paint(False)("red", "x") == "x"
    assert Paint(True)("red", "x") == "\033[31mx\033[0m"
