# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about all windows."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmark.document import TITLES

SHORTEST = 0.1
"""Tasks that take less are told together."""

ABOUT = """\
`make bench-window` wrote this page. A client of the lab moves in live mode, with the real playbook, while {rate:g}
messages a second go in each direction. The window is the time in which the WhatsApp network saw nobody connected.
Beside it the least that any window takes: the same client's containers stopped and started by hand (`docker stop`,
`docker start`), on databases that are there. In each run every message arrived once.
"""

Json = dict[str, Any]


def document(machine: Json, rate: float, runs: Sequence[Json]) -> str:
    loads = [run["load"] for run in runs]
    engines = [engine for engine in TITLES if any(run["engine"] == engine for run in runs)]
    lines = [
        "# How long a whole window takes",
        "",
        *ABOUT.format(rate=rate).splitlines(),
        "",
        f"Machine: {machine['processors']} processors ({machine['processor']}), {machine['memory_gib']} GiB of memory, "
        f"disk: {machine['disk']}, Linux {machine['kernel']}. All hosts of the lab, the traffic and Ansible share it. "
        f"Load before the moves, with the traffic: {min(loads):.1f} to {max(loads):.1f}.",
        "",
        "| databases | runs | window, s | by hand, s | beyond it, s | cut, s | drain | compare | show |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(engine, [run for run in runs if run["engine"] == engine]) for engine in engines]
    for engine in engines:
        lines += _tasks(engine, [run for run in runs if run["engine"] == engine])
    return "\n".join(lines) + "\n"


def _row(engine: str, runs: Sequence[Json]) -> str:
    windows = [run["window"] for run in runs]
    by_hand = [seconds for run in runs for seconds in run["by_hand"]]
    parts = [median(run["cut"]["parts"].get(name, 0.0) for run in runs) for name in ("drain", "compare", "show")]
    cells = [
        TITLES[engine],
        str(len(runs)),
        _spread(windows),
        _spread(by_hand),
        f"{median(windows) - median(by_hand):.1f}",
        f"{median(float(run['cut']['seconds']) for run in runs):.2f}",
        *(f"{seconds:.2f}" for seconds in parts),
    ]
    return f"| {' | '.join(cells)} |"


def _spread(values: Sequence[float]) -> str:
    told = f"{median(values):.1f}"
    return f"{told} ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else told


def _tasks(engine: str, runs: Sequence[Json]) -> list[str]:
    """Of the run whose window is the median one."""
    run = sorted(runs, key=lambda each: each["window"])[(len(runs) - 1) // 2]
    short = [seconds for _name, seconds in run["tasks"] if seconds < SHORTEST]
    return [
        "",
        f"## Where {run['window']:.1f} s go with {TITLES[engine]}",
        "",
        "Tasks as the playbook names them, each until the next one begins.",
        "",
        "| task | s |",
        "|---|---|",
        *(f"| {name} | {seconds:.2f} |" for name, seconds in run["tasks"] if seconds >= SHORTEST),
        f"| {len(short)} more, of less than {SHORTEST:g} s each | {sum(short):.2f} |",
    ]
