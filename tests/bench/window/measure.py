# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One move of a client under load, and then the same client stopped and started by hand."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from labctl import control, demo, docker, evidence, project, session, state
from labctl.cli import say
from labctl.errors import LabError
from labctl.layout import ACME, Lab
from labctl.moves import PLAYBOOKS, Move
from labctl.session import Session
from standin.ledger.connections import gaps

from window.timeline import Step, durations, step_of

WARM_UP_SECONDS = 10.0
SETTLE_SECONDS = 120
CONNECT_SECONDS = 60.0
BY_HAND = 3
MOVE = Move(
    PLAYBOOKS / "migrate_full.yml",
    {
        "database_host_mode": "live",
        "database_host_source_user": "{{ database_host_target_user }}",
        "database_host_source_password": "{{ lab_old_database_administrator_password }}",
    },
)

Json = dict[str, Any]


def measure(lab: Lab, engine: str, rate: float) -> Json:
    """One run, with ``rate`` messages a second in each direction.

    Raises when the move, or the ledger, is not good: then there is no figure.
    """
    demo.prepare(lab, engine)
    opened = session.existing(lab)
    evidence.start_traffic(opened, rates={**evidence.RATES, ACME.key: (rate, rate)})
    try:
        time.sleep(WARM_UP_SECONDS)
        busy = os.getloadavg()[0]
        steps = migrate(lab)
        moved = last_gap(opened)
        by_hand = [stop_and_start(opened) for _ in range(BY_HAND)]
        time.sleep(WARM_UP_SECONDS)
    finally:
        evidence.stop_traffic(lab)
    ledger = evidence.ledger(lab, ACME, SETTLE_SECONDS)
    if not ledger["balanced"]:
        raise LabError("Balancing the ledger", evidence.sentence(ledger), "Look at the lab: lab status.")
    report = json.loads((state.run_directory(lab.inventories[ACME.key]) / "report.json").read_text(encoding="utf-8"))
    return {
        "engine": engine,
        "window": moved["seconds"],
        "by_hand": by_hand,
        "tasks": durations(steps, moved["from"], moved["to"]),
        "cut": report["phases"]["move"]["facts"]["cut"],
        "load": busy,
        "out": ledger["outbound"]["accepted"],
        "in": ledger["inbound"]["sent"],
    }


def migrate(lab: Lab) -> list[Step]:
    """Runs the playbook as its user would. Returns when its tasks began."""
    log = lab.directory / "window.log"
    steps: list[Step] = []

    def note(line: str) -> None:
        step = step_of(line, time.time())
        if step:
            steps.append(step)

    if demo.migrate(lab, MOVE, log, note):
        raise LabError("Moving the client", demo.last_words(log), f"Its whole output is in {log}.")
    return steps


def last_gap(opened: Session) -> Json:
    """The last time in which nobody was connected for the number."""
    events = [event for event in control.network(opened.state, "/events") if event["number"] == ACME.wa_id]
    found = [gap for gap in gaps(events, 0.0, time.time()) if gap["to"] is not None]
    if not found:
        raise LabError("Looking for the window", "the number was connected all the time", "See the network's events.")
    return found[-1]


def stop_and_start(opened: Session) -> float:
    """The containers of the new client, by hand, on the databases that are there. Returns the seconds of the gap."""
    host = opened.lab.container("new")
    names = [row["name"] for row in project.containers(opened.lab, "new") if row["project"] == ACME.project]
    for verb in ("stop", "start"):
        docker.execute(host, "docker", verb, *names, tried=f"Running docker {verb} on the new host")
    deadline = time.monotonic() + CONNECT_SECONDS
    while not control.connected_slots(opened.state, ACME.wa_id):
        if time.monotonic() > deadline:
            raise LabError("Starting the client by hand", f"not connected within {CONNECT_SECONDS:.0f} s", "lab status")
        time.sleep(0.1)
    seconds = float(last_gap(opened)["seconds"])
    say(f"  by hand: {seconds:.2f} s")
    return seconds
