# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values become text that means them and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import (
    account,
    grant_pattern,
    identifier,
    json_rows,
    listed,
    literal,
    unescape,
)


def test_identifier() -> None:
    assert identifier("a`b", "c.d") == "`a``b`.`c.d`"


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("it's", "'it\\'s'"), ("a\\b", "'a\\\\b'"), ("a\nb\0", "'a\\nb\\0'"), ('🎉"', "'🎉\"'")],
)
def test_literal(value: str, quoted: str) -> None:
    assert literal(value) == quoted


@pytest.mark.parametrize(
    ("database", "pattern"),
    [("acme_waweb", "`acme\\_waweb`"), ("50%", "`50\\%`"), ("a\\b`", "`a\\\\b```")],
)
def test_grant_pattern(database: str, pattern: str) -> None:
    assert grant_pattern(database) == pattern


@pytest.mark.parametrize(
    ("field", "text"), [("a\\tb", "a\tb"), ("a\\\\nb", "a\\nb"), ("\\0\\n", "\0\n"), ("\\x", "\\x")]
)
def test_unescape(field: str, text: str) -> None:
    assert unescape(field) == text


def test_statements() -> None:
    assert json_rows("FROM t", name="n", one="1") == "SELECT JSON_OBJECT('name', n, 'one', 1) FROM t"
    assert account("wa", "%") == "'wa'@'%'"
    assert listed(["a", "b'"]) == "'a', 'b\\''"
    assert listed([]) == "NULL"
