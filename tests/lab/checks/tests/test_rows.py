# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps are read back, and every difference between the old rows and the new ones that no client makes is told."""

from __future__ import annotations

import pytest

from checks.dumps import differing, digest
from checks.postgresql_dump import parse
from checks.rows import behind, missing

DUMP = """\
\\restrict x1
COPY public.messages (id, key_id, status, "timestamp") FROM stdin;
1\tgB1\tpending\t2026-01-01
2\tgB2\tsent\t2026-01-02
\\.
COPY public.ratchet (id, epoch) FROM stdin;
1\t40
\\.
COPY public.keyless (name) FROM stdin;
x
\\.
SELECT pg_catalog.setval('public.messages_id_seq', 2, true);
SELECT pg_catalog.setval('public.fresh_id_seq', 1, false);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ratchet
    ADD CONSTRAINT ratchet_pkey PRIMARY KEY (id);
\\unrestrict x1
"""


def test_dump_is_read_back() -> None:
    dump = parse(DUMP)
    assert dump.tables["messages"].columns == ("id", "key_id", "status", "timestamp")
    assert dump.tables["messages"].rows[("2",)] == ("2", "gB2", "sent", "2026-01-02")
    assert dump.tables["keyless"].rows == {("x",): ("x",)}
    assert dump.sequences == {"messages_id_seq": 3, "fresh_id_seq": 1}
    assert dump.count() == 4


def test_equal_but_for_the_guard_word() -> None:
    assert digest(DUMP.encode()) == digest(DUMP.replace("restrict x1", "restrict y2").encode())
    assert digest(DUMP.encode()) != digest(DUMP.replace("gB2", "gB3").encode())


@pytest.mark.parametrize(
    ("was", "now", "store", "told"),
    [
        ("2\tgB2\tsent\t2026-01-02\n", "", "messageStore", "messages lacks the row 2"),
        ("gB2", "gB3", "messageStore", "messages has another key_id in the row 2"),
        ("pending", "delivered", "messageStore", ""),
        ("pending", "delivered", "otherStore", "messages has another status in the row 1"),
        ("1\t40", "1\t41", "axolotlStore", ""),
        ("1\t40", "1\t39", "axolotlStore", "ratchet has another epoch in the row 1"),
        ("x\n", "x\ny\n", "messageStore", ""),
        ("key_id", "key", "messageStore", "the columns of messages differ"),
        ("public.keyless (", "public.other (", "messageStore", "there is no table keyless"),
    ],
)
def test_what_is_missing_is_told(was: str, now: str, store: str, told: str) -> None:
    expected = [told] if told else []
    found = missing(store, parse(DUMP), parse(DUMP.replace(was, now, 1)))
    assert [text.removeprefix(f"{store}: ") for text in found] == expected


def test_sequence_behind_is_told() -> None:
    old = parse(DUMP)
    assert behind("s", old, parse(DUMP.replace("_seq', 2, true", "_seq', 9, true"))) == []
    assert behind("s", old, parse(DUMP.replace("_seq', 2, true", "_seq', 2, false"))) == [
        "s: messages_id_seq goes on with 2, the old one with 3"
    ]
    assert behind("s", old, parse(DUMP.replace("fresh", "other"))) == ["s: there is no sequence fresh_id_seq"]


def test_differing_digests() -> None:
    assert differing({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b", "c"]
