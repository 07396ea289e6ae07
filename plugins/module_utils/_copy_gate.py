# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put into words what is not equal on two servers. Pure; private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAMED_DIFFERENCES = 5


def row_differences(tables: Sequence[str], source: Sequence[int], target: Sequence[int]) -> list[str]:
    return [
        f"table {table} has {there} rows on the source and {here} on the target"
        for table, there, here in zip(tables, source, target)
        if there != here
    ]


def number_differences(source: Mapping[str, int], target: Mapping[str, int]) -> list[str]:
    """Numbers of things by kind; a kind that is not mentioned is not there."""
    return [
        f"{kind}: {source.get(kind, 0)} on the source and {target.get(kind, 0)} on the target"
        for kind in sorted({*source, *target})
        if source.get(kind, 0) != target.get(kind, 0)
    ]


def definition_changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Sentences about relations that were made, dropped or altered, by what is known of their columns."""
    changes = {name: "is new" if name not in before else "is gone" for name in before.keys() ^ now.keys()}
    changes.update({name: "has other columns" for name in before.keys() & now.keys() if before[name] != now[name]})
    return [f"{name} {changes[name]}" for name in sorted(changes)]


def summarise(found: Sequence[str]) -> str:
    more = len(found) - NAMED_DIFFERENCES
    return "; ".join(found[:NAMED_DIFFERENCES]) + (f"; and {more} more differences" if more > 0 else "")
