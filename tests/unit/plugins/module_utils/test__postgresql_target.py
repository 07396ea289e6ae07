# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases on the target: how they are made, and which of them may go."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import (
    create_statement,
    describe_sessions,
    in_the_way,
    incomplete_name,
)

SERVER = Server("h", 1, "u", "p")
FACTS = {
    "encoding": "UTF8",
    "collate": "de_DE.utf8",
    "ctype": "C",
    "provider": "libc",
    "locale": None,
    "icu_rules": None,
}


def request(replace_marker: str | None = None) -> CopyRequest:
    return CopyRequest(SERVER, SERVER, ["a", "b"], "wa", 2, "mark 2", replace_marker, True, None, "/tmp")


def present(**comments: str | None) -> dict[str, dict[str, Any]]:
    names = {name.replace("_", "."): comment for name, comment in comments.items()}
    return {name: {"name": name, "comment": comment, "sessions": []} for name, comment in names.items()}


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


@pytest.mark.parametrize(
    ("there", "empty", "replace_marker", "leftovers", "replaced", "refused"),
    [
        (present(c="mark 2", other=None), [], "mark", [], [], []),
        (present(a=None), [], "mark", [], [], ["a exists (without a comment)"]),
        (present(a="theirs"), [], "mark", [], [], ["a exists (comment 'theirs')"]),
        (present(a="mark 2"), [], None, [], [], ["a exists (comment 'mark 2')"]),
        (present(a="mark 1", b="mark 2"), [], "mark ", [], ["a", "b"], []),
        (present(a_incomplete="mark 2"), [], None, ["a.incomplete"], [], []),
        (present(a_incomplete="mark 1"), [], "mark ", ["a.incomplete"], [], []),
        (
            present(a_incomplete="mark 1"),
            [],
            None,
            [],
            [],
            ["a.incomplete exists and was not left behind by an earlier run (comment 'mark 1')"],
        ),
        (present(a_incomplete=None), ["a.incomplete"], None, ["a.incomplete"], [], []),
        (
            present(a_incomplete=None),
            [],
            "mark",
            [],
            [],
            ["a.incomplete exists and was not left behind by an earlier run (without a comment)"],
        ),
    ],
)
def test_in_the_way(
    there: dict[str, Any],
    empty: list[str],
    replace_marker: str | None,
    leftovers: list[str],
    replaced: list[str],
    refused: list[str],
) -> None:
    assert in_the_way(there, empty, request(replace_marker)) == (leftovers, replaced, refused)


def test_a_copy_in_use_is_refused() -> None:
    there = present(a="mark 1")
    there["a"]["sessions"] = [{"user": "wa", "address": "10.0.0.5", "application": "coreapp"}]
    assert in_the_way(there, [], request("mark"))[2] == ["a is a copy of ours but in use by wa@10.0.0.5 (coreapp)"]


def test_describe_sessions() -> None:
    one = {"user": "wa", "address": None, "application": ""}
    other = {"user": "wa", "address": "10.0.0.5", "application": "psql"}
    assert describe_sessions([other, one, other]) == "wa@10.0.0.5 (psql), wa@local"
