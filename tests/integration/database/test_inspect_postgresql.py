# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What database_info says of a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import InspectRequest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.engine import PostgreSQL
from postgresql_cluster import Cluster


@pytest.fixture
def look(source: Cluster, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def inspect(prefix: str, count_rows: bool = False, look_into_auth: bool = True) -> dict[str, Any]:
        return PostgreSQL().inspect(
            InspectRequest(source.server, prefix, count_rows, str(source.binaries), str(tmp_path), look_into_auth)
        )

    return inspect


def test_databases_of_one_client(
    source: Cluster, stores: list[str], look: Callable[..., dict[str, Any]], in_use: Callable[[str], Any]
) -> None:
    source.sql("CREATE DATABASE acme_archive")
    source.sql("CREATE TABLE users (id int); CREATE TABLE tokens (id int)", "acme_archive")
    source.sql('CREATE DATABASE "acme2messageStore"')
    source.sql('CREATE DATABASE "messageStore"')
    with in_use("acme_configStore"):
        found = look("acme_", count_rows=True)

    assert [database["name"] for database in found["databases"]] == sorted(stores)
    assert [database["name"] for database in found["databases"] if database["auth"]] == ["acme_waweb"]
    assert {database["name"]: database["auth_schema"] for database in found["foreign"]}["acme_archive"] is True
    assert "acme2messageStore" not in [database["name"] for database in found["foreign"]]
    assert found["missing"] == []
    by_name = {database["store"]: database for database in found["databases"]}
    assert by_name["configStore"]["sessions"] == [{"user": "postgres", "address": "127.0.0.1", "application": "psql"}]
    messages = {table["name"]: table["rows"] for table in by_name["messageStore"]["tables"]}
    assert messages == {"messages": 20000, "t0": 100, "t1": 100, "t2": 100, "t3": 100}
    assert by_name["messageStore"]["owner"] == "old_owner"
    assert by_name["messageStore"]["encoding"] == "UTF8"
    assert by_name["messageStore"]["sequences"][0] == "public.messages_id_seq"
    assert found["server"]["superuser"] is True
    assert found["server"]["data_directory"] == str(source.directory)
    assert found["server"]["free_bytes"] > 0
    assert found["tools"]["pg_dump"].split(".")[0] == found["server"]["version"].split(".")[0]


def test_users_and_tokens_are_left_alone_when_asked(
    source: Cluster, stores: list[str], look: Callable[..., dict[str, Any]]
) -> None:
    source.sql('ALTER DATABASE "acme_waweb" ALLOW_CONNECTIONS false')
    try:
        found = {database["name"]: database for database in look("acme_", look_into_auth=False)["databases"]}
    finally:
        source.sql('ALTER DATABASE "acme_waweb" ALLOW_CONNECTIONS true')

    assert sorted(found) == sorted(stores)
    assert (found["acme_waweb"]["auth"], found["acme_waweb"]["auth_schema"]) == (True, None)
    assert found["acme_waweb"]["tables"] == []


def test_auth_tables_under_another_name(source: Cluster, look: Callable[..., dict[str, Any]]) -> None:
    source.sql('CREATE DATABASE "moved_configStore"')
    tables = 'CREATE SCHEMA "Auth"; CREATE TABLE "Auth"."Users" (id int); CREATE TABLE "Auth".tokens (id int)'
    source.sql(tables, "moved_configStore")
    found = look("moved_")
    assert [(database["store"], database["auth"]) for database in found["databases"]] == [("configStore", True)]
    assert "moved_waweb" in found["missing"]
