# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old databases as they are at the moment of the fence: a backup which the test takes itself, and dumps afterwards.

A migration may refuse a database that somebody else is connected to, and it reads them right after the fence. So the
moment is kept with PostgreSQL's own backup functions, which need no connection to these databases.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from labctl import docker
from labctl.files import make_private_directory, write_private
from labctl.layout import ACME, Lab
from labctl.project import PROJECT_LABEL
from labctl.waiting import wait_until

from checks import dumps, record

WATCH_SECONDS = 900.0
TAKEN_SECONDS = 30.0
BACKUP = "/var/tmp/checks-fence"  # noqa: S108 (inside a host of the lab)
SOCKETS = "/var/tmp/checks-fence-run"  # noqa: S108
PORT = "5999"
STAGE = "fence"
OLD_SERVER = ACME.database_host
TAKE = f"""\
rm -rf {BACKUP}
psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname postgres << 'STEPS'
SELECT pg_backup_start('checks', fast => true) \\g /dev/null
\\! cp -a "$PGDATA" {BACKUP}
SELECT labelfile FROM pg_backup_stop(wait_for_archive => false) \\g {BACKUP}/backup_label
\\! cp -a "$PGDATA/pg_wal/." {BACKUP}/pg_wal/
STEPS
rm -f {BACKUP}/postmaster.pid
"""  # noqa: S608 (of constants)
OPEN = f"""\
mkdir -p -m 0700 {SOCKETS}
pg_ctl --pgdata {BACKUP} --wait --log {SOCKETS}/log --options \
  "-c listen_addresses= -c unix_socket_directories={SOCKETS} -c port={PORT} -c ssl=off" start > /dev/null
"""
REMOVE = f"rm -rf {BACKUP} {SOCKETS}\n"
CLOSE = f"pg_ctl --pgdata {BACKUP} --wait --mode immediate stop > /dev/null\n{REMOVE}"
DISCARD = f"[ ! -e {BACKUP}/postmaster.pid ] || pg_ctl --pgdata {BACKUP} --mode immediate stop > /dev/null\n{REMOVE}"


def _as_postgres(lab: Lab, text: str, tried: str) -> None:
    docker.run(
        "exec", "-i", "--user", "postgres", lab.container(OLD_SERVER), "bash", "-euo", "pipefail", "-s",
        tried=tried, stdin=text.encode(),
    )  # fmt: skip


def watch(lab: Lab) -> None:
    """Waits until no container of the old client runs any more, and keeps the databases of that moment."""
    listing = f"docker ps --quiet --filter label={PROJECT_LABEL}={ACME.project}"
    docker.script(
        lab.container("old"),
        f'while [ -n "$({listing})" ]; do sleep 0.1; done\n',
        tried="Waiting for the fence",
        timeout=WATCH_SECONDS,
    )
    stopped = time.time()
    _as_postgres(lab, TAKE, "Keeping the old databases as they are at the fence")
    record.save(lab, STAGE, {"stopped": stopped, "taken": time.time()})


def _pid_file(lab: Lab) -> Path:
    return record.directory(lab) / "watch.pid"


def discard(lab: Lab) -> None:
    """Removes what an earlier watch has kept."""
    _as_postgres(lab, DISCARD, "Discarding an earlier fence")


def start_watching(lab: Lab) -> None:
    """Watches in a process of its own, which outlives this one."""
    log = record.directory(lab) / "watch.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (ourselves)
            [sys.executable, str(Path(__file__).with_name("run")), "watch"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    write_private(_pid_file(lab), str(process.pid))


def stop_watching(lab: Lab) -> None:
    """Ends a watch whose fence never came."""
    pid_file = _pid_file(lab)
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text(encoding="ascii"))
    command_line = Path(f"/proc/{pid}/cmdline")
    if command_line.exists() and b"watch" in command_line.read_bytes():
        os.killpg(pid, signal.SIGTERM)
    pid_file.unlink()


def dump(lab: Lab) -> dict[str, str]:
    """Dumps what was kept, with a server that runs on it for so long. Returns the digests."""
    directory = record.directory(lab, STAGE)
    wait_until(
        lambda: "" if record.path(lab, STAGE).exists() else "it has not come, or its backup is not there",
        "Waiting for the fence",
        TAKEN_SECONDS,
        f"Read {record.directory(lab) / 'watch.log'}.",
    )
    known = record.load(lab, STAGE)
    if "dumps" not in known:
        make_private_directory(directory)
        _as_postgres(lab, OPEN, "Opening the old databases as they were at the fence")
        server = ("--host", SOCKETS, "--port", PORT)
        known["dumps"] = dumps.take(lab, OLD_SERVER, dumps.acme_databases(), directory, server)
        _as_postgres(lab, CLOSE, "Closing them")
        record.save(lab, STAGE, known)
    found: dict[str, str] = known["dumps"]
    return found
