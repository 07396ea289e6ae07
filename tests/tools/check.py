# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the named groups of checks, all of them even if one fails, and sums up: `check.py lint unit`.

Two at a time, but for those that run alone. The exit status is 0 only if every check
passed. A check's own tests are counted where its tool counts them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON_CODE = ("plugins", "tests/bench", "tests/integration", "tests/lab", "tests/tools", "tests/unit")
SHOWN_FAILURES = 10
SIDE_BY_SIDE = 2
SCREEN = threading.Lock()
NUMBERS = re.compile(r"\b(\d+) (passed|failed|errors?)\b")


@dataclass(frozen=True)
class Check:
    """A command. One that counts its tests says "N passed, N failed" at its end; any other is one test itself.

    One that runs alone shows its output as it comes, any other in one piece at its end.
    """

    name: str
    command: tuple[str, ...]
    counts: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    check: Check
    good: bool
    seconds: float
    passed: int
    failed: int
    failures: tuple[str, ...]


GROUPS: dict[str, tuple[Check, ...]] = {
    "lint": (
        Check("ruff", ("ruff", "check", "--quiet")),
        Check("format", ("ruff", "format", "--check", "--quiet")),
        Check("mypy", ("mypy", *PYTHON_CODE)),
        Check("yamllint", ("yamllint", ".")),
        Check("ansible-lint", ("ansible-lint",)),
        Check("docs", ("antsibull-docs", "lint-collection-docs", "--plugin-docs", ".")),
        Check("changelog", ("antsibull-changelog", "lint")),
        Check("importer", ("tests/tools/importer.sh",)),
    ),
    "unit": (Check("unit", ("pytest", "--numprocesses", "2", "--dist", "worksteal"), counts=True),),
    "integration": (Check("integration", ("tests/integration/database/run",), counts=True),),
    "sanity": (Check("sanity", ("tests/tools/sanity.sh",), counts=True),),
    "molecule": (Check("molecule", ("tests/tools/molecule.sh",), counts=True, alone=True),),
}


def run(check: Check) -> Outcome:
    """Runs one check with its output on the screen."""
    started = time.monotonic()
    lines: list[str] = []

    def show(text: str) -> None:
        if check.alone:
            sys.stdout.write(text)
            sys.stdout.flush()

    title = f"\n=== {check.name}: {' '.join(check.command)}\n"
    show(title)
    with subprocess.Popen(  # noqa: S603
        check.command,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            show(line)
            lines.append(line)
    if not check.alone:
        with SCREEN:
            sys.stdout.write(title + "".join(lines))
            sys.stdout.flush()
    good = process.returncode == 0
    passed, failed = count(lines) if check.counts else (int(good), int(not good))
    failures = tuple(line.rstrip() for line in lines if line.startswith("FAILED "))
    # One that fails without a failed test has failed as a whole.
    return Outcome(check, good, time.monotonic() - started, passed, failed or int(not good), failures)


def run_all(checks: Sequence[Check]) -> list[Outcome]:
    """In their order; neighbours that need not run alone go side by side."""
    outcomes: list[Outcome] = []
    for alone, group in groupby(checks, lambda check: check.alone):
        with ThreadPoolExecutor(max_workers=1 if alone else SIDE_BY_SIDE) as pool:
            outcomes += pool.map(run, group)
    return outcomes


def count(lines: Sequence[str]) -> tuple[int, int]:
    """The numbers of tests that passed and failed, by the last line that tells any."""
    for line in reversed(lines):
        numbers = [(int(number), kind) for number, kind in NUMBERS.findall(line)]
        if numbers:
            passed = sum(number for number, kind in numbers if kind == "passed")
            return passed, sum(number for number, _ in numbers) - passed
    return 0, 0


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        sys.stderr.write(f"usage: check.py {'|'.join(GROUPS)} ...; unknown: {', '.join(unknown) or 'nothing named'}\n")
        return 2
    started = time.monotonic()
    outcomes = run_all(sorted((check for name in names for check in GROUPS[name]), key=lambda check: check.alone))
    sys.stdout.write("\n")
    for outcome in outcomes:
        verdict = "passed" if outcome.good else "FAILED"
        sys.stdout.write(f"{outcome.check.name:<14} {verdict:<8} {outcome.passed:>5} tests {outcome.seconds:8.1f} s\n")
    # Once more, since they are far up by now.
    for line in (line for outcome in outcomes for line in outcome.failures[:SHOWN_FAILURES]):
        sys.stdout.write(f"{line}\n")
    seconds = time.monotonic() - started
    passed, failed = (sum(getattr(outcome, kind) for outcome in outcomes) for kind in ("passed", "failed"))
    sys.stdout.write(f"{passed} passed, {failed} failed in {seconds:.0f} s\n")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
