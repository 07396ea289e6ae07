# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after a second run on a finished move: it has looked, and that is all. No messages flow meanwhile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from labctl import databases
from labctl.layout import ACME, BETA, ENGINE_HOSTS, SSH_HOSTS, Lab
from labctl.session import Session
from labctl.state import run_directory

from checks import baseline, dumps, probes, record
from checks.options import NEW_PLATFORM
from checks.scene import Scene
from checks.untouched import READING
from checks.verdict import Check, listed

STAGE = "finished"


def _files_of_run(lab: Lab) -> dict[str, str]:
    place = run_directory(lab.inventories[ACME.key])
    return {
        str(file.relative_to(place)): dumps.digest(file.read_bytes())
        for file in sorted(place.rglob("*"))
        if file.is_file() and not file.name.endswith(".lock")
    }


def look(session: Session, stage: str) -> dict[str, Any]:
    """Everything that a second run could touch."""
    lab = session.lab
    place: Path = record.directory(lab, stage)
    there = databases.server(lab, session.state, "db-new").names()
    return {
        "time": time.time(),
        "containers": {host: probes.lives(probes.containers(lab, host, ACME)) for host in ENGINE_HOSTS},
        "neighbour": probes.lives(probes.containers(lab, "old", BETA)),
        "new_rows": dumps.take(
            session, "db-new", tuple(name for name in dumps.acme_databases() if name in there), place / "new"
        ),
        "old_rows": dumps.take(session, ACME.database_host, dumps.acme_databases(), place / "old"),
        "files": {host: probes.tree(lab, host, *baseline.RUN_PLACES) for host in ENGINE_HOSTS},
        "media": probes.media(lab, "new", ACME),
        "keys": {host: probes.authorized_keys(lab, host) for host in SSH_HOSTS},
        "run": _files_of_run(lab),
    }


def take(session: Session) -> None:
    record.save(session.lab, STAGE, look(session, STAGE))


class Repeated(Scene):
    """A scene that is to be as it was after the move."""

    @property
    def finished(self) -> dict[str, Any]:
        return self.once("finished", lambda: record.load(self.lab, STAGE))

    @property
    def now(self) -> dict[str, Any]:
        return self.once("now", lambda: look(self.session, "repeated"))


def same(name: str) -> Any:
    def fault(scene: Repeated) -> str:
        before, now = _flat(scene.finished[name]), _flat(scene.now[name])
        return listed(
            [f"{key} has changed" for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
        )

    return fault


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    flat = {}
    for key, value in document.items():
        if isinstance(value, dict):
            flat.update({f"{key} {inner}": content for inner, content in value.items()})
        else:
            flat[key] = value
    return flat


def only_reads(scene: Repeated) -> str:
    """A new platform's client has no monitoring key of the old one, and a login would write a token."""
    requests = probes.requests(scene.lab, "new", ACME, scene.finished["time"])
    if not requests and scene.option not in NEW_PLATFORM:
        return "the second run did not look at the client at all"
    return listed([f"{entry['method']} {entry['path']}" for entry in requests if entry["method"] not in READING])


def connection_kept(scene: Repeated) -> str:
    return listed([f"{event['event']}" for event in scene.events(ACME) if event["time"] >= scene.finished["time"]])


CHECKS: tuple[Check[Repeated], ...] = (
    Check("only-reads", "whatever the new client was asked was to read", only_reads),
    Check("connection", "the number stayed connected", connection_kept),
    Check("containers", "the containers of both hosts live on", same("containers")),
    Check("neighbour", "number B's containers live on", same("neighbour")),
    Check("new-rows", "the new databases are as they were", same("new_rows")),
    Check("old-rows", "the old databases are as they were", same("old_rows")),
    Check("files", "the files of both hosts are as they were", same("files")),
    Check("media", "the media are as they were", same("media")),
    Check("keys", "no host lets in another key", same("keys")),
    Check("run", "journal and report are as they were", same("run")),
)
