# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases are cut off whole or not at all, and then go on following a client that goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils._cut_begin import ready_path
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import cut, cut_database, cut_show
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import TargetServer
from mysql_server import MARIADB, MARKER, Instance, assert_same
from replica_module import NAME, meanwhile, until
from replica_mysql import NUMBERS, WRITES, ReplicaModules, channels, stuck

GOES_ON = "Nothing was changed that the old client could notice: start it again."
LARGE = f"""
CREATE TABLE by_number (a int, b int, t text, PRIMARY KEY (a, b));
INSERT INTO by_number {NUMBERS} SELECT n, n % 10, REPEAT('x', 2000) FROM s;
CREATE TABLE by_text (t varchar(200) PRIMARY KEY, u text);
INSERT INTO by_text {NUMBERS} SELECT SHA2(n, 256), REPEAT('x', 2000) FROM s;
ANALYZE TABLE by_number, by_text;
"""
PROGRAMS = """
CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, t text);
CREATE VIEW newest AS SELECT MAX(id) AS id FROM messages;
CREATE VIEW above AS SELECT id FROM newest;
CREATE PROCEDURE tidy() DELETE FROM log;
CREATE TRIGGER noted AFTER INSERT ON settings FOR EACH ROW INSERT INTO log (t) VALUES (NEW.name);
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO CALL tidy();
"""


def last_words(source: Instance, live: str, say: Callable[[], object]) -> Callable[[], None]:
    """A client that does something at last, when the cut is waiting for it to go."""

    def go() -> None:
        with stuck(source, live, "SELECT 1"):
            time.sleep(1)
            source.sql(WRITES, live)
            say()

    return go


def test_started_before_the_client_is_stopped(
    source: Instance, target: Instance, live: str, replica: ReplicaModules
) -> None:
    """Views, routines, triggers and events come with it, and a trigger does not fire a second time."""
    source.sql(LARGE + PROGRAMS, live)
    replica.follow(live)
    fenced = replica.directory / "fenced"

    def write_and_stop() -> None:
        """With a connection for each change, so that nobody is connected most of the time."""
        for number in range(5):
            source.sql(f"{WRITES}; INSERT INTO settings VALUES ('{number}', 0)", live)
            time.sleep(0.1)
        fenced.touch()

    with meanwhile(write_and_stop):
        result = replica.cut(live, begin_path=str(fenced), idle_timeout=20)
    assert not result["failed"], result["msg"]
    compared = {table["name"]: table["compared"] for table in result["databases"][0]["tables"]}
    assert {name: compared[name] for name in ("by_number", "by_text", "messages", "settings")} == {
        "by_number": "last rows",
        "by_text": "nothing",
        "messages": "whole",
        "settings": "whole",
    }
    replica("abandoned", live)
    assert_same(source, target, live)
    assert target.sql("SELECT COUNT(*) FROM log", live) == ["5"]


def test_whatever_goes_wrong_the_old_client_can_go_on(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = f"{live}.incomplete"
    replica.follow(live)

    def goes_on(result: dict[str, object]) -> str:
        assert result["failed"]
        assert GOES_ON in str(result["msg"])
        assert target.databases() == [hidden]
        source.sql(WRITES, live)
        followed = replica("following", live)
        assert followed["state"] == "following", followed["msg"]
        return str(result["msg"])

    with stuck(source, live, "SELECT 1"):
        assert f"still in use after 0.2 s ({live}: root@localhost)." in goes_on(replica.cut(live, idle_timeout=0.2))

    with stuck(target, hidden, "START TRANSACTION; SELECT * FROM settings FOR UPDATE; SELECT 1"):
        source.sql(WRITES, live)
        result = replica.cut(live, timeout=0.5)
    assert "The time limit of 0.5 s was reached." in goes_on(result)

    with stuck(target, hidden, "START TRANSACTION; SELECT * FROM settings"):
        monkeypatch.setattr("ansible_collections.waba.migration.plugins.module_utils._mysql.cut_show.END_SECONDS", 0.5)
        result = replica.cut(live)
    assert "did not answer within 0.5 s." in goes_on(result)
    monkeypatch.undo()

    with meanwhile(last_words(source, live, lambda: target.sql(f"CREATE DATABASE {live}"))):
        taken = replica.cut(live, idle_timeout=20)
    assert "database exists" in taken["msg"]
    assert GOES_ON in taken["msg"]
    assert sorted(target.databases()) == [live, hidden]
    target.sql(f"DROP DATABASE {live}")
    assert replica("following", live)["state"] == "following"

    stop = f"STOP SLAVE '{NAME}'" if MARIADB else f"STOP REPLICA FOR CHANNEL '{NAME}'"
    target.sql(stop)
    assert f"{live}: its subscription is disabled" in goes_on(replica.cut(live))

    target.sql("DELETE FROM messages WHERE id = 800", hidden)
    assert f"table messages of {live} has" in goes_on(replica.cut(live))
    monkeypatch.setattr(cut_database, "WHOLE_TABLE_BYTES", 0)
    target.sql("DELETE FROM messages ORDER BY id DESC LIMIT 1", hidden)
    assert f"the last 200 rows of table messages of {live} are not the same on both servers" in goes_on(
        replica.cut(live)
    )


def test_after_a_cut_that_was_killed(target: Instance, live: str, replica: ReplicaModules) -> None:
    """It had begun to make the databases, and had not yet renamed a table."""
    replica.follow(live)
    target.sql(
        f"INSERT INTO waba_migration.copies VALUES ('{live}', '{MARKER}', 'incomplete', NOW()); CREATE DATABASE {live}"
    )
    assert replica("following", live)["state"] == "following"
    assert replica.cut(live, _ansible_check_mode=True)["changed"] is True
    result = replica.cut(live)
    assert not result["failed"], result["msg"]
    assert target.sql("SELECT COUNT(*) FROM settings", live) == ["1"]


def test_after_a_cut_that_was_killed_when_it_had_happened(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that it had still to do was to take away what nobody needs any more."""
    replica.follow(live)
    monkeypatch.setattr(cut_show.Showing, "_forget", lambda _showing: None)
    replica.cut(live)
    monkeypatch.undo()
    assert (sorted(target.databases()), channels(target)) == ([live, f"{live}.incomplete"], [NAME])
    assert replica("status", live)["state"] == "cut"
    assert "have been cut off already" in replica("following", live)["msg"]
    assert replica.cut(live, _ansible_check_mode=True)["changed"] is True
    result = replica.cut(live)
    assert (result["failed"], result["changed"], replica.cut(live)["changed"]) == (False, True, False)
    assert (target.databases(), channels(target)) == ([live], [])
    assert_same(source, target, live)


def test_broken_at_the_end(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables have their names already when one of the programs cannot be made, and lose them again."""
    source.sql(PROGRAMS, live)
    replica.follow(live)
    there = replica.left()
    monkeypatch.setattr(
        "ansible_collections.waba.migration.plugins.module_utils._mysql.gate.program_differences",
        lambda _there, _here: ["one is missing"],
    )
    result = replica.cut(live)
    monkeypatch.undo()
    assert "one is missing" in result["msg"]
    assert GOES_ON in result["msg"]
    assert (target.databases(), replica.left()) == ([f"{live}.incomplete"], there)
    source.sql(WRITES, live)
    assert replica("following", live)["state"] == "following"
    again = replica.cut(live)
    assert not again["failed"], again["msg"]
    assert_same(source, target, live)


def test_answer_that_gets_lost(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has done it, and the connection breaks before it could say so."""
    complete = Ledger.complete

    def lose_the_answer(ledger: Ledger, names: list[str]) -> None:
        complete(ledger, names)
        raise DatabaseError("the connection is gone")

    monkeypatch.setattr(Ledger, "complete", lose_the_answer)
    replica.follow(live)
    result = replica.cut(live)
    assert not result["failed"], result["msg"]
    assert (target.databases(), channels(target)) == ([live], [])
    assert_same(source, target, live)


def test_answer_that_gets_lost_when_a_database_is_made(
    target: Instance, live_pair: list[str], replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and has the name that it is to have, with nothing in it."""
    create = TargetServer.create_empty

    def lose_the_answer(server: TargetServer, name: str, plan: Plan) -> None:
        create(server, name, plan)
        if name == live_pair[1]:
            raise DatabaseError("the connection is gone")

    replica.follow(*live_pair)
    noted = target.ledger()
    monkeypatch.setattr(TargetServer, "create_empty", lose_the_answer)
    result = replica.cut(*live_pair)
    monkeypatch.undo()
    assert f"the connection is gone {GOES_ON}" in result["msg"]
    assert (sorted(target.databases()), target.ledger()) == (sorted(f"{name}.incomplete" for name in live_pair), noted)
    assert not replica.cut(*live_pair)["failed"]


def test_servers_that_fall_silent(
    source: Instance, target: Instance, live: str, replica: ReplicaModules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one when it is asked who is connected, and the new one when all has happened but for the last words."""
    replica.follow(live)
    begin = replica.directory / "fenced"

    def fall_silent_and_begin() -> None:
        until(ready_path(str(begin)).exists)
        monkeypatch.setattr(cut, "END_SECONDS", 1.0)
        source.pause()
        begin.touch()
        time.sleep(4)
        source.resume()

    with meanwhile(fall_silent_and_begin):
        result = replica.cut(live, begin_path=str(begin), idle_timeout=20)
    assert f"127.0.0.1:{source.port} did not answer within 1 s. {GOES_ON}" in result["msg"]
    assert replica("following", live)["state"] == "following"
    monkeypatch.undo()

    complete = Ledger.complete

    def complete_and_fall_silent(ledger: Ledger, names: list[str]) -> None:
        complete(ledger, names)
        monkeypatch.setattr(cut_show, "END_SECONDS", 1.0)
        target.pause()
        awakened.start()

    awakened = threading.Timer(4, target.resume)
    monkeypatch.setattr(Ledger, "complete", complete_and_fall_silent)
    result = replica.cut(live)
    awakened.join()
    assert "The databases have been cut off and have their names" in result["msg"]
    assert "did not answer within 1 s." in result["msg"]


def test_table_that_appears_at_the_last_moment(source: Instance, live: str, replica: ReplicaModules) -> None:
    replica.follow(live)
    with meanwhile(last_words(source, live, lambda: source.sql(f"CREATE TABLE {live}.later (x int)", "mysql"))):
        result = replica.cut(live, idle_timeout=20)
    assert "the table later was created after the seed and does not follow" in result["msg"]
    assert GOES_ON in result["msg"]


def test_nothing_to_cut_off(live: str, replica: ReplicaModules) -> None:
    assert f"{live} does not follow under the name" in replica.cut(live)["msg"]


def test_one_of_two_alone(live_pair: list[str], replica: ReplicaModules) -> None:
    replica.follow(*live_pair)
    assert "all of them have to be cut off together" in replica.cut(live_pair[0])["msg"]
    assert replica("following", *live_pair)["state"] == "following"
