# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements and verifiers for PostgreSQL servers."""

from __future__ import annotations

import pytest

from labctl.databases import Database
from labctl.databases.postgresql import PostgreSQL, quoted, scram_verifier
from labctl.layout import POSTGRESQL, Lab


def test_the_verifier_is_the_one_of_the_standard() -> None:
    # RFC 7677, section 3: the password "pencil", this salt, 4096 rounds.
    verifier = scram_verifier("pencil", bytes.fromhex("5b6d99689d12352828ec8b1a25b19fd2"))
    assert verifier.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNSgo7IsaJbGf0g==$")
    assert "pencil" not in verifier


def test_identifiers_are_quoted() -> None:
    assert quoted('a"b') == '"a""b"'


SERVER = [
    Database("acme_archive", "somebody_else", 1),
    Database("acme_messageStore", "acme", 1),
    Database("acme2messageStore", "somebody_else", 1),
    Database("lab_pristine_acme_messageStore", "postgres", 1),
    Database("acme_waweb.incomplete", "acme", 1),
]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    spoken: list[str] = []
    monkeypatch.setattr(PostgreSQL, "databases", lambda self: SERVER)

    def speak(self: PostgreSQL, text: str, tried: str, database: str = "") -> list[list[str]]:
        spoken.extend(text.splitlines())
        return []

    monkeypatch.setattr(PostgreSQL, "sql", speak)
    return spoken


@pytest.fixture
def server(lab: Lab) -> PostgreSQL:
    return PostgreSQL(lab, "db-old", POSTGRESQL)


def test_only_the_clients_own_databases_are_kept_aside(statements: list[str], server: PostgreSQL) -> None:
    assert server.client_databases() == ["acme_messageStore", "acme_waweb.incomplete"]
    server.keep_pristine()
    assert statements[0] == 'DROP DATABASE IF EXISTS "lab_pristine_acme_messageStore" WITH (FORCE);'
    assert (
        'CREATE DATABASE "lab_pristine_acme_messageStore" TEMPLATE "acme_messageStore" OWNER "postgres"'
        in statements[1]
    )


def test_bringing_back_removes_leftovers_and_spares_foreign_databases(
    statements: list[str], server: PostgreSQL
) -> None:
    server.restore_pristine()
    dropped = [line.split('"')[1] for line in statements if line.startswith("DROP")]
    created = [line.split('"')[1] for line in statements if line.startswith("CREATE")]
    assert dropped == ["acme_messageStore", "acme_waweb.incomplete"]
    assert created == ["acme_messageStore"]
