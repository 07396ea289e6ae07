# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What database_info says of a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, InspectRequest
from ansible_collections.waba.migration.plugins.module_utils._mysql.engine import MySQL
from mysql_server import MARIADB, MARKER, Instance


def look(instance: Instance, prefix: str, directory: Path) -> dict[str, Any]:
    return MySQL().inspect(InspectRequest(instance.server, prefix, True, None, str(directory)))


def test_databases_of_one_client(source: Instance, stores: list[str], tmp_path: Path) -> None:
    source.sql("CREATE DATABASE acme_archive")
    source.sql("CREATE TABLE users (id int); CREATE TABLE Tokens (id int)", "acme_archive")
    source.sql("CREATE DATABASE acme2messageStore; CREATE DATABASE messageStore; CREATE DATABASE ACME_waweb")
    found = look(source, "acme_", tmp_path)

    assert [database["name"] for database in found["databases"]] == sorted(stores)
    assert [database["name"] for database in found["databases"] if database["auth"]] == ["acme_waweb"]
    assert {database["name"]: database["auth_schema"] for database in found["foreign"]}["acme_archive"] is True
    assert found["missing"] == []
    by_name = {database["store"]: database for database in found["databases"]}
    messages = {table["name"]: table["rows"] for table in by_name["messageStore"]["tables"]}
    assert messages == {"messages": 20000, "t0": 100, "t1": 100, "t2": 100, "t3": 100}
    assert by_name["messageStore"]["encoding"] == "utf8mb4"
    assert by_name["messageStore"]["collate"] == "utf8mb4_unicode_ci"
    assert by_name["messageStore"]["engines"] == ["InnoDB"]
    server = found["server"]
    assert server["flavour"] == ("mariadb" if MARIADB else "mysql")
    assert (server["superuser"], server["createdb"], server["in_recovery"], server["ssl"]) == (True, True, False, True)
    assert server["data_directory"] == str(source.directory / "data")
    assert server["free_bytes"] > 0
    assert server["lower_case_table_names"] == 0
    assert server["default_authentication"] == ("mysql_native_password" if MARIADB else "caching_sha2_password")
    assert {"name": "acme", "host": "%", "superuser": False, "createdb": False, "createrole": False, "login": True} in (
        found["roles"]
    )
    for name in ("acme_archive", "acme2messageStore", "messageStore", "ACME_waweb"):
        source.sql(f"DROP DATABASE {name}")


def test_copies_are_known(
    target: Instance,
    stores: list[str],
    request_for: Callable[..., CopyRequest],
    copy: Callable[..., object],
    tmp_path: Path,
) -> None:
    copy(request_for("acme_waweb"))
    target.sql("CREATE DATABASE acme_configStore")
    found = look(target, "acme_", tmp_path)
    assert {each["name"]: each["comment"] for each in found["databases"]} == {
        "acme_waweb": MARKER,
        "acme_configStore": None,
    }
    assert look(target, "", tmp_path)["foreign"] == [
        {"name": "acme_configStore", "owner": None, "size_bytes": 0, "comment": None, "auth_schema": False},
        {**look(target, "", tmp_path)["foreign"][1], "name": "acme_waweb", "comment": MARKER},
    ]
