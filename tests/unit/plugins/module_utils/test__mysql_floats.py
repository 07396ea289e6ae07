# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables with single precision numbers are read with a query of our own; the integration tests run it."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.floats import has_floats, with_all_digits

ID, SHARE, EXACT = ({"name": name, "type": kind} for name, kind in (("id", "int"), ("a`b", "float"), ("d", "double")))


@pytest.mark.parametrize(("columns", "found"), [([ID, EXACT], False), ([ID, SHARE], True), ([], False)])
def test_tables_with_floats(columns: list[dict[str, str]], found: bool) -> None:
    assert has_floats(columns) is found


@pytest.mark.parametrize(
    ("condition", "end"),
    [(None, "FROM `t``x`"), ("`id` >= 5 AND `id` < 9", "FROM `t``x` WHERE `id` >= 5 AND `id` < 9")],
    ids=["all rows", "a range"],
)
def test_query(condition: str | None, end: str) -> None:
    query = with_all_digits("t`x", [ID, SHARE, EXACT], condition)
    assert query == f"FALSE UNION ALL SELECT `id`, `a``b` * 1e0, `d` {end}"
