# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's databases of one moment, kept with its own backup functions and opened again by a second server."""

from __future__ import annotations

from pathlib import Path

from labctl import databases
from labctl.layout import ACME
from labctl.session import Session

from checks import dumps

BACKUP = "/var/tmp/checks-fence"  # noqa: S108 (inside a host of the lab)
SOCKETS = "/var/tmp/checks-fence-run"  # noqa: S108
PORT = "5999"
TAKE = f"""\
rm -rf {BACKUP}
psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname postgres << 'STEPS'
SELECT pg_backup_start('checks', fast => true) \\g /dev/null
\\! cp -a "$PGDATA" {BACKUP}
SELECT labelfile FROM pg_backup_stop(wait_for_archive => false) \\g {BACKUP}/backup_label
\\! cp -a "$PGDATA/pg_wal/." {BACKUP}/pg_wal/
STEPS
rm -rf {BACKUP}/postmaster.pid {BACKUP}/pg_replslot/*
"""  # noqa: S608 (of constants)
OPEN = f"""\
mkdir -p -m 0700 {SOCKETS}
pg_ctl --pgdata {BACKUP} --wait --log {SOCKETS}/log --options \
  "-c listen_addresses= -c unix_socket_directories={SOCKETS} -c port={PORT} -c ssl=off" start > /dev/null
"""
REMOVE = f"rm -rf {BACKUP} {SOCKETS}\n"
CLOSE = f"pg_ctl --pgdata {BACKUP} --wait --mode immediate stop > /dev/null\n{REMOVE}"
DISCARD = f"[ ! -e {BACKUP}/postmaster.pid ] || pg_ctl --pgdata {BACKUP} --mode immediate stop > /dev/null\n{REMOVE}"


def _script(session: Session, text: str, tried: str) -> None:
    server = databases.server(session.lab, session.state, ACME.database_host)
    server.as_system_user("bash", "-euo", "pipefail", "-s", tried=tried, stdin=text.encode())


def keep(session: Session) -> None:
    _script(session, TAKE, "Keeping the old databases as they are at the fence")


def discard(session: Session) -> None:
    _script(session, DISCARD, "Discarding an earlier fence")


def dump(session: Session, directory: Path) -> dict[str, str]:
    """Dumps what was kept, with a server that runs on it for so long. Returns the digests."""
    _script(session, OPEN, "Opening the old databases as they were at the fence")
    server = ("--host", SOCKETS, "--port", PORT)
    digests = dumps.take(session, ACME.database_host, dumps.acme_databases(), directory, server)
    _script(session, CLOSE, "Closing them")
    return digests
