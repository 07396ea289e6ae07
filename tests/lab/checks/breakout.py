# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever people and machines do to a fenced client on the old host, it must not get through to the network.

Number A's database is elsewhere; number B's is a service of its own compose project and must go on running.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labctl import docker, evidence, faults, project
from labctl.layout import ACME, BETA, NUMBERS, POSTGRESQL, Lab, Number
from labctl.session import Session
from labctl.waiting import wait_until

from checks import dumps, record
from checks.moved import ledger_balanced, no_incidents, no_kicks, no_registrations
from checks.scene import Scene
from checks.verdict import Check, Verdict, judge, listed

DATABASE_SERVICE = "db"
RUNNING_SECONDS = 60.0
TRYING_SECONDS = 60.0
REFUSED = "waiting for the database"
"""What a client's container says when it is started without a network."""


@dataclass(frozen=True)
class Attempt:
    """Something that brings an ordinary client back."""

    name: str
    carry_out: Callable[[Session], None]


class Aftermath(Scene):
    """The lab after an attempt."""

    def __init__(self, session: Session, since: float) -> None:
        super().__init__(session)
        self.since = since


def _compose(number: Number, *arguments: str) -> Callable[[Session], None]:
    """Compose may well refuse: then nothing has been started either."""
    words = " ".join(arguments)

    def carry_out(session: Session) -> None:
        docker.script(
            session.lab.container("old"),
            f"cd {number.directory}\ndocker compose --progress quiet {words} 2>&1 || true\n",
            tried=f"Running docker compose {words} in {number.directory}",
            timeout=project.COMPOSE_SECONDS,
        )
        _database_running(session.lab)

    return carry_out


def _start_containers(session: Session) -> None:
    """Starts the fenced containers one by one, waits until each has tried in vain, and stops them again."""
    lab = session.lab
    for entry in _clients(project.containers(lab, "old")):
        host, name = lab.container("old"), entry["name"]
        docker.execute(host, "docker", "start", name, tried=f"Starting {name}")

        def waiting(host: str = host, identity: str = entry["id"]) -> str:
            log = docker.call("exec", host, "docker", "logs", "--tail", "2", identity).text
            return "" if REFUSED in log else f"it says {log.strip()[-200:]!r}"

        wait_until(waiting, f"Watching {name} try", TRYING_SECONDS, "Read its log.")
        docker.execute(host, "docker", "stop", "--time", "1", name, tried=f"Stopping {name}")


def _restart_engine(session: Session) -> None:
    faults.restart_engine(session.lab, session.state, "old")
    _database_running(session.lab)


def _restart_host(session: Session) -> None:
    faults.stop_host(session.lab, session.state, "old")
    faults.start_host(session.lab, session.state, "old")
    _database_running(session.lab)


COMPOSE_COMMANDS = ("up --detach", "start", "restart")
ATTEMPTS = (
    *(
        Attempt(f"compose {words} ({number.key})", _compose(number, *words.split()))
        for number in NUMBERS
        for words in COMPOSE_COMMANDS
    ),
    Attempt("docker start", _start_containers),
    Attempt("engine restart", _restart_engine),
    Attempt("host restart", _restart_host),
)


def _described(entry: dict[str, Any]) -> str:
    state = f"{entry['status']}, restart policy {entry['restart_policy']}, networks {entry['networks']}"
    return f"{entry['name']} is {state}"


def _clients(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    projects = {number.project for number in NUMBERS}
    return [entry for entry in entries if entry["project"] in projects and entry["service"] != DATABASE_SERVICE]


def _database(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return next(
        (entry for entry in entries if entry["project"] == BETA.project and entry["service"] == DATABASE_SERVICE), {}
    )


def _database_running(lab: Lab) -> None:
    """The engine brings back what it is to bring back in one go: once the database is there, a client would be too."""

    def missing() -> str:
        found = _database(project.containers(lab, "old"))
        if found.get("status") != "running":
            return f"its container is {found.get('status', 'gone')}"
        ready = docker.call(
            "exec",
            lab.container("old"),
            "docker",
            "exec",
            found["id"],
            "pg_isready",
            "--quiet",
            "--port",
            str(BETA.port(POSTGRESQL)),
        )
        return "" if ready.code == 0 else "it refuses connections"

    wait_until(missing, "Waiting for number B's database", RUNNING_SECONDS, "Read /var/log/dockerd.log on old.")


def silent(scene: Aftermath) -> str:
    return listed(
        [
            f"{event['event']} of {number.title} from old at {event['time']:.3f}"
            for number in NUMBERS
            for event in scene.events(number)
            if event["time"] >= scene.since and scene.host_of(event.get("peer", "")) == "old"
        ]
    )


def both_on_new(scene: Aftermath) -> str:
    found = []
    for number in NUMBERS:
        slots = scene.network["numbers"][number.wa_id]["slots"].values()
        places = {scene.host_of(slot["peer"]) for slot in slots}
        if places != {"new"}:
            found.append(f"{number.title} is connected on {', '.join(sorted(places)) or 'no host'}")
    return listed(found)


def still_fenced(scene: Aftermath) -> str:
    entries = _clients(scene.truth["containers"]["old"])
    if {entry["project"] for entry in entries} != {number.project for number in NUMBERS}:
        return "the containers of a client are gone"
    return listed(
        [
            _described(entry)
            for entry in entries
            if entry["status"] not in ("exited", "created") or entry["restart_policy"] != "no" or entry["networks"]
        ]
    )


def database_serves(scene: Aftermath) -> str:
    """The same container on the same volume, as ready to come back as before."""
    found = _database(scene.truth["containers"]["old"])
    before = scene.before["beta"]["containers"][DATABASE_SERVICE].split(" ", 1)[0]
    if found["id"] != before:
        return "it runs in another container than before"
    state = (found["status"], found["restart_policy"], bool(found["networks"]))
    return "" if state == ("running", "always", True) else _described(found)


CHECKS: tuple[Check[Aftermath], ...] = (
    Check("silent", "nothing on the old host called the network", silent),
    Check("connected-on-new", "both numbers are connected on the new host", both_on_new),
    Check("no-kicks", "no client was kicked out by another", no_kicks),
    Check("no-incidents", "the network saw no stale keys and no foreign identity", no_incidents),
    Check("fence", "the fenced containers are as the fence left them", still_fenced),
    Check("database", "number B's database serves from the container that it had", database_serves),
)


def databases_unchanged(scene: Aftermath) -> str:
    before, now = record.load(scene.lab, "breakout"), _dumps(scene.session, "breakout-end")
    return listed([f"{name} has changed" for name in dumps.differing(before, now)])


def both_ledgers(scene: Aftermath) -> str:
    beta = scene.ledger(BETA)
    return listed([reason for reason in (ledger_balanced(scene), *beta["reasons"]) if reason])


AT_THE_END: tuple[Check[Aftermath], ...] = (
    Check("old-databases", "the old databases of both numbers are as they were", databases_unchanged),
    Check("ledgers", "every message of both numbers arrived once", both_ledgers),
    Check("no-registrations", "nobody called for a registration", no_registrations),
)


def _dumps(session: Session, stage: str) -> dict[str, str]:
    place = record.directory(session.lab, stage)
    return {
        **dumps.take(session, ACME.database_host, dumps.acme_databases(), place / "acme"),
        **dumps.take(session, BETA.database_host, dumps.beta_databases(), place / "beta"),
    }


def run(session: Session, tell: Callable[[str], None]) -> list[Verdict]:
    """Carries out all attempts on two fenced clients. Shows each one's name; returns all verdicts."""
    since = time.time()
    record.save(session.lab, "breakout", _dumps(session, "breakout-begin"))
    verdicts = []
    for attempt in ATTEMPTS:
        attempt.carry_out(session)
        judged = judge(CHECKS, Aftermath(session, since))
        tell(f"{attempt.name}: {', '.join(verdict.name for verdict in judged if not verdict.good) or 'in vain'}")
        verdicts += [
            Verdict(f"{verdict.name}", verdict.claim, f"after {attempt.name}: {verdict.reason}")
            for verdict in judged
            if not verdict.good
        ]
    evidence.stop_traffic(session.lab)
    scene = Aftermath(session, since)
    found = {verdict.name for verdict in verdicts}
    verdicts += [verdict for verdict in judge(CHECKS, scene) if verdict.name not in found]
    return verdicts + judge(AT_THE_END, scene)
