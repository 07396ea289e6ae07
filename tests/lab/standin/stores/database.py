# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine for each store, and the creation of databases and tables at the first start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, MetaData, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

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
SCHEMA = {"axolotl": 11, "callback": 4, "cluster": 6, "config": 9, "contact": 5, "jobqueue": 3, "message": 27}


class Databases:
    """Sessions on the client's databases. ``url`` may hold ``{name}`` (tests use SQLite that way)."""

    def __init__(self, environment: Environment, stores: tuple[str, ...] = tuple(STORES)):
        self._environment = environment
        self._engines: dict[str, Engine] = {store: self._open(store) for store in stores}

    def _url(self, database: str) -> URL:
        env = self._environment
        if env.db_url:
            return make_url(env.db_url.replace("{name}", database))
        driver = {"PGSQL": "postgresql+psycopg", "MYSQL": "mysql+pymysql"}[env.db_engine]
        return URL.create(driver, env.db_user, env.db_password, env.db_host, env.db_port, database)

    def _open(self, store: str) -> Engine:
        env = self._environment
        if store == "configStore" and not env.config_on_db:
            # The configuration is a file in the data directory then; which one, and of what kind, is unknown [P].
            env.data.mkdir(parents=True, exist_ok=True)
            return create_engine(URL.create("sqlite", database=str(env.data / "config.db")))
        return self._engine(env.db_prefix + store)

    def _engine(self, database: str) -> Engine:
        return create_engine(self._url(database), pool_pre_ping=True, pool_size=4, max_overflow=8)

    def create(self) -> None:
        """Creates what is missing. Two nodes may do so at the same time."""
        for store, engine in self._engines.items():
            metadata: MetaData = STORES[store].metadata  # type: ignore[attr-defined]
            try:
                metadata.create_all(engine)
            except OperationalError:
                self._create_database(self._environment.db_prefix + store)
                metadata.create_all(engine)
            except (IntegrityError, ProgrammingError):
                metadata.create_all(engine)

    def _create_database(self, name: str) -> None:
        admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        quoted = admin.dialect.identifier_preparer.quote_identifier(name)
        try:
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {quoted}"))
        except (IntegrityError, ProgrammingError) as error:
            if "already exists" not in str(error) and "duplicate key" not in str(error):
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
