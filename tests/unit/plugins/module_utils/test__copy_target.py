# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases on a target may go, and what a database is called while it is copied."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_target import (
    describe_sessions,
    hidden_name,
    in_the_way,
)
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError, Server

SERVER = Server("h", 1, "u", "p")
LONGEST = 64


def request(replace_marker: str | None = None) -> CopyRequest:
    return CopyRequest(SERVER, SERVER, ["a", "b"], "wa", 2, "mark 2", replace_marker, True, None, "/tmp")


def present(**comments: str | None) -> dict[str, dict[str, Any]]:
    names = {name.replace("_", "."): comment for name, comment in comments.items()}
    return {name: {"name": name, "comment": comment, "sessions": []} for name, comment in names.items()}


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
    assert in_the_way(there, empty, request(replace_marker), LONGEST) == (leftovers, replaced, refused)


def test_a_copy_in_use_is_refused() -> None:
    there = present(a="mark 1")
    there["a"]["sessions"] = [{"user": "wa", "address": "10.0.0.5", "application": "coreapp"}]
    assert in_the_way(there, [], request("mark"), LONGEST)[2] == [
        "a is a copy of ours but in use by wa@10.0.0.5 (coreapp)"
    ]


def test_describe_sessions() -> None:
    one = {"user": "wa", "address": None, "application": ""}
    other = {"user": "wa", "address": "10.0.0.5", "application": "psql"}
    assert describe_sessions([other, one, other]) == "wa@10.0.0.5 (psql), wa@local"


@pytest.mark.parametrize(
    ("replace_marker", "marker", "expected"),
    [
        (None, "mark 2", (["a"], [], [])),
        ("mark", "mark 1", (["a"], [], [])),
        (None, "mark 1", ([], [], ["a exists (comment 'mark 1')"])),
    ],
)
def test_shown_but_half_done(replace_marker: str | None, marker: str, expected: tuple[list[str], ...]) -> None:
    there = present(a=marker)
    there["a"]["half_done"] = True
    assert in_the_way(there, [], request(replace_marker), LONGEST) == expected


def test_hidden_name() -> None:
    assert hidden_name("x" * 53, 64) == "x" * 53 + ".incomplete"
    with pytest.raises(DatabaseError, match="longer than 53 bytes"):
        hidden_name("ü" * 27, 64)
