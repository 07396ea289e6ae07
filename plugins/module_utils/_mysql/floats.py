# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a stock dump write single precision numbers with all their digits. Pure; private; may change at any time.

A server shows C(FLOAT) with six significant digits, although it takes up to nine to tell such numbers apart, and the
dump programs write what is shown. As C(DOUBLE) the same number is shown exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier

SINGLE_PRECISION = "float"


def has_floats(columns: Sequence[Mapping[str, Any]]) -> bool:
    return any(column["type"] == SINGLE_PRECISION for column in columns)


def with_all_digits(table: str, columns: Sequence[Mapping[str, Any]], condition: str | None) -> str:
    """A condition for the dump program after which it gets the same rows from a query of ours.

    It has no way to choose what it selects, only which rows. So its own query finds none, and ours is joined to it.
    Both name all columns, in their order; would they not, the server refused it.
    """
    shown = ", ".join(_shown(column) for column in columns)
    chosen = f" WHERE {condition}" if condition else ""
    return f"FALSE UNION ALL SELECT {shown} FROM {identifier(table)}{chosen}"  # noqa: S608 - quoted


def _shown(column: Mapping[str, Any]) -> str:
    name = identifier(column["name"])
    return f"{name} * 1e0" if column["type"] == SINGLE_PRECISION else name
