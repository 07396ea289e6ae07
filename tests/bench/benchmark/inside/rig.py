# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers of one kind, as a benchmark needs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from benchmark.inside.data import TABLES
from benchmark.inside.steps import MethodError, Step

JOBS = 2
Contents = dict[str, str]


class Rig(Protocol):
    """The old server is filled once; the new one is made anew for each run."""

    engine: str
    """As the modules call it."""
    owner: str

    def fill(self, gigabytes: float) -> None: ...

    def bytes_on_disk(self) -> int: ...

    def releases(self) -> dict[str, str]:
        """What the server and the programs that are compared say of themselves."""

    def new_target(self) -> None: ...

    def stop(self) -> None: ...

    def settle(self) -> None:
        """Have the old server write down what it has not yet, so that no run pays for the one before."""

    def ask(self, new: bool, database: str, statement: str) -> str:
        """One line, by the stock client."""

    def address(self, new: bool) -> dict[str, Any]:
        """For the writer."""

    def module_server(self, new: bool) -> dict[str, Any]: ...

    def module_options(self) -> dict[str, Any]: ...

    def guide(self, directory: Path) -> list[Step]: ...

    def peer(self, directory: Path) -> list[Step]: ...


def contents(rig: Rig, new: bool, highest: Mapping[str, str] | None = None) -> Contents:
    """Rows of each table, and the sum of their keys, up to the old server's last key."""
    found = {}
    for table in TABLES:
        where = f" WHERE id <= {highest[table.database].split()[2]}" if highest else ""
        statement = f"SELECT CONCAT(COUNT(*), ' ', SUM(id), ' ', MAX(id)) FROM {table.name}{where}"
        found[table.database] = rig.ask(new, table.database, statement)
    return found


def compare(rig: Rig) -> int:
    """See that both servers have the same rows but for what was written to the new one, and count them."""
    old = contents(rig, False)
    new = contents(rig, True, old)
    if old != new:
        raise MethodError(
            f"The servers differ: the old one has {old}, the new one {new} (rows, sum of keys, last key)."
        )
    return sum(int(line.split()[0]) for line in old.values())
