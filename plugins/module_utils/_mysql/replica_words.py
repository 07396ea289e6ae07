# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements of replication, which each flavour says in its own words. Pure; private; may change at any time.

Facts: MySQL manual, "CHANGE REPLICATION SOURCE TO", "CHANGE REPLICATION FILTER" (rewriting comes before the other
filters), "Replication Privilege Checks"; MariaDB's "CHANGE MASTER TO", "Replication Filters".
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import (
    account,
    grant_pattern,
    identifier,
    literal,
)

RETRY_SECONDS = 2
# So often does the old server say that it is there, and notice who is gone.
HEARTBEAT_SECONDS = 5
RETRIES = 1000000
ANY_HOST = "%"
DIGEST_CHARACTERS = 12
# Who applies changes in MySQL; nobody can log in with it.
APPLIER_HOST = "localhost"
ROW_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
# To empty a table takes the right to drop it.
APPLIER_RIGHTS = f"{ROW_RIGHTS}, DROP"
# Where the channel's name is in a row of its status, and where MariaDB's own columns before the common ones end.
MYSQL_NAME = 55
MARIADB_FIRST = 2
# Who is killed between the two statements has made one that may do nothing yet.
_ONLY_REPLICATION = re.compile(r"GRANT (USAGE|REPLICATION SLAVE) ON \*\.\* TO [^;]*")


class Words(ABC):
    """One flavour's statements for the channel of a name. Those about the channel are for the new server."""

    longest_user: int
    # Of the password that it connects with.
    longest_password: int

    def __init__(self, name: str) -> None:
        self.name = name
        # Of the accounts on both servers.
        self.user = user_name(name, self.longest_user)
        self._own = literal(name)

    @abstractmethod
    def status(self) -> str:
        """Gives a row for each channel that the server has, which is no error when there is none."""

    @abstractmethod
    def own(self, rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Of these, the one of this name, from the column on that both flavours begin with."""

    @abstractmethod
    def connect(self, link: Server, certificate: str | None, position: Position) -> str:
        """Where to fetch changes from."""

    def connect_restricted(self, link: Server, certificate: str | None, position: Position, anonymous: bool) -> str:
        """That, and how they are applied, by one statement: at no moment the channel could apply anything else."""
        return self.connect(link, certificate, position)

    def identify(self, anonymous: bool) -> list[str]:
        """Whether a change without a global identifier has to be given one. Else it is not even fetched."""
        return []

    def apply(self) -> list[str]:
        """How they are applied, and as whom."""
        return []

    @abstractmethod
    def filters(self, names: Mapping[str, str]) -> list[str]:
        """Apply what concerns these databases and nothing else, and apply it to the others that they are mapped to."""

    @abstractmethod
    def start(self) -> str: ...

    @abstractmethod
    def start_receiver(self) -> str: ...

    @abstractmethod
    def stop(self) -> str: ...

    @abstractmethod
    def forget(self) -> str:
        """Also what it has fetched, and how it connects."""

    @abstractmethod
    def wait(self, position: Position, seconds: float) -> str:
        """Gives a negative number or NULL when the position has not been reached."""

    @abstractmethod
    def create_account(self, password: str, encrypted: bool) -> list[str]: ...

    def create_applier(self, databases: Sequence[str], password: str, rights: str = APPLIER_RIGHTS) -> list[str]:
        """With a password, which a server's policy may ask for although nobody can log in with it."""
        return []

    def drop_account(self) -> str:
        return f"DROP USER IF EXISTS {account(self.user, ANY_HOST)}"

    def drop_applier(self) -> list[str]:
        return []

    def forget_positions(self, before: str) -> list[str]:
        """Of changes with global identifiers, where that can be taken back."""
        return []

    def show_grants(self) -> str:
        return f"SHOW GRANTS FOR {account(self.user, ANY_HOST)}"


class MySQLWords(Words):
    longest_user = 32
    longest_password = 32

    def status(self) -> str:
        return "SHOW REPLICA STATUS"

    def own(self, rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return [row for row in rows if row[MYSQL_NAME] == self.name]

    def connect(self, link: Server, certificate: str | None, position: Position) -> str:
        return self._change(self._source(link, certificate, position))

    def connect_restricted(self, link: Server, certificate: str | None, position: Position, anonymous: bool) -> str:
        source = self._source(link, certificate, position)
        return self._change({**source, **self._identified(anonymous), **self._applied()})

    def identify(self, anonymous: bool) -> list[str]:
        return [self._change(self._identified(anonymous))]

    def apply(self) -> list[str]:
        return [self._change(self._applied())]

    def _change(self, options: Mapping[str, str]) -> str:
        return f"CHANGE REPLICATION SOURCE TO {_joined(options)} FOR CHANNEL {self._own}"

    def _identified(self, anonymous: bool) -> Mapping[str, str]:
        return {"ASSIGN_GTIDS_TO_ANONYMOUS_TRANSACTIONS": "LOCAL" if anonymous else "OFF"}

    def _applied(self) -> Mapping[str, str]:
        return {"REQUIRE_ROW_FORMAT": "1", "PRIVILEGE_CHECKS_USER": account(self.user, APPLIER_HOST)}

    def _source(self, link: Server, certificate: str | None, position: Position) -> Mapping[str, str]:
        encrypted = link.ssl_mode != "disable"
        return {
            "SOURCE_HOST": literal(link.host),
            "SOURCE_PORT": str(link.port),
            "SOURCE_USER": literal(link.user),
            "SOURCE_PASSWORD": literal(link.password),
            "SOURCE_LOG_FILE": literal(position.file),
            "SOURCE_LOG_POS": str(position.offset),
            "SOURCE_AUTO_POSITION": "0",
            "SOURCE_CONNECT_RETRY": str(RETRY_SECONDS),
            "SOURCE_RETRY_COUNT": str(RETRIES),
            "SOURCE_HEARTBEAT_PERIOD": str(HEARTBEAT_SECONDS),
            "SOURCE_SSL": "1" if encrypted else "0",
            "SOURCE_SSL_CA": literal(certificate or ""),
            "SOURCE_SSL_VERIFY_SERVER_CERT": "1" if link.ssl_mode == "verify-full" else "0",
            # Without TLS the password is encrypted with the server's key, which has to be asked for.
            "GET_SOURCE_PUBLIC_KEY": "0" if encrypted else "1",
        }

    def filters(self, names: Mapping[str, str]) -> list[str]:
        hidden = ", ".join(identifier(name) for name in names.values())
        patterns = ", ".join(literal(_all_tables(name)) for name in names.values())
        pairs = ", ".join(f"({identifier(name)}, {identifier(other)})" for name, other in names.items())
        rules = (
            f"REPLICATE_DO_DB = ({hidden}), REPLICATE_WILD_DO_TABLE = ({patterns}), REPLICATE_REWRITE_DB = ({pairs})"
        )
        return [f"CHANGE REPLICATION FILTER {rules} FOR CHANNEL {self._own}"]

    def start(self) -> str:
        return f"START REPLICA FOR CHANNEL {self._own}"

    def start_receiver(self) -> str:
        return f"START REPLICA IO_THREAD FOR CHANNEL {self._own}"

    def stop(self) -> str:
        return f"STOP REPLICA FOR CHANNEL {self._own}"

    def forget(self) -> str:
        return f"RESET REPLICA ALL FOR CHANNEL {self._own}"

    def wait(self, position: Position, seconds: float) -> str:
        return f"SELECT SOURCE_POS_WAIT({literal(position.file)}, {position.offset}, {seconds:g}, {self._own})"

    def create_account(self, password: str, encrypted: bool) -> list[str]:
        who = account(self.user, ANY_HOST)
        tls = "REQUIRE SSL" if encrypted else "REQUIRE NONE"
        return [
            f"CREATE USER {who} IDENTIFIED BY {literal(password)} {tls}",
            f"GRANT REPLICATION SLAVE ON *.* TO {who}",
        ]

    def create_applier(self, databases: Sequence[str], password: str, rights: str = APPLIER_RIGHTS) -> list[str]:
        who = account(self.user, APPLIER_HOST)
        return [
            f"CREATE USER {who} IDENTIFIED BY {literal(password)} ACCOUNT LOCK",
            f"GRANT REPLICATION_APPLIER ON *.* TO {who}",
            *(f"GRANT {rights} ON {grant_pattern(name)}.* TO {who}" for name in databases),
        ]

    def drop_applier(self) -> list[str]:
        return [f"DROP USER IF EXISTS {account(self.user, APPLIER_HOST)}"]


class MariaDBWords(Words):
    longest_user = 80
    longest_password = 96

    def status(self) -> str:
        return "SHOW ALL SLAVES STATUS"

    def own(self, rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return [row[MARIADB_FIRST:] for row in rows if row[0] == self.name]

    def connect(self, link: Server, certificate: str | None, position: Position) -> str:
        options = {
            "MASTER_HOST": literal(link.host),
            "MASTER_PORT": str(link.port),
            "MASTER_USER": literal(link.user),
            "MASTER_PASSWORD": literal(link.password),
            "MASTER_LOG_FILE": literal(position.file),
            "MASTER_LOG_POS": str(position.offset),
            "MASTER_USE_GTID": "no",
            "MASTER_CONNECT_RETRY": str(RETRY_SECONDS),
            "MASTER_HEARTBEAT_PERIOD": str(HEARTBEAT_SECONDS),
            "MASTER_SSL": "0" if link.ssl_mode == "disable" else "1",
            "MASTER_SSL_CA": literal(certificate or ""),
            # It cannot check the CA alone, so that verify-ca is as strict as verify-full.
            "MASTER_SSL_VERIFY_SERVER_CERT": "1" if link.ssl_mode.startswith("verify") else "0",
        }
        return f"CHANGE MASTER {self._own} TO {_joined(options)}"

    def filters(self, names: Mapping[str, str]) -> list[str]:
        own = identifier(self.name)
        values = {
            "replicate_rewrite_db": ",".join(f"{name}->{other}" for name, other in names.items()),
            "replicate_do_db": ",".join(names.values()),
            "replicate_wild_do_table": ",".join(_all_tables(name) for name in names.values()),
        }
        return [f"SET GLOBAL {own}.{variable} = {literal(value)}" for variable, value in values.items()]

    def start(self) -> str:
        return f"START SLAVE {self._own}"

    def start_receiver(self) -> str:
        return f"START SLAVE {self._own} IO_THREAD"

    def stop(self) -> str:
        return f"STOP SLAVE {self._own}"

    def forget(self) -> str:
        return f"RESET SLAVE {self._own} ALL"

    def wait(self, position: Position, seconds: float) -> str:
        return f"SELECT MASTER_POS_WAIT({literal(position.file)}, {position.offset}, {seconds:g}, {self._own})"

    def forget_positions(self, before: str) -> list[str]:
        return [f"SET GLOBAL gtid_slave_pos = {literal(before)}"]

    def create_account(self, password: str, encrypted: bool) -> list[str]:
        """With the hash of its password, since this server would write the password itself into its logs."""
        who = account(self.user, ANY_HOST)
        tls = "REQUIRE SSL" if encrypted else "REQUIRE NONE"
        return [
            f"CREATE USER {who} IDENTIFIED BY PASSWORD {literal(native_hash(password))} {tls}",
            f"GRANT REPLICATION SLAVE ON *.* TO {who}",
        ]


def words_for(release: Release, name: str) -> Words:
    return MariaDBWords(name) if release.flavour == MARIADB else MySQLWords(name)


def user_name(name: str, longest: int) -> str:
    """An account's name may be shorter than a channel's."""
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:DIGEST_CHARACTERS]
    return f"{name[: longest - DIGEST_CHARACTERS - 1]}_{digest}"


def native_hash(password: str) -> str:
    """What mysql_native_password keeps of a password. The password is random, so that nobody finds it again."""
    once = hashlib.sha1(password.encode("utf-8")).digest()  # noqa: S324 - the server's own format
    return "*" + hashlib.sha1(once).hexdigest().upper()  # noqa: S324 - the server's own format


def may_only_replicate(grants: Sequence[str]) -> bool:
    """Whether an account of our name is one that we made, by what SHOW GRANTS says of it."""
    return len(grants) == 1 and bool(_ONLY_REPLICATION.fullmatch(grants[0]))


def _all_tables(database: str) -> str:
    """A pattern of a filter. Where C(_) is not escaped, it stands for any character."""
    return re.sub(r"([\\_%])", r"\\\1", database) + ".%"


def _joined(options: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options.items())
