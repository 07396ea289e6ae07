# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: a client with live traffic moves to its new host, and the WhatsApp network says how it went."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

from labctl import evidence, state, truth
from labctl import session as sessions
from labctl.cli import complain, say
from labctl.errors import LabError
from labctl.layout import ACME, ENGINES, POSTGRESQL, Lab, lab_from_environment
from labctl.moves import MOVES, Move
from labctl.outcome import summary, verdicts
from labctl.reset import reset
from labctl.screen import Paint, duration
from labctl.up import Wishes, up

CHECKOUT = Path(__file__).resolve().parents[3]
SETTLE_SECONDS = 60
WARM_UP_SECONDS = 5
PLAY = re.compile(r"^PLAY \[(.*)\]")


def prepare(lab: Lab, engine: str) -> None:
    """A pristine lab with this database engine: built when there is none, else set back."""
    wishes = Wishes(engine=engine)
    with state.locked(lab):
        if sessions.exists(lab):
            reset(sessions.existing(lab), wishes, say)
        else:
            up(lab, wishes, say)


def tell_plays(line: str) -> None:
    """As they begin."""
    play = PLAY.match(line)
    if play:
        say(f"  {play[1]}")


def migrate(lab: Lab, move: Move, log: Path, see: Callable[[str], None] = tell_plays) -> int:
    """Runs the playbook as its user would, with its whole output in the log. Each line is shown to ``see``."""
    command = move.command(lab.inventories[ACME.key])
    say(f"$ {shlex.join(os.path.relpath(part, CHECKOUT) if part.startswith('/') else part for part in command)}")
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(  # noqa: S603
            command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as playbook,
    ):
        for line in playbook.stdout or ():
            file.write(line)
            see(line)
    return playbook.returncode


def last_words(log: Path) -> str:
    """The end of a log, for a run that went wrong."""
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-40:])


def show(lab: Lab, option: str, engine: str, paint: Paint) -> int:
    """The demonstration. Returns the exit status."""
    started = time.monotonic()
    move = MOVES[option]
    log = lab.directory / "demo.log"
    report_file = state.run_directory(lab.inventories[ACME.key]) / "report.json"
    prepare(lab, engine)
    session = sessions.existing(lab)
    evidence.start_traffic(session, move.new_platform)
    try:
        time.sleep(WARM_UP_SECONDS)
        code = migrate(lab, move, log)
        if code:
            complain(last_words(log))
            complain(f"The playbook ended with exit status {code}. Its whole output is in {os.path.relpath(log)}.")
            return 1
        time.sleep(WARM_UP_SECONDS)
    finally:
        evidence.stop_traffic(lab)
    ledger = evidence.ledger(lab, ACME, SETTLE_SECONDS, move.identity_changes)
    report = json.loads(report_file.read_text(encoding="utf-8"))
    held = verdicts(report, truth.gather(lab, session.state), ledger)
    sys.stdout.write(f"{summary(option, report, held, ledger, paint)}\n")
    footer = [
        f"{duration(time.monotonic() - started)} in all. Look around: tests/lab/lab status. Remove: make lab-down.",
        f"Report: {os.path.relpath(report_file.with_suffix('.html'))}. Whole output: {os.path.relpath(log)}.",
    ]
    for line in footer:
        sys.stdout.write(f"  {paint('dim', line)}\n")
    return 0 if all(ok for ok, _ in held) else 1


def one_of(name: str, choices: Collection[str]) -> Callable[[str], str]:
    """A value of that name of `make demo`, or a refusal that tells what there is."""

    def check(value: str) -> str:
        if value not in choices:
            raise argparse.ArgumentTypeError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
        return value

    return check


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--option", type=one_of("OPTION", MOVES), default="full", help=f"one of {', '.join(MOVES)}")
    parser.add_argument(
        "--engine", type=one_of("ENGINE", ENGINES), default=POSTGRESQL.name, help=f"one of {', '.join(ENGINES)}"
    )
    return parser


def main() -> int:
    options = build_parser().parse_args()
    try:
        return show(lab_from_environment(), options.option, options.engine, Paint(sys.stdout.isatty()))
    except (LabError, ValueError) as error:
        complain(f"demo: {error}")
        return 1
