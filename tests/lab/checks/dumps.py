# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stock dumps of the databases: taken by the test itself, kept as they are, read back as rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from labctl import batch, databases, docker, project
from labctl.files import make_private_directory, write_private
from labctl.layout import ACME, BETA, KNOWN_DATABASES, POSTGRESQL, DatabaseEngine
from labctl.session import Session

from checks import mysql_dump, postgresql_dump
from checks.dump import Dump

DUMP_SECONDS = 300.0
ROLES = "_roles"
_RANDOM = re.compile(rb"^\\(?:un)?restrict .*\n", re.MULTILINE)
"""pg_dump guards its output with a word that is another one each time."""


def digest(content: bytes) -> str:
    return hashlib.sha256(_RANDOM.sub(b"", content)).hexdigest()


def acme_databases() -> tuple[str, ...]:
    return tuple(ACME.prefix + store for store in KNOWN_DATABASES)


def beta_databases() -> tuple[str, ...]:
    return tuple(BETA.prefix + store for store in KNOWN_DATABASES)


def _command(engine: DatabaseEngine, name: str, server: tuple[str, ...]) -> tuple[str, ...]:
    if engine is POSTGRESQL:
        return postgresql_dump.roles_command(*server) if name == ROLES else postgresql_dump.command(name, *server)
    return mysql_dump.roles_command(engine) if name == ROLES else mysql_dump.command(engine, name)


def _in_beta_project(session: Session, commands: Sequence[Sequence[str]]) -> list[bytes]:
    inside = project.command(BETA, "exec", "--no-TTY", "--user", "postgres", "db", *batch.SHELL)
    return batch.outputs(
        docker.run(
            "exec", "-i", session.lab.container("old"), *inside,
            tried="Taking dumps of number B", stdin=batch.script(commands), timeout=DUMP_SECONDS,
        ).output
    )  # fmt: skip


def take(
    session: Session, host: str, names: tuple[str, ...], directory: Path, server: tuple[str, ...] = ()
) -> dict[str, str]:
    """Dumps databases of a server, or its accounts, into a directory. Returns the digest of each.

    ``server`` are options that name another PostgreSQL server of the host than the one that serves there.
    """
    make_private_directory(directory)
    if host == BETA.database_host:
        server = ("--username", BETA.database_user, "--port", str(BETA.port(POSTGRESQL)))
        contents = _in_beta_project(session, [_command(POSTGRESQL, name, server) for name in names])
    else:
        place = databases.server(session.lab, session.state, host)
        commands = [_command(place.engine, name, server) for name in names]
        contents = place.as_system_user_each(commands, tried=f"Taking dumps on {host}", timeout=DUMP_SECONDS)
    digests = {}
    for name, content in zip(names, contents, strict=True):
        write_private(directory / f"{name}.sql", content)
        digests[name] = digest(content)
    return digests


def read(directory: Path, name: str, engine: DatabaseEngine) -> Dump:
    parse = postgresql_dump.parse if engine is POSTGRESQL else mysql_dump.parse
    return parse((directory / f"{name}.sql").read_text(encoding="utf-8"))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names whose digests are not the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
