# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw runs, in one file that is complete after each run, so that a benchmark that was stopped goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Run = dict[str, Any]
FORMAT = 1


class ResultsError(Exception):
    """The file is not one that runs of today may be added to."""


def matching(run: Run, engine: str | None, size: float | None, method: str | None) -> bool:
    wanted = {"engine": engine, "size": size, "method": method}
    return all(value is None or run[name] == value for name, value in wanted.items())


class Results:
    """The file."""

    def __init__(self, path: Path, machine: dict[str, Any]) -> None:
        self._path = path
        self.machine = machine
        self.runs: list[Run] = []
        if path.exists():
            self._load()

    def add(self, run: Run) -> None:
        self.runs.append(run)
        self._save()

    def forget(self, engine: str, size: float, methods: list[str]) -> None:
        """What is measured again."""
        self.runs = [run for run in self.runs if not (matching(run, engine, size, None) and run["method"] in methods)]

    def _load(self) -> None:
        content = json.loads(self._path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["machine"] != self.machine:
            raise ResultsError(
                f"{self._path.name} has runs of another machine, or of this one before something about it changed "
                f"({content['machine']}, now {self.machine}). Figures of two machines do not belong into one table: "
                "move the file away, or name another place with RESULTS=."
            )
        self.runs = content["runs"]

    def _save(self) -> None:
        content = {"format": FORMAT, "machine": self.machine, "runs": self.runs}
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        new.replace(self._path)
