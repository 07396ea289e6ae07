# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old client takes over again with what the new one has written, or it is said what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import link
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import MySQLWords
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back import MySQLWayBack
from mysql_server import Instance, assert_same
from replica_module import NAME, until
from replica_mysql import WRITES, ReplicaModules, channels, restart, server, stuck, writer

BACK = f"{NAME}_back"
LOST = "What has not come back is lost when the old client is started now."
GOES_ON = "Nothing was changed that the old client could notice: start it again."
SENT = "SELECT DISTINCT USER FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"


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


def messages(instance: Instance, database: str) -> list[str]:
    return instance.sql("SELECT COUNT(*) FROM messages", database)


def test_old_client_takes_over_with_all_that_the_new_one_has_written(
    source: Instance, target: Instance, live_pair: list[str], replica: ReplicaModules
) -> None:
    replica.follow(*live_pair)
    cut = replica.cut(*live_pair, way_back=True)
    assert not cut["failed"], cut["msg"]
    status = replica.way_back("status", *live_pair)
    assert (status["state"], status["left"]["publications"]) == ("prepared", sorted(live_pair))
    assert replica.cut(*live_pair, way_back=True)["changed"] is False
    for name in live_pair:
        target.sql(WRITES, name)
    assert "is still there, and what comes back would be fetched by it." in replica.way_back("kept", *live_pair)["msg"]
    assert not replica("abandoned", *live_pair)["failed"]
    assert replica.left().keys() == {"noted back"}

    target.sql("CREATE DATABASE neighbour; CREATE TABLE neighbour.t (x int); INSERT INTO neighbour.t VALUES (1)")
    with writer(target, live_pair):
        kept = replica.way_back("kept", *live_pair)
        assert not kept["failed"], kept["msg"]
        assert (kept["changed"], kept["state"], kept["left"]["account"]) == (True, "kept", BACK)
        assert (kept["left"]["subscriptions"], kept["left"]["channel"]) == (live_pair, BACK)
        assert target.sql(SENT) == [BACK]
        again = replica.way_back("kept", *live_pair)
        assert (again["changed"], again["left"]) == (False, kept["left"])
        before = messages(source, live_pair[0])
        until(lambda: messages(source, live_pair[0]) != before)
    assert replica.way_back("status", *live_pair)["troubles"] == []
    target.sql("INSERT INTO ahead VALUES (5000); DELETE FROM ahead", live_pair[0])

    returned = replica.way_back("returned", *live_pair)
    assert not returned["failed"], returned["msg"]
    assert returned["state"] == "kept"
    assert [(each["name"], each["sequences"]) for each in returned["compared"]] == [(name, 2) for name in live_pair]
    assert replica.way_back("returned", *live_pair)["changed"] is False
    assert "neighbour" not in source.databases()
    assert replica.way_back("absent", *live_pair)["changed"] is True
    assert replica.way_back("absent", *live_pair)["changed"] is False
    assert replica.left() == {}
    for name in live_pair:
        assert_same(source, target, name)
        source.sql(WRITES, name)


def test_given_up_at_any_time(target: Instance, live: str, replica: ReplicaModules) -> None:
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


def test_link_that_is_broken(source: Instance, target: Instance, live: str, replica: ReplicaModules) -> None:
    """What has not arrived is said, and arrives when the link is there again."""
    keep(replica, live)
    target.sql(f"ALTER USER '{BACK}'@'%' ACCOUNT LOCK")
    for number in target.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"):
        target.sql(f"KILL {number}")
    until(lambda: "not connected" in "".join(replica.way_back("status", live)["troubles"]))
    target.sql(WRITES, live)
    result = replica.way_back("returned", live, timeout=0.5)
    assert "has not got everything from" in result["msg"]
    assert f"{live} lags behind by " in result["msg"]
    assert "the old server is not connected to the new one for it" in result["msg"]
    assert result["msg"].endswith(LOST)
    target.sql(f"ALTER USER '{BACK}'@'%' ACCOUNT UNLOCK")
    assert not replica.way_back("returned", live)["failed"]

    source.sql(f"STOP REPLICA FOR CHANNEL '{BACK}'")
    target.sql(WRITES, live)
    assert "its subscription on the old server is disabled" in replica.way_back("returned", live)["msg"]
    assert replica.way_back("kept", live)["changed"] is True
    result = replica.way_back("returned", live)
    assert not result["failed"], result["msg"]
    replica.way_back("absent", live)
    assert_same(source, target, live)


def test_killed_in_between(
    source: Instance,
    target: Instance,
    live_pair: list[str],
    replica: ReplicaModules,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It knows where to fetch from and nothing else yet. It goes on, and no change arrives twice."""
    cut_off(replica, *live_pair)
    replica("abandoned", *live_pair)

    def die(_way_back: MySQLWayBack) -> None:
        raise DatabaseError("killed")

    monkeypatch.setattr(MySQLWayBack, "_start", die)
    assert "killed" in replica.way_back("kept", *live_pair)["msg"]
    monkeypatch.undo()
    for name in live_pair:
        target.sql(WRITES, name)
    kept = replica.way_back("kept", *live_pair)
    assert (kept["failed"], kept["changed"], kept["state"]) == (False, True, "kept"), kept["msg"]
    returned = replica.way_back("returned", *live_pair)
    assert not returned["failed"], returned["msg"]
    replica.way_back("absent", *live_pair)
    assert replica.left() == {}
    for name in live_pair:
        assert_same(source, target, name)


def test_cut_that_fails_leaves_no_note(
    source: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_ledger: Ledger, _names: list[str]) -> None:
        raise DatabaseError("the disk is full.")

    replica.follow(live)
    monkeypatch.setattr(Ledger, "complete", refuse)
    result = replica.cut(live, way_back=True)
    monkeypatch.undo()
    assert f"the disk is full. {GOES_ON}" in result["msg"]
    assert "noted back" not in replica.left()
    assert replica.way_back("status", live)["state"] == "absent"
    source.sql(WRITES, live)
    assert replica("following", live)["state"] == "following"
    assert not replica.cut(live, way_back=True)["failed"]
    assert replica.way_back("status", live)["state"] == "prepared"


def test_what_the_new_client_defines(target: Instance, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    target.sql("CREATE TABLE later (x int); INSERT INTO later VALUES (1)", live)
    result = replica.way_back("returned", live)
    assert f"the table later was created after the cut in {live}" in result["msg"]
    assert result["msg"].endswith(LOST)


def test_what_is_dropped_on_the_new_server_stays_on_the_old_one(
    source: Instance, target: Instance, live_pair: list[str], replica: ReplicaModules
) -> None:
    keep(replica, *live_pair)
    target.sql("TRUNCATE settings; DROP TABLE child", live_pair[0])
    target.sql(f"DROP DATABASE {live_pair[1]}")
    until(lambda: "changes cannot be applied" in "".join(replica.way_back("status", *live_pair)["troubles"]))
    assert source.sql("SELECT COUNT(*) FROM settings", live_pair[0]) == ["1"]
    assert source.sql("SELECT COUNT(*) FROM child", live_pair[0]) == ["2"]
    assert live_pair[1] in source.databases()
    assert replica.way_back("returned", live_pair[0])["msg"].endswith(LOST)


def test_killed_while_the_link_was_tried(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel of a trial begins anywhere, and is never taken for the one that brings everything back."""

    def die(*_arguments: Any) -> None:
        raise DatabaseError("killed")

    def survive(_words: MySQLWords) -> str:
        return "SELECT 1"

    cut_off(replica, live)
    replica("abandoned", live)
    with monkeypatch.context() as patch:
        patch.setattr(link, "channel_once", die)
        patch.setattr(MySQLWords, "stop", survive)
        patch.setattr(MySQLWords, "forget", survive)
        assert "killed" in replica.way_back("kept", live)["msg"]
    assert channels(source) == [f"{BACK}_try"]
    target.sql(WRITES, live)
    assert replica.way_back("status", live)["state"] == "prepared"
    assert channels(source) == []
    kept = replica.way_back("kept", live)
    assert not kept["failed"], kept["msg"]
    returned = replica.way_back("returned", live)
    assert not returned["failed"], returned["msg"]
    replica.way_back("absent", live)
    assert replica.left() == {}
    assert_same(source, target, live)


def test_account_that_may_not_see_whether_somebody_writes(source: Instance, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    source.sql("CREATE USER mover@'%' IDENTIFIED BY 'Simple-1'; GRANT SELECT, CREATE USER ON *.* TO mover@'%'")
    try:
        account = {**server(source), "login_user": "mover", "login_password": "Simple-1"}
        result = replica.way_back("absent", live, source=account, accept_target_gone=True)
    finally:
        source.sql("DROP USER mover@'%'")
    assert "so that nobody knows whether one of them still writes to its databases." in result["msg"]
    assert channels(source) == [BACK]


def test_rows_that_differ(source: Instance, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    source.sql("DELETE FROM messages ORDER BY id DESC LIMIT 1", live)
    result = replica.way_back("returned", live)
    assert "rows on the new server and" in result["msg"]
    assert result["msg"].endswith(LOST)


def test_clients_that_are_still_there(source: Instance, target: Instance, live: str, replica: ReplicaModules) -> None:
    cut_off(replica, live)
    replica("abandoned", live)
    connected = f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{live}' AND USER <> 'system user'"
    with stuck(source, live, "SELECT 1"):
        assert "stop the old client." in replica.way_back("kept", live)["msg"]
    until(lambda: not source.sql(connected))
    assert not replica.way_back("kept", live)["failed"]
    with stuck(source, live, "SELECT 1"):
        assert "stop the old client." in replica.way_back("returned", live)["msg"]
    until(lambda: not source.sql(connected))
    with stuck(target, live, "SELECT 1"):
        result = replica.way_back("returned", live, idle_timeout=0.2)
    assert "are still in use after 0.2 s" in result["msg"]
    assert "Stop the new client" in result["msg"]


def test_log_that_has_expired(target: Instance, live: str, replica: ReplicaModules) -> None:
    """The new server does not wait for anybody, and the way back is told to be lost."""
    cut_off(replica, live)
    replica("abandoned", live)
    target.sql("FLUSH BINARY LOGS")
    last = target.sql("SHOW BINARY LOGS")[-1].split("\t")[0]
    target.sql(f"PURGE BINARY LOGS TO '{last}'")
    status = replica.way_back("status", live)
    assert status["state"] == "broken"
    assert "the new server has deleted changes" in status["troubles"][0]
    assert "The way back is broken and does not mend itself." in replica.way_back("kept", live)["msg"]
    assert replica.way_back("absent", live)["changed"] is True
    assert replica.left() == {}


def test_old_server_that_was_started_anew(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    """It has forgotten what to apply, and may apply nothing else."""
    keep(replica, live)
    source.stop()
    target.sql("CREATE DATABASE neighbour; CREATE TABLE neighbour.t (x int)")
    target.sql(WRITES, live)
    source.start()
    status = replica.way_back("status", live)
    assert status["troubles"] != []
    assert "neighbour" not in source.databases()
    kept = replica.way_back("kept", live)
    assert (kept["failed"], kept["changed"]) == (False, True), kept["msg"]
    returned = replica.way_back("returned", live)
    assert not returned["failed"], returned["msg"]
    replica.way_back("absent", live)
    assert_same(source, target, live)


def test_new_server_that_is_gone_does_not_keep_the_old_one_from_being_cleaned(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    keep(replica, live)
    target.kill()
    result = replica.way_back("absent", live)
    assert result["failed"]
    assert "Can't connect" in result["msg"]
    assert source.sql("SELECT CHANNEL_NAME FROM performance_schema.replication_connection_configuration") == []
    lost = replica.way_back("absent", live, accept_target_gone=True)
    assert (lost["failed"], lost["state"]) == (False, "incomplete")
    target.start()
    assert replica.way_back("absent", live)["changed"] is True
    assert replica.left() == {}


@pytest.mark.parametrize(
    ("where", "variable", "value", "what"),
    [
        ("target", "binlog_format", "STATEMENT", {"what": "binlog_format", "server": "target"}),
        ("target", "binlog_expire_logs_seconds", "3600", {"what": "expire", "server": "target"}),
        ("source", "server_id", "2", {"what": "server_id", "server": "source"}),
    ],
)
def test_what_a_server_lacks(
    source: Instance,
    target: Instance,
    live: str,
    replica: ReplicaModules,
    where: str,
    variable: str,
    value: str,
    what: dict[str, Any],
) -> None:
    instance = {"source": source, "target": target}[where]
    assert replica.way_back("status", live)["obstacles"] == []
    [before] = instance.sql(f"SELECT @@global.{variable}")
    instance.sql(f"SET GLOBAL {variable} = {value}")
    try:
        [found] = replica.way_back("status", live)["obstacles"]
    finally:
        instance.sql(f"SET GLOBAL {variable} = {before}")
    assert {name: found[name] for name in what} == what
    assert found["statement"].startswith("SET PERSIST ")


def test_link_that_does_not_come_about(live: str, replica: ReplicaModules) -> None:
    nowhere = {"host": "127.0.0.1", "port": 1, "ssl_mode": "require"}
    [found] = replica.way_back("status", live, link=nowhere)["obstacles"]
    assert (found["what"], found["server"]) == ("link", "source")
    assert "The old server" in found["text"]
    assert replica.left() == {}


def test_cut_on_a_server_that_keeps_its_log_for_an_hour(target: Instance, live: str, replica: ReplicaModules) -> None:
    """What is lacking is said before the window."""
    replica.follow(live)
    [before] = target.sql("SELECT @@global.binlog_expire_logs_seconds")
    target.sql("SET GLOBAL binlog_expire_logs_seconds = 3600")
    try:
        result = replica.cut(live, way_back=True)
    finally:
        target.sql(f"SET GLOBAL binlog_expire_logs_seconds = {before}")
    assert "No way back can be prepared on" in result["msg"]
    assert GOES_ON in result["msg"]


def test_password_of_the_account_is_in_no_log(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    logs = [instance.directory / "statements.log" for instance in (source, target)]
    for instance, log in zip((source, target), logs, strict=True):
        instance.sql(f"SET GLOBAL general_log_file = '{log}'; SET GLOBAL general_log = ON")
    try:
        keep(replica, live)
        [password] = source.sql(f"SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = '{BACK}'")
    finally:
        for instance in (source, target):
            instance.sql("SET GLOBAL general_log = OFF")
    assert len(password) > 20
    for log in logs:
        text = log.read_text(errors="replace")
        assert "SELECT" in text
        assert password not in text


def test_account_that_may_not_make_one(target: Instance, live: str, replica: ReplicaModules) -> None:
    target.sql("CREATE USER mover@'%' IDENTIFIED BY 'Simple-1'")
    target.sql("GRANT PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, SELECT ON *.* TO mover@'%'")
    try:
        account = {**server(target), "login_user": "mover", "login_password": "Simple-1"}
        [found] = replica.way_back("status", live, target=account)["obstacles"]
        assert (found["what"], found["server"]) == ("rights", "target")
        assert "may not make the account that the old server follows with" in found["text"]
    finally:
        target.sql("DROP USER mover@'%'")


def test_restart_of_the_new_server(source: Instance, target: Instance, live: str, replica: ReplicaModules) -> None:
    keep(replica, live)
    restart(target)
    target.sql(WRITES, live)
    returned = replica.way_back("returned", live)
    assert not returned["failed"], returned["msg"]
    replica.way_back("absent", live)
    assert_same(source, target, live)
