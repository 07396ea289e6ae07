# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what has not been measured yet, and writes what is known under docs/."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labctl.cli import complain, say
from labctl.errors import LabError
from labctl.layout import REPOSITORY

from benchmark import containers, machine, plan
from benchmark.document import document
from benchmark.plan import Task
from benchmark.results import Results, ResultsError, Run


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--engines", default=" ".join(plan.ENGINES), help="some of: %(default)s")
    parser.add_argument("--sizes", default="2 6", help="gigabytes on disk (%(default)s)")
    parser.add_argument("--methods", default=" ".join(plan.METHODS), help="some of: %(default)s")
    parser.add_argument("--runs", default="1", help="repetitions of each (%(default)s)")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "docs", help="directory for what is written")
    parser.add_argument("--again", action="store_true", help="measure again what has a result")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        engines = plan.chosen(options.engines, plan.ENGINES, "ENGINES")
        methods = plan.chosen(options.methods, plan.METHODS, "METHODS")
        sizes = plan.sizes(options.sizes)
        repetitions = plan.repetitions(options.runs)
        results = Results(options.results / "benchmarks.json", machine.describe())
        failed = 0
        for engine in engines:
            for size in sizes:
                if options.again:
                    results.forget(engine, size, methods)
                failed += measure(results, plan.tasks(engine, size, methods, repetitions))
                if results.runs:
                    write(results, options.results)
    except (LabError, ResultsError, plan.PlanError) as error:
        complain(f"bench: {error}")
        return 2
    except KeyboardInterrupt:
        complain("bench: interrupted. What was measured is kept; the same command goes on with the rest.")
        return 130
    return 1 if failed else 0


def measure(results: Results, wanted: Sequence[Task]) -> int:
    """What is left to do of one engine at one size; returns how many runs failed."""
    todo = []
    for task in plan.left(wanted, results.runs):
        if plan.too_long(task, results.runs):
            say(f"{named(task)}: left out, since it would take over {plan.LIMIT_SECONDS:.0f} s")
        else:
            todo.append(task)
    if not todo:
        return 0
    engine, size = todo[0].engine, todo[0].size
    say(f"{engine}, {size:g} GB: {len(todo)} of {len(wanted)} runs to do")
    order = {
        "engine": engine,
        "size": size,
        "limit": plan.LIMIT_SECONDS,
        "tasks": [{"method": task.method, "number": task.number} for task in todo],
    }
    failed = 0
    for message in containers.messages(engine, order, say):
        failed += note(results, engine, size, message)
    return failed


def note(results: Results, engine: str, size: float, message: dict[str, Any]) -> int:
    """Show and keep what came back; returns whether it is a failure."""
    if message["kind"] == "progress":
        say(f"{engine}, {size:g} GB: {message['text']}")
        return 0
    task = Task(engine, size, message["method"], message["number"])
    if message["kind"] == "begin":
        say(f"{named(task)} ...")
    elif message["kind"] == "failed":
        complain(f"bench: {named(task)} failed, and has no result: {message['text']}")
        return 1
    else:
        run: Run = {"engine": engine, "size": size, "method": task.method, "number": task.number, **message["run"]}
        results.add(run)
        say(f"{named(task)}: {summary(run)}")
    return 0


def named(task: Task) -> str:
    return f"{task.engine}, {task.size:g} GB, {task.method}, run {task.number}"


def summary(run: Run) -> str:
    if "stopped_after" in run:
        return f"not done after {run['stopped_after']:.0f} s, stopped"
    memory = run["memory"]["summed"] / 1e6
    seed = f", seed {run['seed']:.1f} s" if "seed" in run else ""
    return f"window {run['window']:.3f} s{seed}, memory {memory:.0f} MB, {run['rows']} rows equal"


def write(results: Results, directory: Path) -> None:
    # What draws is there only where somebody measures.
    from benchmark.plot import draw

    draw(results.runs, directory / "benchmarks.svg")
    page = document(results.machine, results.runs, "benchmarks.svg")
    (directory / "benchmarks.md").write_text(page, encoding="utf-8")
    say(f"{directory / 'benchmarks.md'} is written")
