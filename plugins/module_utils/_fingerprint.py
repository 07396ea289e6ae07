# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server holds, as counts and hashes, and how two servers differ. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    class Snapshots(Protocol):
        """Databases of one server, each at one moment."""

        def facts(self) -> dict[str, Any]:
            """What has to be known of both servers to choose how they are hashed."""

        def fingerprints(self, names: Sequence[str], method: Mapping[str, Any], jobs: int) -> list[Fingerprint]:
            """Hash the databases, several at the same time."""

        def stop(self) -> None:
            """End what is being done, from another thread."""


TABLE = "table"
SEQUENCE = "sequence"
COUNTER = "AUTO_INCREMENT of table"
LARGE_OBJECTS = "large objects"
# 64-bit hashes are added up, so that their order does not matter and equal rows do not cancel out.
SUM_MODULUS = 2**128
NAMED_DIFFERENCES = 5


@dataclass(frozen=True)
class Item:
    """A table, a sequence or counter, or all large objects.

    ``shape`` is what must be equal before hashes mean anything.
    """

    kind: str
    name: str
    rows: int
    hash: str
    shape: str = ""


@dataclass(frozen=True)
class Fingerprint:
    """What one database holds."""

    database: str
    items: list[Item]

    @property
    def tables(self) -> list[Item]:
        return [item for item in self.items if item.kind == TABLE]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Fingerprint:
        return Fingerprint(document["database"], [Item(**item) for item in document["items"]])


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same on both servers; None for the side that does not have it."""

    source: Item | None
    target: Item | None

    @property
    def kind(self) -> str:
        return self._any.kind

    @property
    def name(self) -> str:
        return self._any.name

    @property
    def _any(self) -> Item:
        found = self.source or self.target
        if found is None:
            raise ValueError("a difference has at least one side")
        return found

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}".rstrip()
        if self.source is None or self.target is None:
            return f"{what} is only on the {'source' if self.source else 'target'}"
        if self.kind in (SEQUENCE, COUNTER):
            return f"{what} stands at {self.source.hash} on the source and at {self.target.hash} on the target"
        if self.source.rows != self.target.rows:
            return f"{what} has {self.source.rows} rows on the source and {self.target.rows} on the target"
        if self.source.shape != self.target.shape:
            return f"{what} has the columns {self.source.shape} on the source and {self.target.shape} on the target"
        return f"{what} has {self.source.rows} rows on both, but not the same ones"


@dataclass(frozen=True)
class Comparison:
    """One database, on both servers."""

    source: Fingerprint
    target: Fingerprint

    @property
    def database(self) -> str:
        return self.source.database

    @property
    def differences(self) -> list[Difference]:
        there = {(item.kind, item.name): item for item in self.source.items}
        here = {(item.kind, item.name): item for item in self.target.items}
        return [
            Difference(there.get(key), here.get(key))
            for key in sorted({*there, *here})
            if there.get(key) != here.get(key)
        ]


def summarise(comparisons: Sequence[Comparison]) -> str:
    """Sentences that name every database that differs, and the first things in each."""
    return "; ".join(
        f"{comparison.database}: {_first(comparison.differences)}"
        for comparison in comparisons
        if comparison.differences
    )


def hash_text(total: int) -> str:
    """The sum of a table's hashes as people see it."""
    return f"{total % SUM_MODULUS:032x}"


def _first(differences: Sequence[Difference]) -> str:
    more = len(differences) - NAMED_DIFFERENCES
    named = ", ".join(str(difference) for difference in differences[:NAMED_DIFFERENCES])
    return named + (f", and {more} more" if more > 0 else "")
