# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures whole windows on the lab, and writes window.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmark import machine, plan
from labctl.cli import complain, say
from labctl.errors import LabError
from labctl.layout import REPOSITORY, lab_from_environment

from window.document import document
from window.measure import Json, measure


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run-window", description=__doc__)
    parser.add_argument("--engines", default=" ".join(plan.ENGINES), help="some of: %(default)s")
    parser.add_argument("--runs", default="3", help="moves of each (%(default)s)")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second each way (%(default)g)")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "docs", help="directory for what is written")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    lab = lab_from_environment()
    runs: list[Json] = []
    try:
        engines = plan.chosen(options.engines, plan.ENGINES, "ENGINES")
        for engine in engines:
            for number in range(plan.repetitions(options.runs)):
                say(f"{engine}, move {number + 1} ...")
                run = measure(lab, engine, options.rate)
                runs.append(run)
                say(f"  window: {run['window']:.2f} s")
    except (LabError, plan.PlanError) as error:
        complain(f"window: {error}")
        return 2
    page = options.results / "window.md"
    page.write_text(document(machine.describe(), options.rate, runs), encoding="utf-8")
    say(f"{page} is written")
    return 0
