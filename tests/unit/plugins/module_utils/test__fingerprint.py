# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever differs between two fingerprints is said, and only what differs."""

from __future__ import annotations

import json

import pytest
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import (
    Comparison,
    Fingerprint,
    Item,
    hash_text,
    summarise,
)

MESSAGES = Item("table", "public.messages", 9, "aa", "id bigint")
SEQUENCE = Item("sequence", "public.s", 0, "9 (used)")
OBJECTS = Item("large objects", "", 2, "cc")
ITEMS = [MESSAGES, SEQUENCE, OBJECTS]


def compare(there: list[Item], here: list[Item]) -> Comparison:
    return Comparison(Fingerprint("acme_x", there), Fingerprint("acme_x", here))


def test_equal_whatever_the_order() -> None:
    comparison = compare(ITEMS, ITEMS[::-1])
    assert comparison.differences == []
    assert summarise([comparison]) == ""
    assert (comparison.target.rows, comparison.target.tables) == (9, [MESSAGES])


@pytest.mark.parametrize(
    ("here", "sentence"),
    [
        (
            Item("table", "public.messages", 8, "aa", "id bigint"),
            "table public.messages has 9 rows on the source and 8 on the target",
        ),
        (
            Item("table", "public.messages", 9, "ab", "id bigint"),
            "table public.messages has 9 rows on both, but not the same ones",
        ),
        (
            Item("table", "public.messages", 9, "ab", "id int"),
            "table public.messages has the columns id bigint on the source and id int on the target",
        ),
        (None, "table public.messages is only on the source"),
    ],
)
def test_tables(here: Item | None, sentence: str) -> None:
    comparison = compare(ITEMS, [*([here] if here else []), SEQUENCE, OBJECTS])
    assert [str(difference) for difference in comparison.differences] == [sentence]


@pytest.mark.parametrize(
    ("here", "sentence"),
    [
        (
            [MESSAGES, Item("sequence", "public.s", 0, "9 (not yet used)"), OBJECTS],
            "sequence public.s stands at 9 (used) on the source and at 9 (not yet used) on the target",
        ),
        (
            [MESSAGES, SEQUENCE, Item("large objects", "", 1, "cc")],
            "large objects has 2 rows on the source and 1 on the target",
        ),
        ([MESSAGES, SEQUENCE], "large objects is only on the source"),
        ([*ITEMS, Item("table", "public.more", 0, "00")], "table public.more is only on the target"),
    ],
)
def test_other_things(here: list[Item], sentence: str) -> None:
    assert summarise([compare(ITEMS, here)]) == f"acme_x: {sentence}"


def test_many_differences_are_counted() -> None:
    tables = [Item("table", f"public.t{number}", 1, "aa") for number in range(8)]
    sentences = ", ".join(f"table public.t{number} is only on the source" for number in range(5))
    assert summarise([compare(tables, []), compare(ITEMS, ITEMS)]) == f"acme_x: {sentences}, and 3 more"


def test_it_crosses_a_socket() -> None:
    fingerprint = Fingerprint("acme_x", ITEMS)
    assert Fingerprint.from_json(json.loads(json.dumps(fingerprint.to_json()))) == fingerprint


@pytest.mark.parametrize(
    ("total", "text"),
    [(0, "0" * 32), (255, "0" * 30 + "ff"), (-1, "f" * 32), (2**128 + 1, "0" * 31 + "1")],
)
def test_sums_are_shown_at_one_width(total: int, text: str) -> None:
    assert hash_text(total) == text
