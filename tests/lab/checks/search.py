# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words searched for: in the files of a host, in those of the run, in the databases of the new server."""

from __future__ import annotations

from pathlib import Path

from labctl import databases, docker, project
from labctl.layout import ACME, Lab
from labctl.session import Session
from labctl.state import run_directory

from checks import dumps, record

STAGE = "search"
TARGET_SERVER = "db-new"
SEARCH_SECONDS = 120.0
COMMON_PLACES = ("/root", "/home", "/etc", "/opt", "/srv", "/tmp", "/var/tmp", "/run", "/var/log")  # noqa: S108
PLACES = {
    "old": (*COMMON_PLACES, "/var/lib/waba-migration"),
    "new": (*COMMON_PLACES, "/var/lib/waba-migration", project.VOLUMES, "/var/lib/docker/containers"),
    TARGET_SERVER: (*COMMON_PLACES, "/var/lib"),
}
"""Where a run, a client or a server of the host writes to."""
PROGRAM = """\
import os, stat, sys
word = sys.stdin.buffer.read()
for place in sys.argv[1:]:
    for directory, _, names in os.walk(place):
        for path in (os.path.join(directory, name) for name in names):
            try:
                if stat.S_ISREG(os.lstat(path).st_mode) and not os.path.ismount(path):
                    with open(path, "rb") as file:
                        if word in file.read():
                            print(path)
            except FileNotFoundError:
                pass  # a temporary file, gone again
"""


def on_host(lab: Lab, host: str, word: str) -> list[str]:
    """The files below the host's places that hold the word."""
    return docker.execute(
        lab.container(host), "python3", "-c", PROGRAM, *PLACES[host],
        tried=f"Searching {host}", stdin=word.encode(), timeout=SEARCH_SECONDS,
    ).splitlines()  # fmt: skip


def in_run(lab: Lab, word: str) -> list[str]:
    """The files of the run directory that hold the word."""
    place = run_directory(lab.inventories[ACME.key])
    return [str(file.relative_to(place)) for file in _files(place) if word.encode() in file.read_bytes()]


def _files(place: Path) -> list[Path]:
    return [file for file in sorted(place.rglob("*")) if file.is_file()]


def in_new_databases(session: Session, word: str) -> list[str]:
    """The databases of the new server whose dumps hold the word, whoever made them."""
    place = record.directory(session.lab, STAGE)
    server = databases.server(session.lab, session.state, TARGET_SERVER)
    names = tuple(database.name for database in server.databases())
    dumps.take(session, TARGET_SERVER, names, place)
    return [name for name in names if word.encode() in (place / f"{name}.sql").read_bytes()]
