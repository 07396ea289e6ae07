# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about all runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.figures import median
from benchmark.plan import ENGINES, LIMIT_SECONDS, METHODS, PEERS, Task, too_long
from benchmark.results import Run, matching

TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
BUSY = 0.1
"""From where on a page says that the machine had other work."""
WORDS = {"first_write": "first write"}
HEAD = """\
# How long the databases' part of a window takes

`make bench` wrote this page from [benchmarks.json](benchmarks.json), which has the raw runs. How it measures is in
[tests/bench](../tests/bench/README.md). The window is the time from the last write on the old server to the first one
on the new server; what a client needs to stop and to start is not in it. Both servers are on one machine, so no
network is.

| method | what happens in the window |
|---|---|
| `guide` | dump to a file, restore from it, with the stock clients (`pg_dump`, `psql`; `mysqldump`, `mysql`) |
| `bulk` | `database_copy` |
| `live` | `database_cut`, after `database_replica` has seeded while the client writes 200 transactions a second |
| `peer` | the best tool that Debian packages: pgcopydb; mydumper and myloader |
"""


def document(machine: dict[str, Any], runs: Sequence[Run], plot: str) -> str:
    parts = [HEAD, *_machine(machine, runs), "", f"![Window by size of the data]({plot})"]
    for engine in ENGINES:
        of_engine = [run for run in runs if run["engine"] == engine]
        if of_engine:
            parts += ["", f"## {TITLES[engine]}", *_windows(engine, of_engine), *_parts(of_engine), *_seeds(of_engine)]
    return "\n".join(parts) + "\n"


def _machine(machine: dict[str, Any], runs: Sequence[Run]) -> list[str]:
    servers = [
        f"{TITLES[engine]} {release}"
        for engine in ENGINES
        for release in sorted({run["releases"]["server"] for run in runs if run["engine"] == engine})
    ]
    busy = [run["busy_before"] for run in runs]
    beside = [
        "",
        f"The processors were {min(busy):.0%} to {max(busy):.0%} busy with other work before the runs, so seconds and "
        "latencies are too high here, and ratios are off as far as methods did not meet the same.",
    ]
    return [
        "",
        f"Machine: {machine['processors']} processors ({machine['processor']}), {machine['memory_gib']} GiB of memory, "
        f"disk: {machine['disk']}, Linux {machine['kernel']}. Servers: {', '.join(servers)}, the same release on both "
        "sides, stock settings but for what has databases follow, TLS.",
        *(beside if max(busy) > BUSY else []),
    ]


def _cells(runs: Sequence[Run]) -> list[tuple[float, str, list[Run]]]:
    """Size, method and runs."""
    found = []
    for size in sorted({run["size"] for run in runs}):
        for method in METHODS:
            group = [run for run in runs if matching(run, None, size, method)]
            if group:
                found.append((size, method, group))
    return found


def _windows(engine: str, runs: Sequence[Run]) -> list[str]:
    lines = [
        "",
        "Median of the runs, with the shortest and the longest. Memory is the most that the method's processes had "
        "resident at one time: summed, and with what several processes share counted once.",
        "",
        "| GB on disk | method | runs | window, s | of `guide` | memory, MB | shared once |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, method, group in _cells(runs):
        name = f"`{method}` ({PEERS[engine]})" if method == "peer" else f"`{method}`"
        size_on_disk = f"{median([run['bytes'] for run in group]) / 1e9:.2f}"
        measured = [run for run in group if "window" in run]
        if not measured:
            stopped = f"not done after {group[0]['stopped_after']:.0f} s, stopped"
            lines.append(f"| {size_on_disk} | {name} | {len(group)} | {stopped} | | | |")
            continue
        windows = [run["window"] for run in measured]
        spread = f" ({_seconds(min(windows))} to {_seconds(max(windows))})" if len(windows) > 1 else ""
        memory = [max(run["memory"][how] for run in measured) / 1e6 for how in ("summed", "divided")]
        cells = [size_on_disk, name, str(len(windows)), _seconds(median(windows)) + spread]
        lines.append(f"| {' | '.join(cells)} | {ratio(runs, size, method)} | {memory[0]:.0f} | {memory[1]:.0f} |")
    without = [size for size in sorted({run["size"] for run in runs}) if too_long(Task(engine, size, "guide", 1), runs)]
    if without:
        named = ", ".join(f"{size:g} GB" for size in without)
        lines += ["", f"`guide` was left out at {named}, where it would take over {LIMIT_SECONDS / 60:.0f} minutes."]
    return lines


def ratio(runs: Sequence[Run], size: float, method: str) -> str:
    """Of the guide's way at the same size. Empty where that has no figure."""
    of_guide = [run["window"] for run in runs if matching(run, None, size, "guide") and "window" in run]
    of_method = [run["window"] for run in runs if matching(run, None, size, method) and "window" in run]
    if not of_guide or not of_method:
        return ""
    return f"{median(of_method) / median(of_guide):.2g}" if method != "guide" else "1"


def points(runs: Sequence[Run], engine: str, method: str) -> list[tuple[float, float]]:
    """Gigabytes and seconds, medians, of what has been measured."""
    found = []
    for size in sorted({run["size"] for run in runs}):
        group = [run for run in runs if matching(run, engine, size, method) and "window" in run]
        if group:
            found.append((median([run["bytes"] for run in group]) / 1e9, median([run["window"] for run in group])))
    return found


def _parts(runs: Sequence[Run]) -> list[str]:
    lines = ["", "Where the window goes, in seconds:", ""]
    for size, method, group in _cells(runs):
        measured = [run["parts"] for run in group if "parts" in run]
        if measured:
            # The order in which they come.
            names = list(measured[0])
            told = [
                f"{WORDS.get(name, name)} {_seconds(median([parts[name] for parts in measured]))}" for name in names
            ]
            lines.append(f"- {size:g} GB, `{method}`: {', '.join(told)}")
    return lines


def _seeds(runs: Sequence[Run]) -> list[str]:
    live = [run for run in runs if run["method"] == "live" and "window" in run]
    if not live:
        return []
    lines = [
        "",
        "What a client feels before `live` seeds and then: milliseconds for two transactions, from when they are due.",
        "",
        "| GB on disk | seed, s | level after, s | median before | then | p99 before | then | worst before | then |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for size in sorted({run["size"] for run in live}):
        group = [run for run in live if run["size"] == size]
        cells = [f"{median([run['bytes'] for run in group]) / 1e9:.2f}"]
        cells += [f"{median([run[name] for run in group]):.1f}" for name in ("seed", "catch_up")]
        for name in ("median", "p99", "worst"):
            for when in ("before", "during"):
                cells.append(f"{median([run['latency'][when][name] for run in group]) * 1000:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
