# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases on the target: how they are made and called."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import create_statement, incomplete_name

FACTS = {
    "encoding": "UTF8",
    "collate": "de_DE.utf8",
    "ctype": "C",
    "provider": "libc",
    "locale": None,
    "icu_rules": None,
}


@pytest.mark.parametrize(
    ("changes", "version_num", "expected"),
    [
        ({}, 140000, "LC_COLLATE 'de_DE.utf8' LC_CTYPE 'C'"),
        ({}, 150000, "LC_COLLATE 'de_DE.utf8' LC_CTYPE 'C' LOCALE_PROVIDER libc"),
        (
            {"provider": "icu", "locale": "sv", "icu_rules": "&a < b"},
            160000,
            "LC_COLLATE 'de_DE.utf8' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'sv' ICU_RULES '&a < b'",
        ),
        (
            {"provider": "builtin", "locale": "C.UTF-8"},
            170000,
            "LC_COLLATE 'de_DE.utf8' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
        ),
    ],
)
def test_create_statement(changes: dict[str, Any], version_num: int, expected: str) -> None:
    statement = create_statement('we"ird', {**FACTS, **changes}, "wa", version_num)
    assert statement == f'CREATE DATABASE "we""ird" OWNER "wa" TEMPLATE template0 ENCODING \'UTF8\' {expected}'


def test_incomplete_name() -> None:
    assert incomplete_name("x" * 52) == "x" * 52 + ".incomplete"
    with pytest.raises(DatabaseError, match="longer than 52 bytes"):
        incomplete_name("ü" * 27)
