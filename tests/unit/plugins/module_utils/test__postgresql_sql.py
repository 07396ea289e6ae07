# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values become text in one way only."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import (
    conninfo,
    identifier,
    literal,
    printable,
    startup_options,
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["messages"], '"messages"'),
        (["public", "messages"], '"public"."messages"'),
        (['we"ird', "a.b"], '"we""ird"."a.b"'),
        (["Ünï 🦆'\\"], '"Ünï 🦆\'\\"'),
        (['"; DROP TABLE x; --'], '"""; DROP TABLE x; --"'),
    ],
)
def test_identifier(parts: list[str], expected: str) -> None:
    assert identifier(*parts) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("back\\slash", " E'back\\\\slash'"),
        ("\\'; DROP TABLE x; --", " E'\\\\''; DROP TABLE x; --'"),
        ("", "''"),
    ],
)
def test_literal(value: str, expected: str) -> None:
    assert literal(value) == expected


@pytest.mark.parametrize("quote", [identifier, literal, lambda text: conninfo({"dbname": text})])
def test_nul_is_refused(quote: object) -> None:
    with pytest.raises(ValueError, match="NUL"):
        quote("a\0b")  # type: ignore[operator]


def test_conninfo() -> None:
    assert conninfo({"service": "source", "dbname": "it's a \\ name"}) == "service='source' dbname='it\\'s a \\\\ name'"


def test_startup_options() -> None:
    options = startup_options({"search_path": "", "role": "the owner\\s"})
    assert options == "-c search_path= -c role=the\\ owner\\\\s"


def test_printable() -> None:
    assert printable(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\ufffd"
