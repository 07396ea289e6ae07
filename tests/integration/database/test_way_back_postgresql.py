# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old client takes over again with what the new one has written, or it is said what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._replica import slot_name
from fingerprint_module import server
from postgresql_cluster import Cluster, assert_same, new_cluster
from replica_module import NAME, WRITES, ReplicaModules, stuck, until, writer

BACK = f"{NAME}_back"
LOST = "What has not come back is lost when the old client is started now."
GOES_ON = "Nothing was changed that the old client could notice: start it again."
InUse = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def target_cluster(server_directory: Path) -> Iterator[Cluster]:
    """A new server that lets changes leave it."""
    cluster = new_cluster(
        server_directory / "leaving", with_tls=True, wal_level="logical", wal_retrieve_retry_interval="50ms"
    )
    cluster.sql("CREATE ROLE wa LOGIN")
    yield cluster
    cluster.stop()


def cut_off(replica: ReplicaModules, *databases: str) -> None:
    """Databases whose new client has begun to write."""
    replica.follow(*databases)
    result = replica.cut(*databases, way_back=True)
    assert not result["failed"], result["msg"]
    for name in databases:
        replica.target.sql(WRITES, name)


def keep(replica: ReplicaModules, *databases: str) -> None:
    cut_off(replica, *databases)
    assert not replica("abandoned", *databases)["failed"]
    result = replica.way_back("kept", *databases)
    assert not result["failed"], result["msg"]


def test_old_client_takes_over_with_all_that_the_new_one_has_written(
    source: Cluster, target: Cluster, live_pair: list[str], replica: ReplicaModules
) -> None:
    replica.follow(*live_pair)
    cut = replica.cut(*live_pair, way_back=True)
    assert not cut["failed"], cut["msg"]
    assert set(cut["parts"]) == {"idle", "drain", "compare", "way_back", "show"}
    assert replica.way_back("status", *live_pair)["state"] == "prepared"
    assert replica.cut(*live_pair, way_back=True)["changed"] is False
    for name in live_pair:
        target.sql(WRITES, name)
    assert "is still there, and what comes back would be kept for it." in replica.way_back("kept", *live_pair)["msg"]
    assert not replica("abandoned", *live_pair)["failed"]
    assert replica.left().keys() == {"slots back", "publications back"}

    verified = {"ssl_mode": "verify-full", "ca_path": str(target.certificate)}
    with writer(target, live_pair):
        kept = replica.way_back("kept", *live_pair, link=verified)
        assert not kept["failed"], kept["msg"]
        assert (kept["changed"], kept["state"], kept["left"]["account"]) == (True, "kept", BACK)
        until(lambda: len(target.sql("SELECT pid FROM pg_stat_replication")) == 2)
        assert target.sql("SELECT DISTINCT usename, ssl FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)") == [
            f"{BACK}|t"
        ]
        again = replica.way_back("kept", *live_pair, link=verified)
        assert (again["changed"], again["left"]) == (False, kept["left"])
        before = source.sql("SELECT count(*) FROM messages", live_pair[0])
        until(lambda: source.sql("SELECT count(*) FROM messages", live_pair[0]) != before)
    assert replica.way_back("status", *live_pair)["troubles"] == []
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname"
    assert target.sql(f"{rights} = '{BACK}'") == ["f|f|f|f"]

    returned = replica.way_back("returned", *live_pair)
    assert not returned["failed"], returned["msg"]
    assert (returned["changed"], returned["state"]) == (True, "kept")
    assert [(each["name"], each["sequences"]) for each in returned["compared"]] == [(name, 3) for name in live_pair]
    assert replica.way_back("returned", *live_pair)["changed"] is False
    assert replica.way_back("absent", *live_pair)["changed"] is True
    assert replica.way_back("absent", *live_pair)["changed"] is False
    assert replica.left() == {}
    for name in live_pair:
        assert_same(source, target, name)
        source.sql(WRITES, name)


def test_given_up_at_any_time(source: Cluster, target: Cluster, live: str, replica: ReplicaModules) -> None:
    cut_off(replica, live)
    assert replica.way_back("absent", live)["changed"] is True
    assert not replica("abandoned", live)["failed"]
    assert replica.left() == {}
    assert "No way back was prepared" in replica.way_back("kept", live)["msg"]
    assert "so nothing comes back" in replica.way_back("returned", live)["msg"]
    target.sql(WRITES, live)


def test_check_mode_changes_nothing(live: str, replica: ReplicaModules) -> None:
    cut_off(replica, live)
    replica("abandoned", live)
    there = replica.left()
    assert replica.way_back("kept", live, _ansible_check_mode=True)["changed"] is True
    assert replica.left() == there
    assert not replica.way_back("kept", live)["failed"]
    there = replica.left()
    assert replica.way_back("returned", live, _ansible_check_mode=True)["changed"] is True
    assert replica.way_back("absent", live, _ansible_check_mode=True)["left"]["subscriptions"] == [live]
    assert replica.left() == there


def test_link_that_is_broken(source: Cluster, target: Cluster, live: str, replica: ReplicaModules) -> None:
    """What has not arrived is said, and arrives when the link is there again."""
    keep(replica, live)
    target.sql(f"ALTER ROLE {BACK} NOLOGIN")
    target.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
    until(lambda: not target.sql("SELECT pid FROM pg_stat_replication"))
    target.sql(WRITES, live)
    result = replica.way_back("returned", live, timeout=0.5)
    assert f"{live} lags behind by " in result["msg"]
    assert "the old server is not connected to the new one for it" in result["msg"]
    assert result["msg"].endswith(LOST)
    target.sql(f"ALTER ROLE {BACK} LOGIN")
    assert not replica.way_back("returned", live)["failed"]

    source.sql(f"ALTER SUBSCRIPTION {BACK} DISABLE", live)
    target.sql(WRITES, live)
    assert "its subscription on the old server is disabled" in replica.way_back("returned", live)["msg"]
    assert replica.way_back("kept", live)["changed"] is True
    result = replica.way_back("returned", live)
    assert not result["failed"], result["msg"]
    replica.way_back("absent", live)
    assert_same(source, target, live)


def test_killed_in_between(source: Cluster, target: Cluster, live_pair: list[str], replica: ReplicaModules) -> None:
    """One database follows and the other one does not yet. It goes on, and no change arrives twice."""
    cut_off(replica, *live_pair)
    replica("abandoned", *live_pair)
    program = [sys.executable, str(Path(__file__).with_name("run_module.py")), "database_way_back"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    waiting = "FROM pg_stat_activity WHERE query LIKE '%CREATE SUBSCRIPTION%' AND wait_event_type = 'Lock'"
    with stuck(source, live_pair[1], "SET application_name = 'waba.migration test'; LOCK TABLE messages"):
        with subprocess.Popen(program, stdin=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdin
            process.stdin.write(json.dumps(replica.way_back_arguments("kept", *live_pair)))
            process.stdin.close()
            until(lambda: source.sql(f"SELECT pid {waiting}"))
            process.kill()
        source.sql(f"SELECT pg_terminate_backend(pid) {waiting}")
        until(lambda: not source.sql(f"SELECT pid {waiting}"))
    status = replica.way_back("status", *live_pair)
    assert (status["state"], status["left"]["subscriptions"]) == ("incomplete", live_pair[:1])
    for name in live_pair:
        target.sql(WRITES, name)
    kept = replica.way_back("kept", *live_pair)
    assert (kept["failed"], kept["changed"], kept["state"]) == (False, True, "kept"), kept["msg"]
    returned = replica.way_back("returned", *live_pair)
    assert not returned["failed"], returned["msg"]
    replica.way_back("absent", *live_pair)
    assert {**replica.left(), "files": []} == {"files": []}
    for name in live_pair:
        assert_same(source, target, name)


def test_cut_that_fails_leaves_no_slot(
    source: Cluster, target: Cluster, live_pair: list[str], replica: ReplicaModules
) -> None:
    """A transaction that is open anywhere on the new server keeps a slot from beginning."""
    replica.follow(*live_pair)
    with stuck(target, "postgres", "SELECT txid_current()"):
        result = replica.cut(*live_pair, way_back=True, timeout=1)
    assert "The time limit of 1 s was reached." in result["msg"]
    assert GOES_ON in result["msg"]
    assert target.sql("SELECT slot_name FROM pg_replication_slots") == []
    assert replica.way_back("status", *live_pair)["state"] == "incomplete"
    source.sql(WRITES, live_pair[0])
    assert replica("following", *live_pair)["state"] == "following"
    target.sql(f"SELECT pg_create_logical_replication_slot('{slot_name(BACK, live_pair[0])}', 'pgoutput')", "postgres")
    assert not replica.cut(*live_pair, way_back=True)["failed"]
    assert replica.way_back("status", *live_pair)["state"] == "prepared"


def test_what_the_new_client_defines(target: Cluster, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    target.sql("CREATE TABLE later (x int)", live)
    target.sql("INSERT INTO later VALUES (1)", live)
    target.sql("UPDATE later SET x = 2", live)
    result = replica.way_back("returned", live)
    assert f"the table public.later of {live} was created after the cut" in result["msg"]
    assert result["msg"].endswith(LOST)
    target.sql("DROP TABLE later", live)
    assert not replica.way_back("returned", live)["failed"]


def test_rows_that_differ(source: Cluster, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    source.sql("DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)", live)
    result = replica.way_back("returned", live)
    assert "rows on the new server and" in result["msg"]
    assert result["msg"].endswith(LOST)


def test_clients_that_are_still_there(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules, in_use: InUse
) -> None:
    cut_off(replica, live)
    replica("abandoned", live)
    connected = f"SELECT pid FROM pg_stat_activity WHERE datname = '{live}' AND backend_type = 'client backend'"
    with in_use(live):
        assert "stop the old client." in replica.way_back("kept", live)["msg"]
    until(lambda: not source.sql(connected))
    assert not replica.way_back("kept", live)["failed"]
    with in_use(live):
        assert "stop the old client." in replica.way_back("returned", live)["msg"]
    until(lambda: not source.sql(connected))
    with stuck(target, live, "SELECT 1"):
        result = replica.way_back("returned", live, idle_timeout=0.2)
    assert "are still in use after 0.2 s" in result["msg"]
    assert "Stop the new client" in result["msg"]


def test_bound_of_the_new_server(target: Cluster, live: str, replica: ReplicaModules) -> None:
    """The new server goes on when nobody fetches for too long, and the way back is told to be lost."""
    cut_off(replica, live)
    replica("abandoned", live)
    target.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    target.sql("SELECT pg_reload_conf()")
    try:
        for _segment in range(4):
            target.sql(WRITES, live)
            target.sql("SELECT pg_switch_wal()")
        target.sql("CHECKPOINT")
        status = replica.way_back("status", live)
        assert status["state"] == "broken"
        assert "the new server has thrown away changes" in status["troubles"][0]
        assert "The way back is broken and does not mend itself." in replica.way_back("kept", live)["msg"]
        assert replica.way_back("absent", live)["changed"] is True
        assert replica.left() == {}
    finally:
        target.sql("ALTER SYSTEM RESET max_slot_wal_keep_size")
        target.sql("SELECT pg_reload_conf()")


def test_new_server_that_is_gone_does_not_keep_the_old_one_from_being_cleaned(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules
) -> None:
    keep(replica, live)
    target.kill()
    result = replica.way_back("absent", live)
    assert result["failed"]
    assert "Connection refused" in result["msg"]
    assert source.sql("SELECT subname FROM pg_subscription") == []
    lost = replica.way_back("absent", live, accept_target_gone=True)
    assert (lost["failed"], lost["state"]) == (False, "incomplete")
    target.start()
    assert replica.way_back("absent", live)["changed"] is True
    assert replica.left() == {}


def test_what_a_server_lacks(source: Cluster, target: Cluster, live: str, replica: ReplicaModules) -> None:
    target.sql(f"CREATE DATABASE {live}")
    assert replica.way_back("status", live)["obstacles"] == []
    target.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'")
    target.sql("SELECT pg_reload_conf()")
    try:
        assert replica.way_back("status", live, require_slot_limit=True)["obstacles"] == []
    finally:
        target.sql("ALTER SYSTEM RESET max_slot_wal_keep_size")
        target.sql("SELECT pg_reload_conf()")
    source.sql("CREATE ROLE mover LOGIN PASSWORD 'simple'")
    try:
        account = {**server(source), "login_user": "mover", "login_password": "simple"}
        [found] = replica.way_back("status", live, source=account)["obstacles"]
        assert found["text"] == "Only a superuser may have the old server follow another one"
    finally:
        source.sql("DROP ROLE mover")


def test_password_of_the_account_is_in_no_log(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules
) -> None:
    for cluster in (source, target):
        cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
        cluster.sql("SELECT pg_reload_conf()")
    try:
        keep(replica, live)
        [password] = source.sql("SELECT substring(subconninfo FROM 'password=''([^'']+)''') FROM pg_subscription")
        assert len(password) == 48
        for cluster in (source, target):
            log = cluster.directory.parent / f"{cluster.directory.name}.log"
            assert "statement: " in log.read_text(errors="replace")
            assert password not in log.read_text(errors="replace")
    finally:
        for cluster in (source, target):
            cluster.sql("ALTER SYSTEM RESET log_statement")
            cluster.sql("SELECT pg_reload_conf()")
