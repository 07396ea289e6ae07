# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine for each store, and the creation of databases and tables at the first start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, InvalidatePoolError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from standin.common.environment import Environment
from standin.stores import axolotl, callback, cluster, config, contact, jobqueue, message, web

# Documented names are waweb, messageStore, callbackStore, contactStore, axolotlStore. The others are read off the keys
# of /v1/support; their exact spelling is unknown [P].
STORES: dict[str, type] = {
    "waweb": web.Base,
    "messageStore": message.Base,
    "callbackStore": callback.Base,
    "contactStore": contact.Base,
    "axolotlStore": axolotl.Base,
    "configStore": config.Base,
    "clusterStore": cluster.Base,
    "jobqueueStore": jobqueue.Base,
}
CREATION_ATTEMPTS = 4
RESTED_SECONDS = 2.0
ALREADY_THERE = ("already exists", "duplicate key", "database exists")
SCHEMA = {"axolotl": 11, "callback": 4, "cluster": 6, "config": 9, "contact": 5, "jobqueue": 3, "message": 27}


def see_that_it_lives(engine: Engine) -> None:
    """Has a connection that has rested be tried before it is used, and another one made where the server is gone.

    What SQLAlchemy has for this asks each time, which was a quarter of what a client did under traffic.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        used = record.info.get("used")
        if used is None or time.monotonic() - used < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # With all of them, since those that were used a moment ago are as dead.
            raise InvalidatePoolError(str(error)) from error


class Databases:
    """Sessions on the client's databases. ``url`` may hold ``{name}`` (tests use SQLite that way)."""

    def __init__(self, environment: Environment, stores: tuple[str, ...] = tuple(STORES)):
        self._environment = environment
        self._engines: dict[str, Engine] = {store: self._open(store) for store in stores}

    def _url(self, database: str) -> URL:
        env = self._environment
        if env.db_url:
            return make_url(env.db_url.replace("{name}", database))
        driver = {"PGSQL": "postgresql+psycopg2", "MYSQL": "mysql+pymysql"}[env.db_engine]
        return URL.create(driver, env.db_user, env.db_password, env.db_host, env.db_port, database)

    def _open(self, store: str) -> Engine:
        env = self._environment
        if store == "configStore" and not env.config_on_db:
            # The configuration is a file in the data directory then; which one, and of what kind, is unknown [P].
            env.data.mkdir(parents=True, exist_ok=True)
            return create_engine(URL.create("sqlite", database=str(env.data / "config.db")))
        return self._engine(env.db_prefix + store)

    def _engine(self, database: str) -> Engine:
        # What a transaction sees must not hang on the engine: MySQL would keep showing what it saw first.
        isolation = {} if self._environment.db_url else {"isolation_level": "READ COMMITTED"}
        engine = create_engine(self._url(database), pool_size=4, max_overflow=8, connect_args=self._tls(), **isolation)
        see_that_it_lives(engine)
        return engine

    def _tls(self) -> dict[str, Any]:
        """PostgreSQL's driver takes TLS where the server offers it; MySQL's has to be told to."""
        env = self._environment
        return {"ssl": {"verify_mode": "none"}} if env.db_engine == "MYSQL" and not env.db_url else {}

    def create(self) -> None:
        """Creates what is missing. Several nodes may do so at the same time, and each find what another has made."""
        for store, engine in self._engines.items():
            metadata: MetaData = STORES[store].metadata  # type: ignore[attr-defined]
            for _ in range(CREATION_ATTEMPTS):
                try:
                    metadata.create_all(engine)
                    break
                except OperationalError:
                    self._create_database(self._environment.db_prefix + store)
                except (IntegrityError, ProgrammingError):
                    continue
            else:
                metadata.create_all(engine)

    def _create_database(self, name: str) -> None:
        mysql = self._environment.db_engine == "MYSQL"
        admin = create_engine(
            self._url("information_schema" if mysql else "postgres"),
            isolation_level="AUTOCOMMIT",
            connect_args=self._tls(),
        )
        quoted = admin.dialect.identifier_preparer.quote_identifier(name)
        try:
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {quoted}" + (" CHARACTER SET utf8mb4" if mysql else "")))
        except (IntegrityError, ProgrammingError) as error:
            if not any(words in str(error) for words in ALREADY_THERE):
                raise
        finally:
            admin.dispose()

    @contextmanager
    def session(self, store: str) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an error."""
        with Session(self._engines[store], expire_on_commit=False) as session, session.begin():
            yield session

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
