# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies between real servers, compared by stock dumps of both sides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
    InspectRequest,
    Server,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql import commands, plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.engine import PostgreSQL
from ansible_collections.waba.migration.plugins.module_utils._postgresql.transfer import Transfer
from postgresql_cluster import MARKER, Cluster, assert_same

Copy = Callable[[CopyRequest], CopyResult]
Request = Callable[..., CopyRequest]

FOREIGN_OWNERS = """
SELECT 'relation ' || relname FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
  AND pg_get_userbyid(relowner) <> 'wa'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE oid >= 16384 AND pg_get_userbyid(proowner) <> 'wa'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype IN ('e', 'i'))
UNION ALL SELECT 'large object' FROM pg_largeobject_metadata WHERE pg_get_userbyid(lomowner) <> 'wa'
UNION ALL SELECT 'database' FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> 'wa'
"""


@pytest.mark.parametrize("everything_big", [False, True], ids=["as it is", "every table in ranges"])
def test_nasty_database(
    everything_big: bool,
    source: Cluster,
    target: Cluster,
    nasty: str,
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if everything_big:
        monkeypatch.setattr(plan, "BIG_TABLE_BYTES", 1024 * 1024)
        monkeypatch.setattr(plan, "RANGE_BYTES", 1024 * 1024)
    result = copy(request_for(nasty, jobs=3))

    assert target.sql(FOREIGN_OWNERS, nasty) == []
    assert target.sql("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'acme%'") == [
        MARKER
    ]
    assert_same(source, target, nasty)
    tables = {table.name: (table.rows_source, table.rows_target) for table in result.databases[0].tables}
    assert tables["public.serials"] == (40, 40)
    assert tables["public.empty_table"] == (3, 3)
    assert len([name for name in tables if name.startswith("public.many_")]) == 300


def test_small_databases(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    result = copy(request_for(*stores))

    assert target.databases() == sorted(stores)
    assert [database.name for database in result.databases] == stores
    assert result.databases[1].rows == 20400
    for name in stores:
        assert_same(source, target, name)
        assert target.sql(FOREIGN_OWNERS, name) == []
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["phase"] == "done"
    assert progress["databases"] == {"done": 8, "total": 8}
    assert progress["rows"] == {"done": 23200, "total": 23200}
    assert progress["tables"] == {"done": 35, "total": 35}


def test_verified_link(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(source.certificate.read_bytes())
    request = request_for("acme_waweb")
    verified = replace(request.source, ssl_mode="verify-full", ca_path=str(authority))
    seen = PostgreSQL().inspect(InspectRequest(verified, "acme_", False, request.bin_directory, str(tmp_path)))
    assert seen["server"]["ssl"] is True
    copy(replace(request, source=verified))
    assert target.databases() == ["acme_waweb"]

    with pytest.raises(DatabaseError, match="certificate verify failed"):
        copy(replace(request, source=replace(verified, ca_path=None)))
    with pytest.raises(DatabaseError, match='does not match host name "localhost"'):
        copy(replace(request, source=replace(verified, host="localhost")))


def test_without_a_superuser(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy
) -> None:
    """The old client's own account reads, and one that may create databases writes."""
    source.sql("ALTER ROLE old_owner PASSWORD 'old'")
    source.sql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO old_owner; "
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO old_owner",
        "acme_waweb",
    )
    target.sql("CREATE ROLE mover LOGIN CREATEDB PASSWORD 'new'")
    request = request_for("acme_waweb")
    with pytest.raises(DatabaseError, match="mover may not act as wa"):
        copy(replace(request, target=replace(request.target, user="mover", password="new")))
    target.sql("GRANT wa TO mover")
    copy(
        replace(
            request,
            source=replace(request.source, user="old_owner", password="old"),
            target=replace(request.target, user="mover", password="new"),
        )
    )
    assert target.sql(FOREIGN_OWNERS, "acme_waweb") == []
    assert_same(source, target, "acme_waweb")


@pytest.mark.parametrize(
    ("encoding", "locale", "text"),
    [("LATIN1", "C", "convert_from('\\xe4', 'LATIN1')"), ("SQL_ASCII", "C", "convert_from('\\x80ff', 'SQL_ASCII')")],
)
def test_other_encodings(
    encoding: str,
    locale: str,
    text: str,
    source: Cluster,
    target: Cluster,
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"acme_{encoding}"
    source.sql(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING '{encoding}' LOCALE '{locale}'")
    source.sql(
        "CREATE TABLE plain (t text); "
        f"DO $$BEGIN EXECUTE format('CREATE TABLE %I (t text)', 'n' || {text}); END$$; "
        f"INSERT INTO plain SELECT {text} FROM generate_series(1, 2000)",
        name,
    )
    monkeypatch.setattr(plan, "BIG_TABLE_BYTES", 8192)
    copy(request_for(name))
    questions = [
        f"SELECT md5(string_agg(convert_to(t, '{encoding}')::text, ',')) FROM plain",
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()",
        "SELECT encode(convert_to(relname, 'SQL_ASCII'), 'hex') FROM pg_class WHERE relname LIKE 'n%' AND oid >= 16384",
    ]
    for question in questions:
        assert target.sql(question, name) == source.sql(question, name)


def test_existing_databases_are_refused_by_name(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy
) -> None:
    target.sql("CREATE DATABASE acme_waweb")
    target.sql('CREATE DATABASE "acme_configStore"')
    target.sql("COMMENT ON DATABASE \"acme_configStore\" IS 'somebody else''s'")
    target.sql('CREATE DATABASE "acme_clusterStore.incomplete"')
    target.sql("CREATE TABLE somebodys (id int)", "acme_clusterStore.incomplete")

    with pytest.raises(DatabaseError) as error:
        copy(request_for(*stores, replace_marker="waba.migration "))

    assert "acme_waweb exists (without a comment)" in str(error.value)
    assert 'acme_configStore exists (comment "somebody else\'s")' in str(error.value)
    assert "acme_clusterStore.incomplete exists and was not left behind" in str(error.value)
    assert target.databases() == ["acme_clusterStore.incomplete", "acme_configStore", "acme_waweb"]


def test_a_copy_of_ours_is_replaced_only_when_asked(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy
) -> None:
    request = request_for("acme_waweb")
    copy(request)
    target.sql("CREATE TABLE stale (id int)", "acme_waweb")

    with pytest.raises(DatabaseError, match=r"acme_waweb exists \(comment 'waba.migration test-1'\)"):
        copy(request)
    result = copy(replace(request, marker="waba.migration test-2", replace_marker="waba.migration "))

    assert result.replaced == ["acme_waweb"]
    assert_same(source, target, "acme_waweb")


def test_half_done_databases_of_an_earlier_run_are_dropped(
    target: Cluster, stores: list[str], request_for: Request, copy: Copy
) -> None:
    target.sql('CREATE DATABASE "acme_waweb.incomplete"')
    target.sql(f"COMMENT ON DATABASE \"acme_waweb.incomplete\" IS '{MARKER}'")
    target.sql("CREATE TABLE half (id int)", "acme_waweb.incomplete")
    target.sql('CREATE DATABASE "acme_configStore.incomplete"')
    copy(request_for("acme_waweb", "acme_configStore"))
    assert target.databases() == ["acme_configStore", "acme_waweb"]


def test_sessions_on_the_source(
    source: Cluster, target: Cluster, stores: list[str], request_for: Request, copy: Copy, in_use: Callable[[str], Any]
) -> None:
    with in_use("acme_configStore"):
        with pytest.raises(DatabaseError, match=r"in use \(acme_configStore: postgres@127.0.0.1 \(psql\)\)"):
            copy(request_for(*stores))
        assert target.databases() == []
        copy(request_for("acme_configStore", require_idle_source=False))
    assert target.databases() == ["acme_configStore"]


@pytest.mark.parametrize(
    ("side", "changes", "message"),
    [
        ("source", {"password": "wrong"}, 'password authentication failed for user "postgres"'),
        ("target", {"password": "wrong"}, 'password authentication failed for user "postgres"'),
        ("target", {"user": "nobody"}, 'password authentication failed for user "nobody"'),
        ("source", {"port": 1}, "Connection refused"),
        ("target", {"ssl_mode": "require"}, "server does not support SSL"),
    ],
)
def test_unreachable_servers(
    side: str,
    changes: dict[str, Any],
    message: str,
    target: Cluster,
    stores: list[str],
    request_for: Request,
    copy: Copy,
) -> None:
    request = request_for(*stores)
    server: Server = replace(getattr(request, side), **changes)
    with pytest.raises(DatabaseError) as error:
        copy(replace(request, source=server) if side == "source" else replace(request, target=server))
    connecting = f"Connecting to the database server {server} as {server.user} failed: psql ended"
    assert str(error.value).startswith(connecting)
    assert message in str(error.value)
    assert "wrong" not in str(error.value)
    assert "retrieved from file" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": ["acme_waweb", "acme_none"]}, "has no database acme_none"),
        ({"owner": "nobody"}, "The role nobody, the owner to be, does not exist"),
        ({"databases": ["acme_waweb", "x" * 53]}, "has no database"),
        ({"bin_directory": "/nowhere"}, "There is no psql in /nowhere"),
    ],
)
def test_impossible_requests(
    options: dict[str, Any], message: str, target: Cluster, stores: list[str], request_for: Request, copy: Copy
) -> None:
    with pytest.raises(DatabaseError, match=message):
        copy(replace(request_for("acme_waweb"), **options))
    assert target.databases() == []


def test_plan_writes_nothing(target: Cluster, stores: list[str], bulky: str, request_for: Request) -> None:
    planned = PostgreSQL().plan(request_for("acme_waweb", bulky))
    assert [(each["name"], each["tables"], each["pipes"]) for each in planned] == [(bulky, 2, 3), ("acme_waweb", 6, 1)]
    assert target.databases() == []


def test_a_difference_fails_the_run(
    target: Cluster,
    stores: list[str],
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "LEFT_OUT", [*commands.LEFT_OUT, "--exclude-table-data=public.t2"])
    with pytest.raises(DatabaseError) as error:
        copy(request_for("acme_waweb", "acme_configStore"))
    assert "table public.t2 has 100 rows on the source and 0 on the target" in str(error.value)
    assert "half-done databases" in str(error.value)
    assert target.databases() == []


@pytest.mark.parametrize(
    ("statement", "undo", "change"),
    [
        ("CREATE TABLE late (id int)", "DROP TABLE late", "public.late is new"),
        ("ALTER TABLE t1 ADD COLUMN late int", "ALTER TABLE t1 DROP COLUMN late", "public.t1 has other columns"),
        (
            "ALTER TABLE t2 ALTER COLUMN a TYPE varchar(200)",
            "ALTER TABLE t2 ALTER COLUMN a TYPE text",
            "public.t2 has other columns",
        ),
        (
            "ALTER TABLE t3 RENAME TO late",
            "ALTER TABLE late RENAME TO t3",
            "public.late is new; acme_configStore: public.t3 is gone",
        ),
    ],
    ids=["made", "more columns", "another type", "renamed"],
)
def test_a_source_that_somebody_alters_meanwhile(
    statement: str,
    undo: str,
    change: str,
    source: Cluster,
    target: Cluster,
    stores: list[str],
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a session that is gone when the copy looks for others."""
    original = Transfer._copy_database

    def altered(self: Transfer, planned: plan.Plan) -> DatabaseResult:
        result = original(self, planned)
        source.sql(statement, "acme_configStore")
        return result

    monkeypatch.setattr(Transfer, "_copy_database", altered)
    try:
        with pytest.raises(DatabaseError) as error:
            copy(request_for("acme_configStore"))
    finally:
        source.sql(undo, "acme_configStore")
    assert f"has been altered while it was copied (acme_configStore: {change})" in str(error.value)
    assert target.databases() == []
