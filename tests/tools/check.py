# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the named groups of checks, all of them even if one fails, and sums up: `check.py lint unit`.

The exit status is 0 only if every check passed. Each check's own tests are counted where its tool tells their number.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON_CODE = ("plugins", "tests/lab/labctl", "tests/lab/standin", "tests/tools", "tests/unit")
PYTEST = r"(?P<count>\d+) {}\b"


@dataclass(frozen=True)
class Check:
    """A command, and how its output tells the number of tests that passed and failed."""

    name: str
    command: tuple[str, ...]
    passed: str | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    check: Check
    good: bool
    seconds: float
    passed: int
    failed: int


def pytest(name: str, *arguments: str) -> Check:
    return Check(name, ("pytest", *arguments), PYTEST.format("passed"), PYTEST.format("(?:failed|errors?)"))


GROUPS: dict[str, tuple[Check, ...]] = {
    "lint": (
        Check("ruff", ("ruff", "check", "--quiet")),
        Check("format", ("ruff", "format", "--check", "--quiet")),
        Check("mypy", ("mypy", *PYTHON_CODE)),
        Check("yamllint", ("yamllint", ".")),
        Check("ansible-lint", ("ansible-lint",)),
        Check("docs", ("antsibull-docs", "lint-collection-docs", "--plugin-docs", ".")),
        Check("changelog", ("antsibull-changelog", "lint")),
    ),
    "unit": (pytest("unit", "--numprocesses", "2"),),
    "integration": (
        Check("integration", ("tests/integration/database/run",), PYTEST.format("passed"), PYTEST.format("failed")),
    ),
    "sanity": (Check("sanity", ("tests/tools/sanity.sh",), r"^Running sanity test ", r"^ERROR: [^ ]+:\d+:\d+:"),),
    "molecule": (Check("molecule", ("tests/tools/molecule.sh",), r"^(?P<state>\S+) .*Executed: Successful", None),),
}


def run(check: Check) -> Outcome:
    """Runs one check with its output on the screen."""
    sys.stdout.write(f"\n=== {check.name}: {' '.join(check.command)}\n")
    sys.stdout.flush()
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603
        check.command,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    good = process.returncode == 0
    passed, failed = count(lines, check.passed), count(lines, check.failed)
    # A tool that counts nothing is one test itself. One that fails without a failed test has failed as a whole.
    return Outcome(
        check,
        good,
        time.monotonic() - started,
        passed if check.passed else int(good),
        max(failed, 0 if good else 1),
    )


def count(lines: Sequence[str], pattern: str | None) -> int:
    """Adds up the numbers that the pattern finds, or the lines that it matches when it holds none."""
    if pattern is None:
        return 0
    found = [match for line in lines for match in [re.search(pattern, line)] if match]
    if any("count" in match.groupdict() for match in found):
        # Only the last summary line counts; a test's own output may look like one.
        return int(found[-1]["count"])
    return len(found)


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        sys.stderr.write(f"usage: check.py {'|'.join(GROUPS)} ...; unknown: {', '.join(unknown) or 'nothing named'}\n")
        return 2
    outcomes = [run(check) for name in names for check in GROUPS[name]]
    sys.stdout.write("\n")
    for outcome in outcomes:
        verdict = "passed" if outcome.good else "FAILED"
        sys.stdout.write(f"{outcome.check.name:<14} {verdict:<8} {outcome.passed:>5} tests {outcome.seconds:8.1f} s\n")
    seconds = sum(outcome.seconds for outcome in outcomes)
    passed, failed = (sum(getattr(outcome, kind) for outcome in outcomes) for kind in ("passed", "failed"))
    sys.stdout.write(f"{passed} passed, {failed} failed in {seconds:.0f} s\n")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
