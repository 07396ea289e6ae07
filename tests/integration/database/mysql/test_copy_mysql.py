# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies between real servers, compared by stock dumps of both sides."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import commands, plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.engine import MySQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.transfer import Transfer
from mysql_server import CLIENT, MARIADB, MARKER, Instance, assert_same

Copy = Callable[[CopyRequest], CopyResult]
Request = Callable[..., CopyRequest]

GONE = "`gone``one`@`10.%`"
# What neither the server shows as it is, nor a stock dump.
ALL_DIGITS = "SELECT id, f * 1e0, fixed * 1e0, positive * 1e0, half * 1e0, secret * 1e0, HEX(vec) FROM floats"


@contextmanager
def in_use(instance: Instance, database: str) -> Iterator[None]:
    """Hold a session on a database, as a client would."""
    options = [f"--defaults-file={instance.directory / 'client.cnf'}", f"--socket={instance.directory / 'socket'}"]
    argv = [CLIENT, *options, "--batch", "--unbuffered", "-N", f"--database={database}"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdin
        assert session.stdout
        session.stdin.write(b"SELECT 1;\n")
        session.stdin.flush()
        session.stdout.readline()
        yield


@pytest.mark.parametrize("everything_big", [False, True], ids=["as it is", "every table in ranges"])
def test_nasty_database(
    everything_big: bool,
    source: Instance,
    target: Instance,
    nasty: str,
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if everything_big:
        monkeypatch.setattr(plan, "BIG_TABLE_BYTES", 0)
        monkeypatch.setattr(plan, "RANGE_BYTES", 4096)
    result = copy(request_for(nasty, jobs=3))

    assert_same(source, target, nasty, [GONE])
    assert target.sql(ALL_DIGITS, nasty) == source.sql(ALL_DIGITS, nasty)
    tables = {table.name: (table.rows_source, table.rows_target) for table in result.databases[0].tables}
    assert tables["Message"] == (1, 1)
    assert tables["message"] == (2, 2)
    assert tables["empty_table"] == (0, 0)
    assert sorted((each.kind, each.name, each.definer) for each in result.definers) == [
        ("event", "once", "gone`one@10.%"),
        ("routine", "touch", "gone`one@10.%"),
        ("trigger", "second_before", "gone`one@10.%"),
        ("view", "a_on_z", "gone`one@10.%"),
    ]
    assert target.ledger() == [f"{nasty}\t{MARKER}\tcomplete"]
    assert target.databases() == [nasty]


def test_small_databases(
    source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    result = copy(request_for(*stores))

    assert target.databases() == sorted(stores)
    assert [database.name for database in result.databases] == stores
    assert result.databases[1].rows == 20400
    assert result.definers == []
    for name in stores:
        assert_same(source, target, name)
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["phase"] == "done"
    assert progress["databases"] == {"done": 8, "total": 8}
    assert progress["rows"]["total"] == 23200
    assert progress["tables"] == {"done": 35, "total": 35}


def test_the_owner_gets_these_databases_and_none_that_look_alike(
    target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    """In GRANT an underscore stands for any character."""
    for name in ("acmeXwaweb", "acme%waweb", "acme_wawebX"):
        target.sql(f"CREATE DATABASE `{name}`; CREATE TABLE `{name}`.t (id int)")
    before = {name: target.dump(name) for name in target.databases()}
    copy(request_for("acme_waweb"))
    options = [CLIENT, "--no-defaults", f"--port={target.port}", "--host=127.0.0.1", "--user=acme", "--password=secret"]
    tls = [f"--ssl-ca={target.certificate}"]
    shown = subprocess.run(
        [*options, *tls, "--batch", "-N", "--execute=SHOW DATABASES"], capture_output=True, check=True, text=True
    )
    assert {"acme_waweb"} == set(shown.stdout.split()) - {"information_schema", "performance_schema"}
    assert {name: target.dump(name) for name in before} == before


def test_verified_link(
    source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    request = request_for("acme_waweb")
    other = replace(request.source, ca_path=str(target.certificate))
    with pytest.raises(DatabaseError, match=r"(?i)certificate"):
        copy(replace(request, source=other))
    with pytest.raises(DatabaseError, match=r"(?i)certificate|hostname|host name"):
        copy(replace(request, source=replace(request.source, host="localhost")))
    for mode in ("verify-ca", "require"):
        copy(replace(request, source=replace(request.source, ssl_mode=mode), replace_marker="waba.migration "))
    assert target.databases() == ["acme_waweb"]


def test_a_link_without_tls(
    source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    """MySQL's caching_sha2_password then needs the server's public key."""
    source.sql("CREATE USER plain@'%' IDENTIFIED BY 'plain'; GRANT ALL ON *.* TO plain@'%'")
    request = request_for("acme_waweb")
    reader = replace(request.source, user="plain", password="plain", ssl_mode="disable", ca_path=None)
    copy(replace(request, source=reader))
    assert target.databases() == ["acme_waweb"]


def test_rights(source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy) -> None:
    source.sql("CREATE USER reader@'%' IDENTIFIED BY 'r'; GRANT SELECT ON `acme\\_waweb`.* TO reader@'%'")
    target.sql("CREATE USER writer@'%' IDENTIFIED BY 'w'; GRANT CREATE, SELECT ON *.* TO writer@'%'")
    request = request_for("acme_waweb")
    reading = replace(request, source=replace(request.source, user="reader", password="r"))
    with pytest.raises(DatabaseError) as error:
        copy(reading)
    assert "reader@% lacks SHOW VIEW, TRIGGER, EVENT, EXECUTE on acme_waweb and might not see all of it" in str(
        error.value
    )
    with pytest.raises(DatabaseError, match=r"writer@% lacks INSERT, .*GRANT OPTION on the target"):
        copy(replace(request, target=replace(request.target, user="writer", password="w")))
    with pytest.raises(DatabaseError, match="The account 'nobody'@'%', the owner to be, does not exist"):
        copy(replace(request, owner="nobody"))
    source.sql("GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `acme\\_waweb`.* TO reader@'%'")
    copy(reading)
    assert_same(source, target, "acme_waweb")
    target.sql("DROP USER writer@'%'")


def test_existing_databases_are_refused_by_name(
    target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    target.sql("CREATE DATABASE acme_waweb; CREATE DATABASE `acme_clusterStore.incomplete`")
    with pytest.raises(DatabaseError) as error:
        copy(request_for(*stores, replace_marker="waba.migration "))
    assert "acme_waweb exists (without a comment)" in str(error.value)
    assert "acme_clusterStore.incomplete exists and was not left behind" in str(error.value)
    assert target.databases() == ["acme_clusterStore.incomplete", "acme_waweb"]


def test_a_copy_of_ours_is_replaced_only_when_asked(
    source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    request = request_for("acme_waweb")
    copy(request)
    target.sql("CREATE TABLE stale (id int)", "acme_waweb")
    with pytest.raises(DatabaseError, match=r"acme_waweb exists \(comment 'waba.migration test-1'\)"):
        copy(request)
    again = replace(request, marker="waba.migration test-2", replace_marker="waba.migration ")
    with in_use(target, "acme_waweb"), pytest.raises(DatabaseError, match="a copy of ours but in use by root@"):
        copy(again)
    assert copy(again).replaced == ["acme_waweb"]
    assert_same(source, target, "acme_waweb")
    assert target.ledger() == ["acme_waweb\twaba.migration test-2\tcomplete"]


def test_what_a_killed_run_left_is_dropped(
    target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    """Hidden or already shown, but never called complete."""
    copy(request_for("acme_waweb", "acme_configStore"))
    target.sql("UPDATE waba_migration.copies SET state = 'incomplete'")
    target.sql(
        "CREATE DATABASE `acme_waweb.incomplete`; INSERT INTO waba_migration.copies "
        f"VALUES ('acme_waweb.incomplete', '{MARKER}', 'incomplete', NOW())"
    )
    result = copy(request_for("acme_waweb", "acme_configStore"))
    assert result.replaced == []
    assert target.databases() == ["acme_configStore", "acme_waweb"]
    assert [line.split("\t")[2] for line in target.ledger()] == ["complete", "complete"]


def test_sessions_on_the_source(
    source: Instance, target: Instance, stores: list[str], request_for: Request, copy: Copy
) -> None:
    with in_use(source, "acme_configStore"):
        with pytest.raises(DatabaseError, match=r"in use \(acme_configStore: root@localhost\)"):
            copy(request_for(*stores))
        assert target.databases() == []
        copy(request_for("acme_configStore", require_idle_source=False))
    assert target.databases() == ["acme_configStore"]


@pytest.mark.parametrize(
    ("side", "changes", "message"),
    [
        ("source", {"password": "wrong"}, "Access denied for user 'root'@'127.0.0.1'"),
        ("target", {"password": "wrong"}, "Access denied for user 'root'@'127.0.0.1'"),
        ("target", {"port": 1}, "Can't connect to (MySQL )?server"),
    ],
)
def test_connection_errors(
    side: str, changes: dict[str, object], message: str, target: Instance, request_for: Request, copy: Copy
) -> None:
    request = request_for("acme_waweb")
    changed = replace(getattr(request, side), **changes)
    with pytest.raises(DatabaseError, match=message) as error:
        copy(replace(request, **{side: changed}))
    assert f"Connecting to the database server {changed} as root failed" in str(error.value)


def test_a_database_that_is_not_there(target: Instance, stores: list[str], request_for: Request, copy: Copy) -> None:
    with pytest.raises(DatabaseError, match=r"The source .* has no database ACME_WAWEB, acme_x\."):
        copy(request_for("acme_waweb", "ACME_WAWEB", "acme_x"))


def test_what_cannot_be_copied_is_refused(source: Instance, target: Instance, request_for: Request) -> None:
    """While others write, as far as the server is asked, a table that is not transactional has no one moment."""
    source.sql("CREATE DATABASE acme_odd")
    source.sql("CREATE TABLE isam (id int) ENGINE = MyISAM", "acme_odd")
    refused = "acme_odd has tables that are not transactional, of which nobody gets one moment while others write: isam"
    if MARIADB:
        source.sql("CREATE SEQUENCE s; CREATE TABLE old (id int) WITH SYSTEM VERSIONING", "acme_odd")
    with pytest.raises(DatabaseError, match=refused) as error:
        MySQL().plan(request_for("acme_odd", require_idle_source=False))
    if MARIADB:
        assert "kinds that a dump does not carry as they are: old (system versioned), s (sequence)" in str(error.value)
    source.sql("DROP DATABASE acme_odd")


def test_check_mode(target: Instance, stores: list[str], bulky: str, request_for: Request) -> None:
    planned = MySQL().plan(request_for("acme_waweb", bulky))
    assert [(each["name"], each["tables"], each["pipes"]) for each in planned] == [(bulky, 2, 5), ("acme_waweb", 6, 1)]
    assert target.databases() == []


def test_a_difference_fails_the_run(
    target: Instance, stores: list[str], request_for: Request, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = commands.dump_tables

    def without_t2(*arguments: Any) -> list[str]:
        return [argument for argument in original(*arguments) if argument != "t2"]

    monkeypatch.setattr(commands, "dump_tables", without_t2)
    with pytest.raises(DatabaseError) as error:
        copy(request_for("acme_configStore"))
    assert "table t2 has 100 rows on the source and 0 on the target" in str(error.value)
    assert "The half-done databases (acme_configStore.incomplete) were dropped." in str(error.value)
    assert target.databases() == []
    assert target.ledger() == []


@pytest.mark.parametrize(
    ("statement", "undo", "change"),
    [
        ("CREATE TABLE late (id int)", "DROP TABLE late", "late is new"),
        ("ALTER TABLE t1 ADD COLUMN late int", "ALTER TABLE t1 DROP COLUMN late", "t1 has other columns"),
        ("ALTER TABLE t2 MODIFY a varchar(200)", "ALTER TABLE t2 MODIFY a varchar(64)", "t2 has other columns"),
        ("ALTER TABLE t3 RENAME TO late", "ALTER TABLE late RENAME TO t3", "late is new; acme_configStore: t3 is gone"),
    ],
    ids=["made", "more columns", "another type", "renamed"],
)
def test_a_source_that_somebody_alters_meanwhile(
    statement: str,
    undo: str,
    change: str,
    source: Instance,
    target: Instance,
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
