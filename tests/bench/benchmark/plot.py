# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the window against the size of the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter

from benchmark.document import TITLES, points
from benchmark.plan import ENGINES, METHODS
from benchmark.results import Run

COLOURS = {"guide": "#b2182b", "bulk": "#2166ac", "live": "#1b7837", "peer": "#878787"}


def draw(runs: Sequence[Run], path: Path) -> None:
    """The same runs make the same file."""
    engines = [engine for engine in ENGINES if any(run["engine"] == engine for run in runs)]
    with mpl.rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(3.4 * len(engines) + 0.6, 3.4), layout="constrained")
        axes: Any = figure.subplots(1, len(engines), sharey=True, squeeze=False)[0]
        lines: dict[str, Any] = {}
        for axis, engine in zip(axes, engines, strict=True):
            for method in METHODS:
                found = points(runs, engine, method)
                if found:
                    lines[method] = axis.plot(*zip(*found, strict=True), marker="o", color=COLOURS[method])[0]
            axis.set_title(TITLES[engine])
            axis.set_xlabel("GB on disk")
            axis.set_xlim(left=0)
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axis.grid(visible=True, which="major", alpha=0.3)
        axes[0].set_ylabel("window, s")
        figure.legend(lines.values(), lines.keys(), loc="outside right upper")
        figure.savefig(path, format="svg", metadata={"Date": None})
