# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and colours for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Paint:
    """Colours text, or leaves it alone where nobody would see colours."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled

    def __call__(self, colour: str, text: str) -> str:
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._enabled else text


def duration(seconds: float) -> str:
    """A length of time in its two biggest units."""
    whole = max(0, int(seconds))
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {small}"
    return f"{whole} s"


def size(count: float) -> str:
    """Bytes in the unit that leaves one to four digits."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def phone(wa_id: str) -> str:
    """A North American number as people write it."""
    return f"+{wa_id[0]} {wa_id[1:4]} {wa_id[4:7]} {wa_id[7:]}" if len(wa_id) == 11 else f"+{wa_id}"


def table(rows: Sequence[Sequence[str]], indent: int = 2) -> list[str]:
    """Left-aligned columns, each as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (" " * indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
