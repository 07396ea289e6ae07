# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row in the old database of users and tokens that no other place may ever have, and who has opened that database.

It is planted before the run. A move to a new platform neither copies that database nor looks into it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Set

from labctl import databases, docker
from labctl.layout import ACME
from labctl.session import Session

from checks.options import ACCOUNTS, CARRIED, MESSAGES

DATABASE = f"{ACME.prefix}{ACCOUNTS}"
LOCAL = frozenset({"[local]", "localhost"})
"""The tests' own tools, on the server itself."""
_POSTGRESQL_LINE = re.compile(
    r" user=(?P<user>\S+) db=(?P<database>\S+) app=.*? host=(?P<host>\S+) LOG: +connection authorized"
)
_MYSQL_LINE = re.compile(r"\t\s*(?P<thread>\d+) (?P<command>Connect|Init DB|Query)\t(?P<rest>.*)")
_MYSQL_LOGIN = re.compile(r"(?P<user>[^@]+)@(?P<host>\S+) on (?P<database>\S*) using ")
_MYSQL_NAME = re.compile(rf"`({ACME.prefix}\w+)`\.")
Connection = tuple[str, str, str]
"""User, host, database."""


def plant(session: Session) -> str:
    """A user who never logs in, with a name that nothing else has. Returns the name."""
    name = f"canary{secrets.token_hex(8)}"
    databases.server(session.lab, session.state, ACME.database_host).sql(
        "INSERT INTO users (username, role, salt, password_hash, must_change, created)"  # noqa: S608 (of constants and digits)
        f" SELECT '{name}', role, salt, password_hash, must_change, created FROM users WHERE username = 'sender';",
        "Planting a user",
        DATABASE,
    )
    return name


# -- the old server's own log ------------------------------------------------------------------------------------------


def _log(session: Session) -> str:
    return databases.server(session.lab, session.state, ACME.database_host).engine.statement_log


def log_size(session: Session) -> int:
    """Where the log of a run begins."""
    container = session.lab.container(ACME.database_host)
    size = docker.execute(container, "stat", "--format", "%s", _log(session), tried="Measuring the old server's log")
    return int(size)


def connections(lines: Iterable[str]) -> list[Connection]:
    """Who has opened which database. A statement of MySQL may name one that its connection has not chosen."""
    found: list[Connection] = []
    threads: dict[str, tuple[str, str]] = {}
    for line in lines:
        postgresql, mysql = _POSTGRESQL_LINE.search(line), _MYSQL_LINE.search(line)
        if postgresql:
            found.append((postgresql["user"], postgresql["host"], postgresql["database"]))
        elif mysql:
            found += _of_mysql(mysql["thread"], mysql["command"], mysql["rest"], threads)
    return found


def _of_mysql(thread: str, command: str, rest: str, threads: dict[str, tuple[str, str]]) -> list[Connection]:
    """``threads``: who is behind each, by what the log has said so far."""
    login = _MYSQL_LOGIN.match(rest) if command == "Connect" else None
    if login:
        threads[thread] = (login["user"], login["host"])
        return [(*threads[thread], login["database"])] if login["database"] else []
    names = [rest] if command == "Init DB" else _MYSQL_NAME.findall(rest) if command == "Query" else []
    return [(*threads[thread], name) for name in names] if thread in threads else []


def opened(seen: Iterable[Connection], tools: Set[str], known: Set[str]) -> list[str]:
    """What speaks against the claim that nobody but the client itself, from ``known`` places, has opened the database.

    ``tools``: where our own come from. They must have been seen at another database, or the log proves nothing.
    """
    seen = list(seen)
    others = {f"{ACME.prefix}{store}" for store in CARRIED[MESSAGES]}
    if not any(host in tools and database in others for _, host, database in seen):
        return ["the log has no connection of the run to any database that was to be copied"]
    return sorted({f"{user} from {host} has opened {database}" for user, host, database in seen
                   if database == DATABASE and host not in known})  # fmt: skip


def log_since(session: Session, size: int) -> list[str]:
    """The lines that have come since the log had that size."""
    container = session.lab.container(ACME.database_host)
    command = ("tail", f"--bytes=+{size + 1}", _log(session))
    return docker.execute(container, *command, tried="Reading the old server's log").splitlines()
