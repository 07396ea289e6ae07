# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever differs is said, and only what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.gate import Truth, differences
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan, Table

TABLES = [Table(number, "public", f"t{number}", 1, 1, 0) for number in range(2)]
PLAN = Plan("acme_x", {}, TABLES, [("public", "s")], [])
TRUTH = Truth(rows=[3, 0], sequences=[[7, True]], structure={"indexes of public.t0": 2, "views": 1})


def test_equal() -> None:
    assert differences(PLAN, TRUTH, replace(TRUTH)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rows": [3, 1]}, "table public.t1 has 0 rows on the source and 1 on the target"),
        (
            {"sequences": [[7, False]]},
            "sequence public.s stands at 7 (used) on the source and at 7 (not yet used) on the target",
        ),
        (
            {"structure": {"indexes of public.t0": 1, "views": 1}},
            "indexes of public.t0: 2 on the source and 1 on the target",
        ),
        ({"structure": {"indexes of public.t0": 2}}, "views: 1 on the source and 0 on the target"),
        ({"structure": {**TRUTH.structure, "functions": 4}}, "functions: 0 on the source and 4 on the target"),
    ],
)
def test_different(changes: dict[str, Any], sentence: str) -> None:
    assert differences(PLAN, TRUTH, replace(TRUTH, **changes)) == [sentence]
