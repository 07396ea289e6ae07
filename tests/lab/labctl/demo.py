# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: a client with live traffic moves to its new host, and the WhatsApp network says how it went."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from labctl import evidence, state, truth
from labctl import session as sessions
from labctl.cli import complain, say
from labctl.errors import LabError
from labctl.layout import ACME, Lab, lab_from_environment
from labctl.reset import reset
from labctl.screen import Paint, duration, phone, size, table
from labctl.up import Wishes, up

PLAYBOOK = Path("playbooks/migrate_full.yml")
CHECKOUT = Path(__file__).resolve().parents[3]
SETTLE_SECONDS = 60
WARM_UP_SECONDS = 5
PLAY = re.compile(r"^PLAY \[(.*)\]")
KEEP_FOR = "14 days"
EVERYTHING = Wishes(None, None, None, False, False)
RULE = 72 * "─"


def prepare(lab: Lab) -> None:
    """A pristine lab: built when there is none, else set back."""
    with state.locked(lab):
        if sessions.exists(lab):
            reset(sessions.existing(lab), EVERYTHING, say)
        else:
            up(lab, EVERYTHING, say)


def migrate(lab: Lab, log: Path) -> int:
    """Runs the playbook as its user would, with its whole output in the log. Tells the plays as they begin."""
    command = ["ansible-playbook", "-i", str(lab.inventories[ACME.key]), str(PLAYBOOK)]
    say(f"$ {' '.join(os.path.relpath(part, CHECKOUT) if part.startswith('/') else part for part in command)}")
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(  # noqa: S603
            command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as playbook,
    ):
        for line in playbook.stdout or ():
            file.write(line)
            play = PLAY.match(line)
            if play:
                say(f"  {play[1]}")
    return playbook.returncode


def last_words(log: Path) -> str:
    """The end of a log, for a run that went wrong."""
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-40:])


def verdicts(report: dict[str, Any], seen: dict[str, Any], ledger: dict[str, Any]) -> list[tuple[bool, str]]:
    """What must hold after the move, by the lab's own truth."""
    addresses = {address: host for host, address in seen["addresses"].items()}
    slots = seen["network"]["state"]["numbers"][ACME.wa_id]["slots"].values()
    places = {addresses.get(slot["peer"], "an unknown host") for slot in slots}
    fenced = [row for row in seen["containers"]["old"] if "-fenced-" in row["name"]]
    return [
        (report["verdict"] == "succeeded", f"the run's own verdict is {report['verdict']}"),
        (places == {"new"}, f"the network sees {phone(ACME.wa_id)} on {', '.join(sorted(places)) or 'no host'}"),
        (
            bool(fenced) and not any(row["status"] == "running" for row in fenced),
            f"{len(fenced)} containers of the old client are fenced, none of them runs",
        ),
        (
            ledger["balanced"],
            f"{ledger['outbound']['accepted']} messages out and {ledger['inbound']['sent']} in during the run: "
            f"{len(ledger['outbound']['lost']) + len(ledger['inbound']['lost'])} lost, "
            f"{len(ledger['outbound']['duplicated']) + len(ledger['inbound']['duplicated'])} duplicated, "
            f"{ledger['kicks']} kicks, {ledger['registrations']} registrations",
        ),
    ]


def summary(report: dict[str, Any], held: list[tuple[bool, str]], ledger: dict[str, Any], paint: Paint) -> str:
    """The screen at the end."""
    moved = report["phases"]["move"]["facts"]
    databases, media = moved["databases"], moved["media"]
    rows, tables = (sum(database[key] for database in databases) for key in ("rows", "tables"))
    good = all(ok for ok, _ in held)
    title = f"{phone(ACME.wa_id)} has moved from old to new" if good else "The move went wrong"
    phases = report["phases"].items()
    lines = [
        RULE,
        f"  {paint('bold' if good else 'red', title)}",
        RULE,
        *table([[name, phase["status"], f"{phase['seconds']:6.1f} s"] for name, phase in phases if "seconds" in phase]),
        "",
        *table(
            [
                ["Downtime", f"{ledger['downtime']['seconds']:.1f} s, as the WhatsApp network saw it"],
                ["Databases", f"{len(databases)}, with {tables} tables and {rows} rows counted, equal"],
                ["Media", f"{media['files']} files with {size(media['bytes'])} compared, equal"],
            ]
        ),
        "",
        *(f"  {paint('green', '✓') if ok else paint('red', '✗')} {sentence}" for ok, sentence in held),
        "",
        f"  {paint('bold', 'Next')}  Keep the old database and media for at least {KEEP_FOR}.",
        RULE,
    ]
    return "\n".join(lines)


def show(lab: Lab, paint: Paint) -> int:
    """The demonstration. Returns the exit status."""
    started = time.monotonic()
    log = lab.directory / "demo.log"
    report_file = state.run_directory(lab.inventories[ACME.key]) / "report.json"
    prepare(lab)
    session = sessions.existing(lab)
    evidence.start_traffic(session)
    try:
        time.sleep(WARM_UP_SECONDS)
        code = migrate(lab, log)
        if code:
            complain(last_words(log))
            complain(f"The playbook ended with exit status {code}. Its whole output is in {os.path.relpath(log)}.")
            return 1
        time.sleep(WARM_UP_SECONDS)
    finally:
        evidence.stop_traffic(lab)
    ledger = evidence.ledger(lab, ACME, SETTLE_SECONDS)
    report = json.loads(report_file.read_text(encoding="utf-8"))
    held = verdicts(report, truth.gather(lab, session.state), ledger)
    sys.stdout.write(f"{summary(report, held, ledger, paint)}\n")
    footer = [
        f"{duration(time.monotonic() - started)} in all. Look around: tests/lab/lab status. Remove: make lab-down.",
        f"Report: {os.path.relpath(report_file.with_suffix('.html'))}. Whole output: {os.path.relpath(log)}.",
    ]
    for line in footer:
        sys.stdout.write(f"  {paint('dim', line)}\n")
    return 0 if all(ok for ok, _ in held) else 1


def main() -> int:
    try:
        return show(lab_from_environment(), Paint(sys.stdout.isatty()))
    except (LabError, ValueError) as error:
        complain(f"demo: {error}")
        return 1
