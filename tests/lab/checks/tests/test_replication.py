# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks make of the servers' answers about replication."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from labctl import databases
from labctl.databases.postgresql import in_each
from labctl.layout import MARIADB, MYSQL, POSTGRESQL, DatabaseEngine

from checks import dumps, replication
from checks.options import CARRIED, FULL, MESSAGES
from checks.scene import Scene

OLD, NEW = "db-old", "db-new"
COPY = "acme_messageStore.incomplete"
Answers = dict[tuple[str, str], list[list[str]]]

ACCOUNT, SENDER = ["the account waba_migration_acme"], ["a sender to waba_migration_acme"]
FOLLOWING: dict[DatabaseEngine, Answers] = {
    MYSQL: {
        (OLD, replication.COMMON_SERVER): [SENDER, ACCOUNT],
        (NEW, replication.COMMON_SERVER): [[f"the database {COPY}"]],
        (NEW, replication.MYSQL_SERVER): [["the channel waba_migration_acme"]],
        (NEW, replication.IN_THE_LEDGER["replicas"]): [["a note of acme_messageStore"]],
    },
    MARIADB: {
        (OLD, replication.COMMON_SERVER): [SENDER, ACCOUNT],
        (NEW, replication.COMMON_SERVER): [[f"the database {COPY}"]],
        (NEW, replication.MARIADB_CHANNELS): [["waba_migration_acme", "Waiting for an event", "db-old"]],
        (NEW, replication.IN_THE_LEDGER["replicas"]): [["a note of acme_messageStore"]],
    },
    POSTGRESQL: {
        (OLD, replication.POSTGRESQL_SERVER): [["the slot s"], SENDER, ACCOUNT],
        (NEW, replication.POSTGRESQL_SERVER): [["the subscription s"], ["the origin o"], [f"the database {COPY}"]],
        (OLD, in_each(dumps.acme_databases(), replication.PUBLICATIONS)): [["the publication p"]],
    },
}
LED_BACK: Answers = {
    (OLD, replication.MYSQL_SERVER): [["the channel waba_back"], ["the applier waba_1a2b"]],
    (NEW, replication.COMMON_SERVER): [["a sender to waba_1a2b"], ["the account waba_1a2b"]],
    (NEW, replication.IN_THE_LEDGER["ways_back"]): [["a note of waba_back"]],
}
"""What a way back between MySQL servers has."""


class Servers:
    """Both servers, which know the answers to some questions and to all others that there is nothing."""

    def __init__(self, engine: DatabaseEngine, answers: Answers, names: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self._answers = answers
        self._names = names

    def server(self, _lab: object, _state: object, host: str) -> Any:
        def sql(text: str, _tried: str, _database: str = "") -> list[list[str]]:
            return self._answers.get((host, text), [])

        return SimpleNamespace(
            host=host,
            engine=self._engine,
            sql=sql,
            names=lambda: ["waba_migration", *(dumps.acme_databases() if host == OLD else self._names)],
            tables=lambda _database: ["databases", "replicas", "ways_back"],
            settings=lambda: {"max_connections": "500", "the plugin InnoDB": "ACTIVE"},
        )


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(servers: Servers, engine: DatabaseEngine, option: str = FULL, **before: Any) -> Scene:
        monkeypatch.setattr(databases, "server", servers.server)
        session = SimpleNamespace(state=SimpleNamespace(database_engine=engine))
        return cast("Scene", SimpleNamespace(lab=None, session=session, option=option, before=before))

    return make


@pytest.mark.parametrize("engine", FOLLOWING, ids=lambda engine: engine.name)
def test_whatever_is_left_is_named(scene: Any, engine: DatabaseEngine) -> None:
    for question, rows in FOLLOWING[engine].items():
        for row in rows:
            said = replication.nothing_left(scene(Servers(engine, {question: [row]}), engine))
            assert row[0] in said
            assert question[0] in said
    assert replication.nothing_left(scene(Servers(engine, {}), engine)) == ""


def test_what_a_way_back_has_left_is_named(scene: Any) -> None:
    for question, rows in LED_BACK.items():
        for row in rows:
            assert row[0] in replication.nothing_left(scene(Servers(MYSQL, {question: [row]}), MYSQL))
    names = ("acme_messageStore", f"acme_contactStore{replication.HIDDEN}", "beta_messageStore")
    published: Answers = {(NEW, in_each(names[:2], replication.PUBLICATIONS)): [["the publication b"]]}
    assert "db-new has the publication b" in replication.nothing_left(
        scene(Servers(POSTGRESQL, published, names), POSTGRESQL)
    )


def test_nothing_but_the_way_back_is_there_while_it_is_kept(scene: Any) -> None:
    assert replication.only_the_way_back(scene(Servers(MYSQL, LED_BACK), MYSQL)) == ""
    for question, rows in LED_BACK.items():
        for row in rows:
            less = {**LED_BACK, question: [other for other in rows if other != row]}
            assert "nothing like" in replication.only_the_way_back(scene(Servers(MYSQL, less), MYSQL))
    for question, rows in FOLLOWING[MYSQL].items():
        for row in rows:
            more = {**LED_BACK, question: [*LED_BACK.get(question, []), row]}
            assert row[0] in replication.only_the_way_back(scene(Servers(MYSQL, more), MYSQL))


@pytest.mark.parametrize("engine", FOLLOWING, ids=lambda engine: engine.name)
def test_each_trace_has_to_be_seen_while_they_follow(scene: Any, engine: DatabaseEngine) -> None:
    answers = FOLLOWING[engine]
    assert replication.visible(scene(Servers(engine, answers), engine)) == ""
    for question, rows in answers.items():
        for row in rows:
            fewer = {**answers, question: [other for other in rows if other is not row]}
            assert replication.visible(scene(Servers(engine, fewer), engine)).startswith("no server has ")


def test_the_copies_are_those_of_the_option(scene: Any) -> None:
    servers = Servers(MYSQL, {}, tuple(f"acme_{store}.incomplete" for store in CARRIED[MESSAGES]))
    assert replication.all_hidden(scene(servers, MYSQL, MESSAGES)) == ""
    assert "acme_messageStore" in replication.all_hidden(scene(servers, MYSQL, FULL))


def test_a_setting_and_a_plugin_that_have_come_are_named(scene: Any) -> None:
    known = {"max_connections": "151"}
    said = replication.settings_kept(scene(Servers(MYSQL, {}), MYSQL, old_settings=known))
    assert "max_connections is 500 on db-old, before it was 151" in said
    assert "the plugin InnoDB is ACTIVE on db-old, before it was not there" in said
