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
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql import connection, replica_seed
from fingerprint_module import server
from postgresql_cluster import PASSWORD, Cluster, assert_same
from replica_module import NAME, ReplicaModules, stuck, until, writer


def test_seed_follow_and_cut_beside_a_writer(
    source: Cluster, target: Cluster, live_pair: list[str], replica: ReplicaModules
) -> None:
    verified = {"ssl_mode": "verify-full", "ca_path": str(source.certificate)}
    source.sql("SELECT setval('ahead', 10000000000)", live_pair[0])
    with writer(source, live_pair):
        seeded = replica("seeded", *live_pair, link=verified)
        assert not seeded["failed"], seeded["msg"]
        assert (seeded["changed"], seeded["state"] in ("seeded", "following")) == (True, True)
        assert seeded["seed"]["tables"] == 4
        again = replica("seeded", *live_pair)
        assert (again["changed"], again["left"]) == (False, seeded["left"])
        followed = replica("following", *live_pair)
        assert not followed["failed"], followed["msg"]
        assert (followed["changed"], followed["state"], followed["troubles"]) == (True, "following", [])
        assert replica("following", *live_pair)["changed"] is False
        assert "more than retain_limit allows (0 bytes)" in replica("following", *live_pair, retain_limit=0)["msg"]
    assert replica.left().keys() == {"slots", "roles", "publications", "subscriptions", "origins", "hidden"}
    assert seeded["left"]["account"] == NAME
    assert source.sql("SELECT DISTINCT usename, ssl FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)") == [
        f"{NAME}|t"
    ]

    result = replica.cut(*live_pair, hold_path=str(replica.hold_path))
    assert not result["failed"], result["msg"]
    assert sorted(target.databases()) == sorted(live_pair)
    for name in live_pair:
        assert target.sql("SELECT count(*) FROM messages WHERE body = 'new'", name) != ["0"]
    assert [(each["sequences"], {table["compared"] for table in each["tables"]}) for each in result["databases"]] == [
        (3, {"whole"})
    ] * 2
    assert set(result["parts"]) == {"idle", "drain", "compare", "show", "hold"}
    assert result["held"]["databases"] == live_pair

    assert replica("status", *live_pair)["state"] == "cut"
    assert replica.cut(*live_pair)["changed"] is False
    abandoned = replica("abandoned", *live_pair)
    assert (abandoned["changed"], abandoned["left"]["databases"]) == (True, [])
    assert replica("abandoned", *live_pair)["changed"] is False
    assert sorted(target.databases()) == sorted(live_pair)
    for name in live_pair:
        assert_same(source, target, name)


def test_check_mode_changes_nothing(source: Cluster, target: Cluster, live: str, replica: ReplicaModules) -> None:
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


def test_each_obstacle_is_mended_by_its_statement(source: Cluster, live: str, replica: ReplicaModules) -> None:
    source.sql(
        'CREATE TABLE "no key" (x int); CREATE TABLE with_index (x int NOT NULL UNIQUE); '
        "CREATE TABLE nothing (x int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; "
        "CREATE UNLOGGED TABLE unlogged (x int PRIMARY KEY); INSERT INTO unlogged VALUES (1); SELECT lo_create(4711)",
        live,
    )
    refused = replica("seeded", live, require_slot_limit=True)
    assert refused["failed"]
    found = replica("status", live, require_slot_limit=True)["obstacles"]
    assert sorted(each["what"] for each in found) == [
        "keyless", "keyless", "keyless", "large_objects", "max_slot_wal_keep_size", "unlogged",
    ]  # fmt: skip
    assert all(each["text"] in refused["msg"] for each in found)
    assert replica.left() == {}
    for each in found:
        for statement in (each["statement"] or "SELECT lo_unlink(4711)").split("; "):
            source.sql(statement, each["database"] or "postgres")
    try:
        assert replica("status", live, require_slot_limit=True)["obstacles"] == []
        replica.follow(live)
    finally:
        source.sql("ALTER SYSTEM RESET max_slot_wal_keep_size")
        source.sql("SELECT pg_reload_conf()")


def test_server_that_does_not_replicate(target: Cluster, replica: ReplicaModules) -> None:
    target.sql("CREATE DATABASE live_x")
    turned = ReplicaModules(target, replica.source, replica.directory, replica._capsys)
    found = turned("status", "live_x")["obstacles"]
    assert [(each["what"], each["statement"], each["restart"]) for each in found] == [
        ("wal_level", "ALTER SYSTEM SET wal_level = 'logical'", True)
    ]


@pytest.mark.parametrize(
    ("user", "link", "found"),
    [
        ("postgres", {}, None),
        ("postgres", {"ssl_mode": "require"}, None),
        ("postgres", {"port": 1}, "Connection refused"),
        ("postgres", {"ssl_mode": "verify-full", "ca_path": "/nowhere"}, "/nowhere"),
        ("live_reader", {}, None),
        ("live_reader", {"host": "localhost", "ssl_mode": "verify-full"}, "certificate"),
    ],
)
def test_link_from_server_to_server_is_tried_before_anything_is_written(
    source: Cluster, live: str, replica: ReplicaModules, user: str, link: dict[str, Any], found: str | None
) -> None:
    quoted = PASSWORD.replace("'", "''")
    source.sql(f"CREATE ROLE live_reader LOGIN REPLICATION PASSWORD '{quoted}'; GRANT postgres TO live_reader")
    try:
        account = {**server(source), "login_user": user}
        obstacles = replica("status", live, source=account, link=link or None)["obstacles"]
    finally:
        source.sql("DROP ROLE live_reader")
    assert [each["what"] for each in obstacles] == (["link"] if found else [])
    assert found is None or found in obstacles[0]["text"]
    assert replica.left() == {}


def test_link_that_the_old_servers_rules_forbid(source: Cluster, live: str, replica: ReplicaModules) -> None:
    rules = source.directory / "pg_hba.conf"
    kept = rules.read_text(encoding="utf-8")
    rules.write_text(f"host all {NAME} all reject\n{kept}", encoding="utf-8")
    source.sql("SELECT pg_reload_conf()")
    try:
        (obstacle,) = replica("status", live)["obstacles"]
        assert (obstacle["what"], "pg_hba.conf" in obstacle["text"]) == ("link", True)
    finally:
        rules.write_text(kept, encoding="utf-8")
        source.sql("SELECT pg_reload_conf()")


def test_table_that_appears_is_neither_lost_nor_in_the_clients_way(
    source: Cluster, live: str, replica: ReplicaModules
) -> None:
    replica.follow(live)
    source.sql("CREATE TABLE later (x int); INSERT INTO later VALUES (1); UPDATE later SET x = 2", live)
    status = replica("status", live)
    sentence = f"{live}: the table public.later was created after the seed and does not follow"
    assert (status["state"], status["troubles"][0]) == ("broken", sentence)
    for result in (replica("following", live), replica.cut(live), replica("seeded", live)):
        assert "the table public.later was created after the seed" in result["msg"]
    replica("abandoned", live)
    source.sql("ALTER TABLE later ADD PRIMARY KEY (x)", live)
    replica.follow(live)
    source.sql("ALTER TABLE later ALTER x TYPE bigint", live)
    assert replica("status", live)["troubles"] == [f"{live}: public.later has other columns"]


def test_seed_that_costs_the_old_server_too_much(
    source: Cluster, bulky: str, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is enough to copy for the watch to look at it in the middle, however slow the machine."""
    monkeypatch.setattr(replica_seed, "WATCH_SECONDS", 0.01)
    with writer(source, [live]):
        result = replica("seeded", bulky, retain_limit=1)
    assert "more than retain_limit allows (1 bytes)." in result["msg"]
    assert "Nothing of it was left on either server." in result["msg"]
    assert replica.left() == {}


def test_killed_between_making_a_database_and_marking_it(target: Cluster, live: str, replica: ReplicaModules) -> None:
    """An empty one of that name is taken for what was left; one that holds something is somebody's."""
    target.sql(f'CREATE DATABASE "{live}.incomplete"')
    assert replica("abandoned", live)["changed"] is True
    assert replica.left() == {}
    target.sql(f'CREATE DATABASE "{live}.incomplete"')
    target.sql("CREATE TABLE kept (id int)", f"{live}.incomplete")
    assert replica("abandoned", live)["changed"] is False
    assert replica.left() == {"hidden": [f"{live}.incomplete"]}
    target.sql(f'DROP DATABASE "{live}.incomplete"')


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle(
    number: signal.Signals, source: Cluster, target: Cluster, bulky: str, replica: ReplicaModules
) -> None:
    """A signal leaves nothing behind, and what a killed seed leaves is removed by the next one."""
    arguments = replica.arguments("seeded", bulky)
    program = [sys.executable, str(Path(__file__).with_name("run_module.py")), "database_replica"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    loading = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%' AND application_name LIKE 'waba.migration%'"
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(arguments))
        process.stdin.close()
        until(lambda: target.sql(loading))
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


def test_new_server_that_is_gone_does_not_keep_the_old_one_from_being_cleaned(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules
) -> None:
    replica.follow(live)
    target.kill()
    result = replica("abandoned", live)
    assert result["failed"]
    assert "Connection refused" in result["msg"]
    assert source.sql("SELECT slot_name FROM pg_replication_slots") == []
    assert source.sql(f"SELECT rolname FROM pg_roles WHERE rolname = '{NAME}'") == []
    target.start()
    assert replica("abandoned", live)["changed"] is True
    assert replica.left() == {}


def test_link_that_the_new_server_does_not_get_through(live: str, replica: ReplicaModules) -> None:
    result = replica("seeded", live, link={"port": 1})
    assert "Connecting from the new database server" in result["msg"]
    assert "Connection refused" in result["msg"]
    assert replica.left() == {}


def test_transaction_that_does_not_end(
    source: Cluster, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.PINNED_SETTINGS, "lock_timeout", "200ms")
    with stuck(source, "postgres", "SELECT txid_current()"):
        result = replica("seeded", live)
    assert f"Beginning a slot in {live}, which waits until each open transaction has ended" in result["msg"]
    assert replica.left() == {}


def test_account_that_is_no_superuser(source: Cluster, live: str, replica: ReplicaModules) -> None:
    account = {**replica.arguments("status", live)["source"], "login_user": "mover"}
    source.sql("CREATE ROLE mover LOGIN PASSWORD '{}'".format(PASSWORD.replace("'", "''")))
    try:
        for each in replica("status", live, source=account)["obstacles"]:
            assert each["what"] == "rights"
            source.sql(each["statement"], each["database"] or "postgres")
        assert replica("status", live, source=account)["obstacles"] == []
        [found] = replica("status", live, source=account, require_own_account=True)["obstacles"]
        assert found["what"] == "own_account"
        seeded = replica("seeded", live, source=account)
        assert not seeded["failed"], seeded["msg"]
        assert seeded["left"]["account"] is None
        assert replica("following", live, source=account)["state"] == "following"
        cut = replica.cut(live, source=account)
        assert not cut["failed"], cut["msg"]
        replica("abandoned", live, source=account)
        assert replica.left() == {"roles": ["mover"]}
    finally:
        source.sql(f'REVOKE ALL ON DATABASE "{live}" FROM mover')
        source.sql("DROP ROLE mover")


def test_password_of_the_account_is_in_no_log(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules
) -> None:
    for cluster in (source, target):
        cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
        cluster.sql("SELECT pg_reload_conf()")
    try:
        replica.follow(live)
        [password] = target.sql("SELECT substring(subconninfo FROM 'password=''([^'']+)''') FROM pg_subscription")
        assert len(password) == 48
        for cluster in (source, target):
            log = cluster.directory.parent / f"{cluster.directory.name}.log"
            assert "statement: " in log.read_text(errors="replace")
            assert password not in log.read_text(errors="replace")
    finally:
        for cluster in (source, target):
            cluster.sql("ALTER SYSTEM RESET log_statement")
            cluster.sql("SELECT pg_reload_conf()")
