# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump of one database holds, whichever engine's."""

from __future__ import annotations

from dataclasses import dataclass, field

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows as the dump has them, by primary key; by whole rows where there is none."""

    columns: tuple[str, ...]
    rows: dict[Row, Row]

    @classmethod
    def keyed(cls, columns: tuple[str, ...], rows: list[Row], key: tuple[str, ...]) -> Table:
        places = [columns.index(column) for column in key or columns]
        return cls(columns, {tuple(row[place] for place in places): row for row in rows})


@dataclass
class Dump:
    """Tables and sequences by their names."""

    tables: dict[str, Table] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    def count(self) -> int:
        return sum(len(table.rows) for table in self.tables.values())
