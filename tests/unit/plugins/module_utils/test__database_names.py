# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of databases are compared as they are."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database_names import STORES, classify, holds_auth_schema


@pytest.mark.parametrize(
    ("prefix", "names", "ours", "foreign"),
    [
        ("acme_", ["acme_waweb", "acme_archive", "acme2messageStore"], ["acme_waweb"], ["acme_archive"]),
        ("acme", ["acmewaweb", "acme2messageStore", "waweb"], ["acmewaweb"], ["acme2messageStore"]),
        ("wa_", ["waXwaweb", "wa_waweb", "WA_waweb"], ["wa_waweb"], []),
        ("wa%", ["wa_waweb", "wa%waweb"], ["wa%waweb"], []),
        ("", ["waweb", "messagestore", "template"], ["waweb"], ["messagestore", "template"]),
    ],
)
def test_classify(prefix: str, names: list[str], ours: list[str], foreign: list[str]) -> None:
    found = classify(names, prefix)
    assert list(found.ours) == ours
    assert found.foreign == foreign


def test_missing() -> None:
    assert classify(["a_" + store for store in STORES], "a_").missing == []
    found = classify(["a_waweb", "a_jobqueue"], "a_")
    assert found.missing == ["a_" + store for store in STORES[1:7]]
    assert found.ours == {"a_jobqueue": "jobqueue", "a_waweb": "waweb"}
    assert "a_jobqueueStore" in classify([], "a_").missing
    assert "a_jobqueue" not in classify([], "a_").missing


@pytest.mark.parametrize(
    ("tables", "auth"),
    [
        ([("public", "users"), ("public", "tokens"), ("public", "x")], True),
        ([("Auth", "Users"), ("Auth", "TOKENS")], True),
        ([("a", "users"), ("b", "tokens")], False),
        ([("public", "users")], False),
        ([], False),
    ],
)
def test_holds_auth_schema(tables: list[tuple[str, str]], auth: bool) -> None:
    assert holds_auth_schema(tables) is auth


def test_a_server_that_does_not_tell_names_apart_by_case() -> None:
    names = ["acme_messagestore", "Acme_waweb", "acme_archive"]
    found = classify(names, "acme_", case_matters=False)
    assert found.ours == {"acme_messagestore": "messageStore", "Acme_waweb": "waweb"}
    assert found.foreign == ["acme_archive"]
    assert classify(names, "acme_").ours == {}
