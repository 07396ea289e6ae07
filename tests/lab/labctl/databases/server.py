# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab does with a database server, whatever its engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from labctl import batch, docker
from labctl.layout import ACME, DatabaseEngine, Lab
from labctl.waiting import wait_until

FOREIGN_DATABASES = ("acme_archive", "acme2messageStore", "messageStore")
"""Belong to somebody else, although their names look alike."""

FOREIGN_OWNER = "somebody_else"
FOREIGN_ROWS = 100
READY_SECONDS = 90
STOP_SECONDS = 60.0
PID_FILE = "/run/lab/database.pid"
DOWN_FILE = "/run/lab/database.down"
"""While it exists, the host's supervisor does not start the server."""


class Database(NamedTuple):
    """One database of a server."""

    name: str
    owner: str
    size: int


def rows_of(output: str) -> list[list[str]]:
    """What a client printed, a list a line."""
    return [line.split("\t") for line in output.splitlines() if line]


def settings_of(rows: list[list[str]]) -> dict[str, str]:
    """Names and values. A value may be empty, or have tabs."""
    return {name: "\t".join(value) for name, *value in rows}


@dataclass(frozen=True)
class Server(ABC):
    """One database server of the lab. The lab speaks to it over its local socket, as its system user."""

    lab: Lab
    host: str
    engine: DatabaseEngine

    @property
    def container(self) -> str:
        return self.lab.container(self.host)

    # -- what each engine does in its own way -------------------------------------------------------------------------

    @abstractmethod
    def client(self, database: str) -> tuple[str, ...]:
        """The stock client, which reads SQL from standard input and writes rows of tab-separated text."""

    @abstractmethod
    def missing(self) -> str:
        """Why it does not serve; empty when it does."""

    @abstractmethod
    def databases(self) -> list[Database]:
        """Every database but the server's own."""

    @abstractmethod
    def names(self) -> list[str]:
        """Every database, the server's own included."""

    @abstractmethod
    def tables(self, database: str) -> list[str]:
        """The names of a database's tables."""

    @abstractmethod
    def counts(self, databases: Sequence[str]) -> dict[tuple[str, str], int]:
        """How many rows each table of these databases has, by database and table."""

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """How it is set, by name, and which plugins it has. Nothing of it changes by itself."""

    @abstractmethod
    def ensure_accounts(self, secrets: dict[str, str]) -> None:
        """Number A's account, and one that is none of its business."""

    @abstractmethod
    def create_foreign(self, name: str) -> None:
        """A database of somebody else, with a table of rows."""

    @abstractmethod
    def drop(self, names: list[str]) -> None:
        """Removes databases, whoever is connected to them."""

    @abstractmethod
    def keep_pristine(self) -> None:
        """Copies number A's databases aside. Its client must be stopped."""

    @abstractmethod
    def restore_pristine(self) -> None:
        """Replaces whatever number A has by the pristine copies."""

    @abstractmethod
    def empty(self) -> None:
        """Removes every database and account that a migration has left."""

    # -- what follows from it -----------------------------------------------------------------------------------------

    def sql(self, text: str, tried: str, database: str = "") -> list[list[str]]:
        """Runs SQL; returns rows of text."""
        return rows_of(self.as_system_user(*self.client(database), tried=tried, stdin=text.encode()).decode())

    def as_system_user(
        self,
        *command: str,
        tried: str,
        stdin: bytes | None = None,
        timeout: float = docker.DEFAULT_TIMEOUT_SECONDS,
    ) -> bytes:
        """Runs a command as the user that the server runs as; returns what it printed."""
        interactive = ["-i"] if stdin is not None else []
        return docker.run(
            "exec", *interactive, "--user", self.engine.system_user, self.container, *command,
            tried=tried, stdin=stdin, timeout=timeout,
        ).output  # fmt: skip

    def as_system_user_each(
        self, commands: Sequence[Sequence[str]], tried: str, timeout: float = docker.DEFAULT_TIMEOUT_SECONDS
    ) -> list[bytes]:
        """Runs several commands as that user; returns what each printed."""
        if not commands:
            return []
        return batch.outputs(
            self.as_system_user(*batch.SHELL, tried=tried, stdin=batch.script(commands), timeout=timeout)
        )

    def wait_ready(self) -> None:
        wait_until(
            self.missing,
            tried=f"Waiting for the database server of {self.host}",
            timeout=READY_SECONDS,
            remedy=f"Read {self.engine.log} in the container {self.container}.",
        )

    def stop(self, signal: str = "TERM") -> None:
        """Ends the server, and keeps it down until `start`."""
        docker.script(
            self.container,
            f"touch {DOWN_FILE}\n"
            f"[ ! -f {PID_FILE} ] || kill -{signal} $(cat {PID_FILE})\n"
            f"while [ -f {PID_FILE} ]; do sleep 0.1; done\n",
            tried=f"Stopping the database server of {self.host}",
            timeout=STOP_SECONDS,
        )

    def let_start(self) -> None:
        """Its supervisor starts it within a second."""
        docker.execute(self.container, "rm", "-f", DOWN_FILE, tried=f"Starting the database server of {self.host}")

    def start(self) -> None:
        self.let_start()
        self.wait_ready()

    def ensure_old(self, secrets: dict[str, str]) -> None:
        """What the old server has before any client: accounts, and databases that are none of number A's business."""
        self.ensure_accounts(secrets)
        present = set(self.names())
        for name in FOREIGN_DATABASES:
            if name not in present:
                self.create_foreign(name)

    def client_databases(self) -> list[str]:
        """Number A's databases: those with its prefix that its account owns."""
        return [
            database.name
            for database in self.databases()
            if database.name.startswith(ACME.prefix) and database.owner == ACME.database_user
        ]

    def drop_client_databases(self) -> None:
        """Removes number A's databases, to set it up anew."""
        self.drop(self.client_databases())
