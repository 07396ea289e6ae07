# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases are cut off whole or not at all, and then go on following a client that goes on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql import cut_database
from postgresql_cluster import Cluster, assert_same
from replica_module import WRITES, ReplicaModules, meanwhile, stuck, until

GOES_ON = "Nothing was changed that the old client could notice: start it again."
LARGE = """
CREATE TABLE by_number (a int, b int, t text, PRIMARY KEY (a, b));
INSERT INTO by_number SELECT g / 10, g % 10, repeat('x', 100) FROM generate_series(1, 20000) g;
CREATE TABLE by_text (t text PRIMARY KEY);
INSERT INTO by_text SELECT repeat(md5(g::text), 3) FROM generate_series(1, 10000) g;
"""


InUse = Callable[[str], AbstractContextManager[None]]


def last_words(source: Cluster, live: str, in_use: InUse, say: Callable[[], object]) -> Callable[[], None]:
    """A client that does something at last, when the cut is waiting for it to go."""
    waiting = "query LIKE '%jsonb_object_agg(datname, sessions)%' AND pid <> pg_backend_pid()"

    def go() -> None:
        with in_use(live):
            until(lambda: source.sql(f"SELECT pid FROM pg_stat_activity WHERE {waiting}"))
            source.sql(WRITES, live)
            say()

    return go


def test_started_before_the_client_is_stopped(
    source: Cluster, target: Cluster, live: str, replica: ReplicaModules
) -> None:
    source.sql(LARGE, live)
    replica.follow(live)
    fenced = replica.directory / "fenced"

    def write_and_stop() -> None:
        """With a connection for each change, so that nobody is connected most of the time."""
        until(fenced.with_name("fenced.ready").exists)
        for _time in range(5):
            source.sql(WRITES, live)
            time.sleep(0.1)
        fenced.touch()

    with meanwhile(write_and_stop):
        result = replica.cut(live, begin_path=str(fenced), idle_timeout=20)
    assert not result["failed"], result["msg"]
    assert {table["name"]: table["compared"] for table in result["databases"][0]["tables"]} == {
        "public.by_number": "last rows",
        "public.by_text": "nothing",
        "public.messages": "whole",
        "public.settings": "whole",
    }
    replica("abandoned", live)
    assert_same(source, target, live)


def test_called_off(live: str, replica: ReplicaModules) -> None:
    replica.follow(live)
    there, place = replica.left(), replica.directory / "called off"
    place.mkdir()

    def call_off() -> None:
        until((place / "fenced.ready").exists)
        shutil.rmtree(place)

    with meanwhile(call_off):
        result = replica.cut(live, begin_path=str(place / "fenced"), idle_timeout=20)
    assert f"This was called off: {place} has been removed. Nothing was changed" in result["msg"]
    assert replica.left() == there
    assert f"{place}/fenced.ready cannot be made" in replica.cut(live, begin_path=str(place / "fenced"))["msg"]


def test_whoever_waits_for_it_sees_that_it_has_ended(live: str, replica: ReplicaModules) -> None:
    fenced = replica.directory / "fenced"
    assert "Seed it first." in replica.cut(live, begin_path=str(fenced))["msg"]
    assert fenced.with_name("fenced.ready").read_text(encoding="ascii") == "ended"


def test_whatever_goes_wrong_the_old_client_can_go_on(
    source: Cluster,
    target: Cluster,
    live: str,
    replica: ReplicaModules,
    in_use: InUse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hidden = f"{live}.incomplete"
    replica.follow(live)

    def refused(**options: Any) -> str:
        result = replica.cut(live, **options)
        assert result["failed"]
        assert GOES_ON in result["msg"]
        assert target.databases() == [hidden]
        source.sql(WRITES, live)
        assert replica("following", live)["state"] == "following"
        return str(result["msg"])

    with in_use(live):
        assert f"still in use after 0.2 s ({live}: postgres@127.0.0.1 (psql))." in refused(idle_timeout=0.2)

    with stuck(target, hidden, "LOCK TABLE messages"):
        source.sql(WRITES, live)
        result = replica.cut(live, timeout=0.5)
    assert "The time limit of 0.5 s was reached." in result["msg"]
    assert replica("following", live)["state"] == "following"

    with meanwhile(last_words(source, live, in_use, lambda: target.sql(f"CREATE DATABASE {live}"))):
        taken = replica.cut(live, idle_timeout=20)
    assert f'database "{live}" already exists' in taken["msg"]
    assert GOES_ON in taken["msg"]
    target.sql(f"DROP DATABASE {live}")
    assert replica("following", live)["state"] == "following"

    target.sql("ALTER SUBSCRIPTION waba_migration_test DISABLE", hidden)
    assert f"{live}: its subscription is disabled" in refused()

    target.sql("DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)", hidden)
    assert f"table public.messages of {live} has" in refused()
    monkeypatch.setattr(cut_database, "WHOLE_TABLE_BYTES", 0)
    assert f"the last 200 rows of table public.messages of {live} are not the same on both servers" in refused()


def test_table_that_appears_at_the_last_moment(
    source: Cluster, live: str, replica: ReplicaModules, in_use: InUse
) -> None:
    replica.follow(live)
    with meanwhile(last_words(source, live, in_use, lambda: source.sql("CREATE TABLE later (x int)", live))):
        result = replica.cut(live, idle_timeout=20)
    assert "the table public.later was created after the seed and does not follow" in result["msg"]
    assert GOES_ON in result["msg"]


def test_nothing_to_cut_off(live: str, replica: ReplicaModules) -> None:
    assert f"{live} does not follow under the name" in replica.cut(live)["msg"]


def test_way_back_from_a_server_that_keeps_no_changes(live: str, replica: ReplicaModules) -> None:
    replica.follow(live)
    there = replica.left()
    result = replica.cut(live, way_back=True)
    assert "wal_level is replica, and only with logical do changes leave the server" in result["msg"]
    assert GOES_ON in result["msg"]
    assert replica.left() == there
    found = replica.way_back("status", live, require_slot_limit=True)["obstacles"]
    assert [(each["what"], each["statement"], each["restart"]) for each in found] == [
        ("wal_level", "ALTER SYSTEM SET wal_level = 'logical'", True),
        ("max_slot_wal_keep_size", "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()", False),
    ]
    [link] = replica.way_back("status", live, link={"port": 1})["obstacles"][1:]
    assert link["what"] == "link"
    assert "The old server 127.0.0.1" in link["text"]
    assert "Connection refused" in link["text"]
