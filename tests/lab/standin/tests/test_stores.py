# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases: names, prefix, documented tables, a first start that creates them (6.3, 7)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, LargeBinary, MetaData, create_engine
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from standin.common import environment
from standin.core.client import Client
from standin.core.configuration import Configuration
from standin.stores import axolotl, callback, cluster, database, message
from standin.stores.database import STORES, Databases, see_that_it_lives
from standin.tests.harness import Host, until
from standin.web import users

pytestmark = pytest.mark.anyio
DOCUMENTED = {
    "callbackStore": {"queue": ["key_remote_jid"]},
    "messageStore": {
        "chats": ["key_remote_jid", "group_creator"],
        "messages": ["key_remote_jid", "remote_resource"],
        "messages_pending_actions": [],
        "messages_receipt_log": ["key_remote_jid"],
    },
    "axolotlStore": {
        "identities": ["recipient_id"],
        "message_base_key": ["msg_key_remote_jid"],
        "sender_keys": ["sender_id"],
    },
}


@pytest.mark.parametrize("store", DOCUMENTED)
def test_documented_tables(store: str) -> None:
    tables = STORES[store].metadata.tables  # type: ignore[attr-defined]
    for name, columns in DOCUMENTED[store].items():
        assert set(columns) <= set(tables[name].columns.keys()), name


async def test_first_start_creates_every_database_under_the_prefix(host: Host) -> None:
    host.web()
    names = {path.stem for path in host.directory.glob("*.db")}
    assert names == {f"acme_{store}" for store in STORES}
    for store, tables in DOCUMENTED.items():
        with sqlite3.connect(host.directory / f"acme_{store}.db") as connection:
            found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        connection.close()
        assert set(tables) <= found


async def test_uninitialized_until_the_schema_is_there(make_host: Callable[..., Host]) -> None:
    host = make_host()
    node = Client(host.environment(STANDIN_START_SECONDS="0.5"))
    host.nodes["wacore"] = node
    host._tasks["wacore"] = asyncio.create_task(node.run())
    api = host.web()
    await api.sign_in()
    assert await api.health() == {"gateway_status": "uninitialized"}
    refused = await api.call("GET", "/v1/settings/application")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (503, 1011)
    await until(lambda: node.ready, "the client is ready")
    assert await api.health() == {"gateway_status": "unregistered"}


@pytest.mark.parametrize("table", [message.Message, message.Receipt, callback.Callback, axolotl.Session])
def test_rows_are_numbered_by_sequences(table: type) -> None:
    ddl = str(CreateTable(table.__table__).compile(dialect=PGDialect()))  # type: ignore[attr-defined, no-untyped-call]
    assert "SERIAL" in ddl or "IDENTITY" in ddl


ON_MYSQL = [
    (message.Message, "id BIGINT NOT NULL AUTO_INCREMENT"),
    (callback.Callback, "id BIGINT NOT NULL AUTO_INCREMENT"),
    # Without the digits a moment would lose what is below a second, and a heartbeat minutes.
    (message.Message, "timestamp DATETIME(6) NOT NULL"),
    (callback.Callback, "due DATETIME(6) NOT NULL"),
    (cluster.Node, "heartbeat DOUBLE NOT NULL"),
    (cluster.Lease, "renewed DOUBLE NOT NULL"),
    (axolotl.Session, "record BLOB NOT NULL"),
]


@pytest.mark.parametrize(("table", "column"), ON_MYSQL)
def test_mysql_keeps_as_much_as_postgresql(table: type, column: str) -> None:
    ddl = str(CreateTable(table.__table__).compile(dialect=MySQLDialect()))  # type: ignore[attr-defined]
    assert column in ddl.replace("`", "")


def _error(kind: type[DBAPIError]) -> DBAPIError:
    return kind("CREATE", {}, Exception("somebody else was first"))


@pytest.mark.parametrize(
    ("errors", "databases", "tables"),
    [
        ([], 0, 1),
        ([OperationalError], 1, 2),
        ([OperationalError, OperationalError, ProgrammingError], 2, 4),
        ([IntegrityError], 0, 2),
    ],
)
def test_nodes_that_start_together_create_everything(
    errors: list[type[DBAPIError]], databases: int, tables: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever another node makes between a look and the creation (PostgreSQL and MySQL call it different errors)."""
    created: list[str] = []
    tried: list[int] = []
    left = list(errors)

    def create_all(self: MetaData, _engine: object) -> None:
        tried.append(1)
        if left:
            raise _error(left.pop(0))

    monkeypatch.setattr(MetaData, "create_all", create_all)
    monkeypatch.setattr(Databases, "_create_database", lambda self, name: created.append(name))
    Databases(environment.read({"WA_DB_HOSTNAME": "db", "WA_DB_NAME_PREFIX": "acme_"}), ("waweb",)).create()
    assert (created, len(tried)) == (["acme_waweb"] * databases, tables)


def test_a_server_that_refuses_for_good_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_all(self: MetaData, _engine: object) -> None:
        raise _error(OperationalError)

    monkeypatch.setattr(MetaData, "create_all", create_all)
    monkeypatch.setattr(Databases, "_create_database", lambda self, name: None)
    with pytest.raises(OperationalError):
        Databases(environment.read({"WA_DB_HOSTNAME": "db"}), ("waweb",)).create()


def test_keys_are_binary_and_ids_are_wide() -> None:
    assert isinstance(axolotl.Session.__table__.c.record.type, LargeBinary)
    assert isinstance(message.Message.__table__.c.id.type, BigInteger)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WA_DB_ENGINE": "PGSQL"}, "postgresql+psycopg2://waba:***@db-old:5433/acme_waweb"),
        ({"WA_DB_ENGINE": "MYSQL"}, "mysql+pymysql://waba:***@db-old:5433/acme_waweb"),
    ],
)
def test_url_of_a_database(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Databases, "_engine", lambda self, database: self._url(database))
    variables |= {
        "WA_DB_HOSTNAME": "db-old",
        "WA_DB_PORT": "5433",
        "WA_DB_USERNAME": "waba",
        "WA_DB_PASSWORD": "pass",
        "WA_DB_NAME_PREFIX": "acme_",
    }
    databases = Databases(environment.read(variables), ("waweb",))
    assert str(databases._engines["waweb"]) == expected


def test_environment_needs_a_database() -> None:
    with pytest.raises(KeyError, match="WA_DB_HOSTNAME"):
        environment.read({})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, (("g.whatsapp.net", 5222), ("g.whatsapp.net", 443))), ("127.0.0.1:7000", (("127.0.0.1", 7000),))],
)
def test_address_of_the_network(value: str | None, expected: object) -> None:
    variables = {"WA_DB_HOSTNAME": "db", **({"STANDIN_NETWORK": value} if value else {})}
    assert environment.read(variables).network == expected


def test_signing_key_without_the_variable_is_kept_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "Path", lambda _path: tmp_path / "state" / "jwt.key")
    env = environment.read({"WA_DB_HOSTNAME": "db"})
    key = users.signing_key(env)
    assert key == users.signing_key(env)
    assert (tmp_path / "state" / "jwt.key").stat().st_mode & 0o777 == 0o600


async def test_ratchet_never_goes_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when another thread moves it on between the look at it and the change."""
    configuration = Configuration(host.nodes["wacore"].databases)
    configuration.advance(1)
    get = Session.get

    def overtaken(self: Session, *arguments: Any, **more: Any) -> Any:
        row = get(self, *arguments, **more)
        monkeypatch.setattr(Session, "get", get)
        configuration.advance(9)
        return row

    monkeypatch.setattr(Session, "get", overtaken)
    configuration.advance(5)
    assert configuration.epoch == 9


def test_connections_that_have_rested_are_tried_and_all_made_anew_when_one_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    see_that_it_lives(engine)
    tried = []

    def dead(connection: Any) -> bool:
        tried.append(connection)
        raise sqlite3.OperationalError("server closed the connection")

    monkeypatch.setattr(engine.dialect, "do_ping", dead)
    with engine.connect() as one, engine.connect() as other:
        before = [connection.connection.dbapi_connection for connection in (one, other)]
    with engine.connect() as one:
        assert one.connection.dbapi_connection in before
    assert tried == []
    monkeypatch.setattr(database, "RESTED_SECONDS", 0.0)
    with engine.connect() as one, engine.connect() as other:
        after = [connection.connection.dbapi_connection for connection in (one, other)]
    assert len(tried) == 1
    assert not set(map(id, after)) & set(map(id, before))
    engine.dispose()
