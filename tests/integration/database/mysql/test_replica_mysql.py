# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases follow their originals beside a client that writes, and leave nothing when they are given up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import (
    catalog,
    link,
    obstacles,
    replica_dumps,
    replica_load,
    replica_seed,
    replica_sql,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import words_for
from mysql_server import MARIADB, Instance, assert_same
from replica_module import NAME, meanwhile, until
from replica_mysql import WRITES, ReplicaModules, channels, restart, stuck, writer


def test_seed_follow_and_cut_beside_a_writer(
    source: Instance, target: Instance, live_pair: list[str], replica: ReplicaModules
) -> None:
    source.sql("ALTER TABLE ahead AUTO_INCREMENT = 1000000", live_pair[0])
    with writer(source, live_pair):
        seeded = replica("seeded", *live_pair)
        assert not seeded["failed"], seeded["msg"]
        assert (seeded["changed"], seeded["state"] in ("seeded", "following")) == (True, True)
        assert seeded["seed"]["tables"] == 10
        again = replica("seeded", *live_pair)
        assert (again["changed"], again["left"]) == (False, seeded["left"])
        followed = replica("following", *live_pair)
        assert not followed["failed"], followed["msg"]
        assert (followed["changed"], followed["state"], followed["troubles"]) == (False, "following", [])
    present = {"accounts", "senders", "channels", "filters", "noted", "hidden"}
    assert replica.left().keys() == (present if MARIADB else {*present, "appliers", "grants"})
    assert seeded["left"]["account"] == NAME

    result = replica.cut(*live_pair, hold_path=str(replica.hold_path))
    assert not result["failed"], result["msg"]
    assert sorted(target.databases()) == sorted(live_pair)
    for name in live_pair:
        assert target.sql("SELECT count(*) FROM messages WHERE body = 'new'", name) != ["0"]
        assert_same(source, target, name)
    assert [(each["sequences"], {table["compared"] for table in each["tables"]}) for each in result["databases"]] == [
        (2, {"whole"})
    ] * 2
    assert set(result["parts"]) == {"idle", "drain", "compare", "show", "hold"}
    assert result["held"]["databases"] == live_pair

    assert replica("status", *live_pair)["state"] == "cut"
    assert replica.cut(*live_pair)["changed"] is False
    abandoned = replica("abandoned", *live_pair)
    assert (abandoned["changed"], abandoned["left"]["databases"]) == (True, [])
    assert replica("abandoned", *live_pair)["changed"] is False
    assert sorted(target.databases()) == sorted(live_pair)
    assert replica.left() == {}


def test_check_mode_changes_nothing(target: Instance, live: str, replica: ReplicaModules) -> None:
    assert replica("seeded", live, _ansible_check_mode=True)["changed"] is True
    assert replica("abandoned", live, _ansible_check_mode=True)["changed"] is False
    assert (replica.left(), target.databases()) == ({}, [])
    replica.follow(live)
    there = replica.left()
    assert replica("abandoned", live, _ansible_check_mode=True)["left"]["databases"] == [f"{live}.incomplete"]
    assert replica.cut(live, _ansible_check_mode=True)["changed"] is True
    assert replica.left() == there
    assert replica("abandoned", live)["changed"] is True
    assert (replica.left(), target.databases()) == ({}, [])


def test_each_obstacle_is_mended_by_its_statement(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one needs a start of the server, for which the database with users is dropped in its place."""
    monkeypatch.setattr(obstacles, "LARGEST_KEYLESS", 0)
    expiry = source.sql("SELECT @@global.binlog_expire_logs_seconds")[0]
    source.sql(
        "CREATE TABLE keyless (x int); INSERT INTO keyless VALUES (1); CREATE TABLE old (x int PRIMARY KEY) "
        "ENGINE = MyISAM; CREATE TABLE with_index (x int NOT NULL UNIQUE); SET GLOBAL binlog_expire_logs_seconds = 60; "
        "SET GLOBAL binlog_format = 'MIXED'; CREATE DATABASE live_waweb; CREATE TABLE live_waweb.users (id int); "
        "CREATE TABLE live_waweb.tokens (id int)",
        live,
    )
    target.sql("SET GLOBAL server_id = 1")
    refused = replica("seeded", live, require_own_log=True)
    assert refused["failed"]
    found = replica("status", live, require_own_log=True)["obstacles"]
    own_log = [each for each in found if each["what"] == "own_log"]
    assert "live_waweb" in [each["database"] for each in own_log]
    expected = ["binlog_format", "engine", "expire", "keyless", "server_id"]
    assert sorted(each["what"] for each in found if each not in own_log) == expected
    assert all(each["text"] in refused["msg"] for each in found)
    assert replica.left() == {}
    informed = replica.info(prefix="live_", look_into_auth=False)["live_obstacles"]
    assert {(each["what"], each["database"]) for each in informed} >= {
        ("expire", None),
        ("binlog_format", None),
        ("own_log", "live_waweb"),
    }
    try:
        for each in found:
            if each["what"] == "server_id":
                target.sql(each["statement"])
            elif each not in own_log:
                source.sql(each["statement"], each["database"] or "mysql")
        assert replica("status", live)["obstacles"] == []
        replica.follow(live)
    finally:
        source.sql("DROP DATABASE live_waweb")
        source.sql(f"SET GLOBAL binlog_expire_logs_seconds = {expiry}; SET GLOBAL binlog_format = 'ROW'")
        if not MARIADB:
            source.sql("RESET PERSIST")
            target.sql("RESET PERSIST")


@pytest.mark.skipif(MARIADB, reason="Its identifiers are always there")
def test_global_identifiers_that_the_new_server_would_refuse(
    target: Instance, live: str, replica: ReplicaModules
) -> None:
    target.sql("SET GLOBAL gtid_mode = OFF")
    [found] = replica("status", live)["obstacles"]
    target.sql(found["statement"])
    assert (found["what"], replica("status", live)["obstacles"]) == ("gtid_mode", [])


def test_table_that_appears_is_not_lost(source: Instance, live: str, replica: ReplicaModules) -> None:
    """It is refused, unless it follows as it is: MariaDB makes it on the new server too, if it can."""
    replica.follow(live)
    source.sql(f"CREATE TABLE {live}.later (x int PRIMARY KEY); INSERT INTO {live}.later VALUES (1)", "mysql")
    sentence = f"{live}: the table later was created after the seed and does not follow"
    until(lambda: sentence in replica("status", live)["troubles"])
    assert replica("status", live)["state"] == "broken"
    for result in (replica("following", live), replica.cut(live), replica("seeded", live)):
        assert "the table later was created after the seed" in result["msg"]
    replica("abandoned", live)
    replica.follow(live)
    source.sql(f"ALTER TABLE {live}.later ADD COLUMN y int", "mysql")
    until(lambda: f"{live}: later has other columns" in replica("status", live)["troubles"])


def test_what_concerns_other_databases_stays_there(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    """Whatever statement it is, and whatever database has been chosen for it."""
    replica.follow(live)
    before = target.sql("SELECT CONCAT(User, Host) FROM mysql.user ORDER BY 1"), target.databases()
    source.sql(
        "CREATE USER stranger@'%'; CREATE DATABASE other; CREATE TABLE other.x (id int PRIMARY KEY); "
        f"INSERT INTO other.x VALUES (1); USE other; INSERT INTO {live}.settings VALUES ('b', 1); DROP DATABASE other; "
        "DROP USER stranger@'%'"
    )
    until(lambda: target.sql("SELECT name FROM settings WHERE name = 'b'", f"{live}.incomplete"))
    assert (target.sql("SELECT CONCAT(User, Host) FROM mysql.user ORDER BY 1"), target.databases()) == before
    assert replica("following", live)["state"] == "following"


def test_log_that_is_deleted_while_it_is_needed(
    source: Instance, bulky: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_load, "WATCH_SECONDS", 0.05)

    def delete() -> None:
        until(lambda: any("INSERT INTO" in line for line in replica.target.sql("SHOW FULL PROCESSLIST")))
        source.sql("FLUSH BINARY LOGS")
        last = source.sql("SHOW BINARY LOGS")[-1].split("\t")[0]
        source.sql(f"PURGE BINARY LOGS TO '{last}'")

    with meanwhile(delete):
        result = replica("seeded", bulky)
    assert "has deleted its binary log" in result["msg"]
    assert "Nothing of it was left on either server." in result["msg"]
    assert replica.left() == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle(number: signal.Signals, target: Instance, bulky: str, replica: ReplicaModules) -> None:
    """A signal leaves nothing behind, and what a killed seed leaves is removed by the next one."""
    program = [sys.executable, str(Path(__file__).parents[1] / "run_module.py"), "database_replica"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(replica.arguments("seeded", bulky)))
        process.stdin.close()
        until(lambda: any("INSERT INTO" in line for line in target.sql("SHOW FULL PROCESSLIST")))
        process.send_signal(number)
        output = process.stdout.read()
    if number == signal.SIGTERM:
        assert "ended by SIGTERM" in json.loads(output)["msg"]
        assert replica.left() == {}
    else:
        assert replica("status", bulky)["state"] == "incomplete"
        assert replica("seeded", bulky, _ansible_check_mode=True)["changed"] is True
        assert replica("abandoned", bulky)["changed"] is True
    assert {**replica.left(), "files": []} == {"files": []}


def test_servers_that_go_and_come_again(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one forgets what to apply. MySQL lets nothing happen then and can be told again, MariaDB cannot."""
    kept = [option.replace("gtid-mode=OFF", "gtid-mode=OFF_PERMISSIVE") for option in target.options]
    monkeypatch.setattr(target, "options", kept)
    replica.follow(live)
    restart(source)
    source.sql("INSERT INTO settings VALUES ('after the old one', 1)", live)
    assert replica("following", live)["state"] == "following"
    source.sql("INSERT INTO settings VALUES ('before the new one', 1)", live)
    restart(target)
    source.sql("INSERT INTO settings VALUES ('after the new one', 1)", live)
    if MARIADB:
        assert "does not know any more what to apply" in replica("following", live)["msg"]
    else:
        assert replica("following", live)["state"] == "following"
        result = replica.cut(live)
        assert not result["failed"], result["msg"]
        rows = "SELECT * FROM settings ORDER BY name"
        assert target.sql(rows, live) == source.sql(rows, live)


def test_new_server_that_is_gone_does_not_keep_the_old_one_from_being_cleaned(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    replica.follow(live)
    target.kill()
    result = replica("abandoned", live)
    assert result["failed"]
    assert "What could be reached was removed." in result["msg"]
    assert source.sql(f"SELECT User FROM mysql.user WHERE User = '{NAME}'") == []
    target.start()
    assert replica("abandoned", live)["changed"] is True
    until(lambda: replica.left() == {})


def test_link_that_the_new_server_does_not_get_through(live: str, replica: ReplicaModules) -> None:
    result = replica("seeded", live, link={"port": 1})
    assert "Connecting from the new database server" in result["msg"]
    assert "(111" in result["msg"]
    [found] = replica("status", live, link={"port": 1})["obstacles"]
    assert (found["what"], "(111" in found["text"]) == ("link", True)
    [found] = replica("status", live, link={"ca_path": "/nonexistent"})["obstacles"]
    assert found["what"] == "link"
    assert replica("status", live)["obstacles"] == []
    assert replica.left() == {}


def test_who_looks_for_obstacles_is_sent_no_log(
    source: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    try_link = replica_seed.ReplicaPlan._try_link

    def note(plan: replica_seed.ReplicaPlan, link: Server) -> tuple[int, str] | None:
        tried.append(link)
        return try_link(plan, link)

    monkeypatch.setattr(replica_seed.ReplicaPlan, "_try_link", note)
    source.sql("CREATE DATABASE live_waweb")
    try:
        found = replica("status", live, require_own_log=True)["obstacles"]
    finally:
        source.sql("DROP DATABASE live_waweb")
    assert ({each["what"] for each in found}, tried) == ({"own_log"}, [])
    assert replica("status", live)["obstacles"] == []
    assert [link.user for link in tried] == [NAME]


def test_trial_of_the_link_that_was_killed(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its channel goes on knocking, and nothing else knows of it."""
    words = type(words_for(Release("mariadb" if MARIADB else "mysql", "0"), NAME))
    monkeypatch.setattr(words, "stop", lambda _words: "SELECT 1")
    monkeypatch.setattr(words, "forget", lambda _words: "SELECT 1")
    replica("status", live)
    assert channels(target) == [NAME]
    monkeypatch.undo()
    result = replica("status", live)
    assert (result["state"], result["obstacles"]) == ("absent", [])
    assert replica.left() == {}
    assert replica("abandoned", live)["changed"] is False


def test_database_without_a_table(source: Instance, target: Instance, live: str, replica: ReplicaModules) -> None:
    source.sql("CREATE DATABASE live_empty; CREATE VIEW live_empty.one AS SELECT 1 AS x")
    try:
        replica.follow(live, "live_empty")
        result = replica.cut(live, "live_empty")
        assert not result["failed"], result["msg"]
        assert target.sql("SELECT x FROM one", "live_empty") == ["1"]
    finally:
        source.sql("DROP DATABASE live_empty")


def test_account_without_its_right(source: Instance, live: str, replica: ReplicaModules) -> None:
    """A seed was killed between the two statements by which it makes one."""
    source.sql(f"CREATE USER {NAME}@'%' REQUIRE SSL")
    assert replica("status", live)["left"]["account"] == NAME
    seeded = replica("seeded", live)
    assert not seeded["failed"], seeded["msg"]


@pytest.mark.skipif(MARIADB, reason="It gets the hash of a password, which no policy can judge")
def test_servers_with_a_policy_for_passwords(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    for instance in (source, target):
        instance.sql("INSTALL COMPONENT 'file://component_validate_password'")
    try:
        replica.follow(live)
        replica.remove()
    finally:
        for instance in (source, target):
            instance.sql("UNINSTALL COMPONENT 'file://component_validate_password'")


def test_replicas_of_the_new_server_learn_what_follows(
    target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would end with an error at the rows that are removed later."""
    monkeypatch.setattr(catalog, "REPLICAS", "SELECT 1")
    target.sql("FLUSH BINARY LOGS")
    name = target.sql("SHOW BINARY LOGS")[-1].split("\t")[0]
    replica.follow(live)
    events = target.sql(f"SHOW BINLOG EVENTS IN '{name}'")
    assert any("waba_migration" in event and "replicas" in event for event in events)
    assert any("CREATE USER" in event for event in events) == (not MARIADB)


def test_name_that_is_too_long_for_an_account(source: Instance, live: str, replica: ReplicaModules) -> None:
    name = "waba_migration_" + "x" * 35
    seeded = replica("seeded", live, name=name)
    assert not seeded["failed"], seeded["msg"]
    account = seeded["left"]["account"]
    assert source.sql("SELECT User FROM mysql.user WHERE User LIKE 'waba%'") == [account]
    assert (account == name) == MARIADB
    assert replica("abandoned", live, name=name)["changed"] is True
    assert replica.left() == {}
    assert source.sql("SELECT User FROM mysql.user WHERE User LIKE 'waba%'") == []


def test_statement_that_does_not_end(
    source: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that had begun too late to be seen before the lock."""
    monkeypatch.setattr(replica_dumps, "LOCK_SECONDS", 1)
    monkeypatch.setattr(replica_dumps, "LONG_SECONDS", 60)
    with meanwhile(lambda: source.sql("UPDATE settings SET value = value + SLEEP(8)", live)):
        until(lambda: any("SLEEP(8)" in line for line in source.sql("SHOW FULL PROCESSLIST")))
        result = replica("seeded", live)
    assert "which waits for each statement that is running there" in result["msg"]
    assert replica.left() == {}


def test_long_statement_does_not_keep_others_from_reading(
    source: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving up the lock would not let them: they would wait for the statement that it has waited for."""
    monkeypatch.setattr(replica_dumps, "LOCK_SECONDS", 1)
    monkeypatch.setattr(replica_dumps, "QUIET_SECONDS", 0)

    def is_running() -> bool:
        statement = "SELECT TIME FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(9)%'"
        return any(int(seconds) >= replica_dumps.LONG_SECONDS for seconds in source.sql(statement))

    with meanwhile(lambda: source.sql("SELECT SLEEP(9) FROM settings", live)):
        until(is_running)
        result = replica("seeded", live)
        assert "Statements are running" in result["msg"]
        assert source.sql("SELECT name FROM settings", live) == ["a"]
        assert is_running()
    assert replica.left() == {}


def test_lock_of_a_host_that_is_gone(source: Instance, live: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server cannot tell it from one that says nothing."""
    monkeypatch.setattr(replica_sql, "LOCKED_SECONDS", 1)
    with stuck(source, live, "; ".join(replica_sql.lock(5))):
        source.sql("SET SESSION lock_wait_timeout = 10; UPDATE settings SET value = 2", live)
    assert source.sql("SELECT value FROM settings", live) == ["2"]


def test_account_that_is_no_administrator(source: Instance, live: str, replica: ReplicaModules) -> None:
    """It follows with itself, since it may not make another one."""
    account = {**replica.arguments("status", live)["source"], "login_user": "mover", "login_password": "m" * 33}
    source.sql(
        f"CREATE USER mover@'%' IDENTIFIED BY '{'m' * 33}'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO mover@'%'"
    )
    if not MARIADB:
        [found] = [each for each in replica("status", live, source=account)["obstacles"] if "password" in each["text"]]
        assert found["what"] == "rights"
        account["login_password"] = "m" * 32
        source.sql(f"ALTER USER mover@'%' IDENTIFIED BY '{'m' * 32}'")
    try:
        for each in replica("status", live, source=account)["obstacles"]:
            assert each["what"] == "rights"
            source.sql(each["statement"])
        assert replica("status", live, source=account)["obstacles"] == []
        [found] = replica("status", live, source=account, require_own_account=True)["obstacles"]
        assert found["what"] == "own_account"
        seeded = replica("seeded", live, source=account)
        assert not seeded["failed"], seeded["msg"]
        assert seeded["left"]["account"] is None
        assert replica("following", live, source=account)["state"] == "following"
        cut = replica.cut(live, source=account)
        assert not cut["failed"], cut["msg"]
        assert replica("status", live, source=account)["state"] == "cut"
        replica("abandoned", live, source=account)
        until(lambda: replica.left() == {})
    finally:
        source.sql("DROP USER mover@'%'")


def test_account_that_may_not_look_at_channels(target: Instance, live: str, replica: ReplicaModules) -> None:
    """It is told what it lacks, like any other account."""
    account = {**replica.arguments("status", live)["target"], "login_user": "admin", "login_password": "secret"}
    right = "REPLICA MONITOR" if MARIADB else "REPLICATION CLIENT"
    revoked = right if MARIADB else f"{right}, SUPER"
    target.sql(
        "CREATE USER admin@'%' IDENTIFIED BY 'secret'; GRANT ALL PRIVILEGES ON *.* TO admin@'%' WITH GRANT OPTION; "
        f"REVOKE {revoked} ON *.* FROM admin@'%'"
    )
    try:
        status = replica("status", live, target=account)
        assert status["state"] == "absent", status["msg"]
        assert [(each["what"], each["statement"]) for each in status["obstacles"]] == [
            ("rights", f"GRANT {right} ON *.* TO 'admin'@'%'")
        ]
        target.sql(status["obstacles"][0]["statement"])
        assert replica("status", live, target=account)["obstacles"] == []
    finally:
        target.sql("DROP USER admin@'%'")


def test_password_of_the_account_is_in_no_log(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "secrets", SimpleNamespace(token_hex=lambda _bytes: "0123456789abcdef"))
    servers = [source, target]
    switch = "SET GLOBAL general_log_file = 'all.log'; SET GLOBAL general_log = {0}; SET GLOBAL slow_query_log = {0}"
    for instance in servers:
        instance.sql(switch.format(1))
    try:
        replica.follow(live)
        for instance in servers:
            assert b"SHOW" in (instance.directory / "data" / "all.log").read_bytes()
            for path in [*(instance.directory / "data").glob("*.log"), *(instance.directory / "data").glob("bin*.0*")]:
                assert b"0123456789abcdef" not in path.read_bytes()
    finally:
        for instance in servers:
            instance.sql(switch.format(0))


@pytest.mark.skipif(MARIADB, reason="Its identifiers are always there")
def test_old_server_without_global_identifiers_and_a_new_one_that_wants_them(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    modes = ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"]

    def go(instance: Instance, mode: str) -> None:
        """One step at a time, as the server asks for."""
        now = modes.index(instance.sql("SELECT @@global.gtid_mode")[0])
        wanted = modes.index(mode)
        for step in range(now, wanted, 1 if wanted > now else -1):
            instance.sql(f"SET GLOBAL gtid_mode = {modes[step + (1 if wanted > now else -1)]}")

    before = source.sql("SELECT @@global.gtid_mode")[0]
    target.sql("SET GLOBAL enforce_gtid_consistency = ON")
    go(source, "OFF")
    go(target, "ON")
    try:
        assert replica("status", live)["obstacles"] == []
        replica.follow(live)
        source.sql(WRITES, live)
        cut = replica.cut(live)
        assert not cut["failed"], cut["msg"]
        replica("abandoned", live)
        assert_same(source, target, live)
    finally:
        replica.remove()
        go(source, before)
        go(target, "OFF_PERMISSIVE")
        target.sql("SET GLOBAL enforce_gtid_consistency = OFF")
