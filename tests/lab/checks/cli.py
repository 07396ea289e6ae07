# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' own evidence of what a migration did to the lab: taken before, at the fence and after a run."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from labctl import evidence
from labctl import session as sessions
from labctl.errors import LabError
from labctl.layout import lab_from_environment
from labctl.session import Session

from checks import (
    back,
    baseline,
    breakout,
    claims,
    discretion,
    fence,
    mutations,
    repeated,
    replication,
    returned,
    untouched,
)
from checks.options import FULL, OPTIONS
from checks.scene import Scene
from checks.verdict import Verdict, judge

GREEN, RED, UNUSABLE = 0, 1, 2
Step = Callable[..., int]


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def told(verdicts: Sequence[Verdict]) -> int:
    """Shows what came of the checks. The exit status tells whether all are green."""
    for verdict in verdicts:
        tell(verdict.line())
    bad = [verdict.name for verdict in verdicts if not verdict.good]
    tell(
        f"{len(verdicts) - len(bad)} of {len(verdicts)} checks are green" + (f"; red: {', '.join(bad)}" if bad else "")
    )
    return RED if bad else GREEN


def step_baseline(session: Session) -> int:
    """how the lab is before the run; forgets earlier evidence"""
    baseline.take(session)
    return GREEN


def step_traffic(session: Session, option: str, no_watch: bool) -> int:
    """let messages flow, wait until they do, and watch for the fence"""
    if not no_watch:
        fence.start_watching(session.lab)
    baseline.start_traffic(session, option)
    return GREEN


def step_watch(session: Session) -> int:
    """wait for the fence and keep the old databases of that moment (started by traffic)"""
    fence.watch(session)
    return GREEN


def step_untouched(session: Session) -> int:
    """after a run in check mode: nothing has changed"""
    return told(judge(untouched.CHECKS, untouched.Before(session)))


def step_following(session: Session, option: str) -> int:
    """after a preparation whose databases follow: they do, while the old client serves"""
    return told(judge(replication.CHECKS, Scene(session, option=option)))


def step_moved(session: Session, option: str, way_back: bool) -> int:
    """after a move: wait for messages through the new client, end the traffic, judge"""
    baseline.await_traffic(session, time.time())
    evidence.stop_traffic(session.lab)
    red = told(judge(claims.checks(option, way_back), Scene(session, option=option)))
    of = f"{option} with a way back" if way_back else option
    tell(f"not claimed of the option {of}: {', '.join(claims.not_claimed(option, way_back)) or 'nothing'}")
    return red


def step_back(session: Session) -> int:
    """after a run that was rolled back: wait for messages through the old client, end the traffic, judge"""
    baseline.await_traffic(session, time.time())
    evidence.stop_traffic(session.lab)
    return told(judge(back.CHECKS, Scene(session)))


def step_returned(session: Session) -> int:
    """after a way back without loss: wait for messages through the old client, end the traffic, judge"""
    baseline.await_traffic(session, time.time())
    evidence.stop_traffic(session.lab)
    return told(judge(returned.CHECKS, Scene(session)))


def step_finished(session: Session) -> int:
    """how the lab is before a second run"""
    repeated.take(session)
    return GREEN


def step_repeated(session: Session, option: str) -> int:
    """after a second run: it has only looked"""
    return told(judge(repeated.CHECKS, repeated.Repeated(session, option=option)))


def step_breakout(session: Session) -> int:
    """after both numbers have moved: try everything that brings an ordinary client back"""
    return told(breakout.run(session, tell))


def step_overhear(session: Session) -> int:
    """run a whole move with -vvv, sampling the processes of all hosts"""
    discretion.run(session)
    return GREEN


def step_discretion(session: Session) -> int:
    """after overhear: no secret was said or written anywhere"""
    return told(discretion.judge(session))


def step_planted(session: Session) -> int:
    """after overhear: the same search finds secrets that are planted"""
    return told(discretion.plant(session, discretion.PLANTED))


def step_mutations(session: Session, option: str) -> int:
    """after moved: do damage, and see that each turns its named check red"""
    return told(mutations.run(session, option))


def step_end(session: Session) -> int:
    """end traffic and watch, whatever became of the run"""
    fence.stop_watching(session.lab)
    evidence.stop_traffic(session.lab)
    return GREEN


STEPS: dict[str, Step] = {
    "baseline": step_baseline,
    "traffic": step_traffic,
    "watch": step_watch,
    "untouched": step_untouched,
    "following": step_following,
    "moved": step_moved,
    "back": step_back,
    "returned": step_returned,
    "finished": step_finished,
    "repeated": step_repeated,
    "breakout": step_breakout,
    "overhear": step_overhear,
    "discretion": step_discretion,
    "planted": step_planted,
    "mutations": step_mutations,
    "end": step_end,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="checks", description=__doc__, epilog="LAB_NAME names the lab.")
    commands: Any = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, step in STEPS.items():
        command = commands.add_parser(name, help=step.__doc__, description=step.__doc__)
        if step in (step_traffic, step_following, step_moved, step_repeated, step_mutations):
            command.add_argument(
                "--option", choices=OPTIONS, default=FULL, help="what was moved (default: %(default)s)"
            )
        if step is step_traffic:
            command.add_argument("--no-watch", action="store_true", help="the old client is fenced already")
        if step is step_moved:
            command.add_argument("--way-back", action="store_true", help="MySQL: the old databases follow the new ones")
    given = vars(parser.parse_args(arguments))
    try:
        return STEPS[given.pop("step")](sessions.existing(lab_from_environment()), **given)
    except (LabError, ValueError) as error:
        sys.stderr.write(f"checks: {error}\n")
        return UNUSABLE
