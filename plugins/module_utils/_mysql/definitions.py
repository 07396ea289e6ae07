# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a table's definition apart, so that its indexes can be built after its rows are there. Pure; private."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A line of SHOW CREATE TABLE that defines a plain index. Text in it, as in a comment, has no line breaks.
_INDEX = re.compile(r"^  (?:UNIQUE )?KEY `((?:[^`]|``)+)` .*?(,?)$")


@dataclass(frozen=True)
class Index:
    """An index as the catalogue knows it."""

    name: str
    kind: str
    columns: tuple[str | None, ...]

    @property
    def plain(self) -> bool:
        """Whether it is a B-tree over columns: others cannot be built several at a time, or only with a copy."""
        return self.kind == "BTREE" and None not in self.columns


@dataclass(frozen=True)
class Definition:
    """A table to be created, and the indexes to be added when it is full."""

    create: str
    indexes: tuple[str, ...] = ()

    def add_indexes(self, table: str) -> str:
        return f"ALTER TABLE {table} " + ", ".join(f"ADD {index}" for index in self.indexes)


def deferrable(indexes: Sequence[Index], auto_increment: str | None, foreign_keys: bool) -> list[str]:
    """Names of the indexes that can wait. All or none, so that they keep their order.

    A table without a primary key would be built anew, and foreign keys and counters need their indexes at once.
    """
    secondary = [index for index in indexes if index.name != "PRIMARY"]
    if foreign_keys or len(secondary) == len(indexes) or not all(index.plain for index in secondary):
        return []
    if any(auto_increment in index.columns for index in secondary if auto_increment):
        return []
    return [index.name for index in secondary]


def split(create: str, names: Sequence[str]) -> Definition:
    """Take the named indexes out of a CREATE TABLE; when they are not all found in it, it stays as it is."""
    kept, taken = [], {}
    lines = create.split("\n")
    for line in lines:
        found = _INDEX.match(line)
        name = found.group(1).replace("``", "`") if found else None
        if name in names and name not in taken:
            taken[name] = line.strip().rstrip(",")
        else:
            kept.append(line)
    if not names or set(taken) != set(names):
        return Definition(create)
    end = next(number for number, line in enumerate(kept) if line.startswith(")"))
    kept[end - 1] = kept[end - 1].rstrip(",")
    return Definition("\n".join(kept), tuple(taken.values()))
