# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that shows how far a copy has come. Private to this collection; may change at any time."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Progress:
    """Counts what is done and writes it down about once a second. Safe to call from several threads."""

    INTERVAL = 1.0

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._writer: threading.Thread | None = None
        self._measure: Callable[[], int | None] | None = None
        self._started = time.time()
        self._phase = "planning"
        self._totals = {"databases": 0, "tables": 0, "rows": 0, "bytes": 0}
        self._done: dict[str, int] = {"databases": 0, "tables": 0, "rows": 0, "bytes": 0}
        self._current: list[str] = []

    def __enter__(self) -> Progress:
        if self._path:
            self._write(self._path)
            self._writer = threading.Thread(target=self._keep_writing, args=[self._path], daemon=True)
            self._writer.start()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._closed.set()
        if self._path and self._writer:
            self._writer.join()
            self._phase = "failed" if error else "done"
            self._current = []
            self._write(self._path)

    def measure_bytes_with(self, measure: Callable[[], int | None]) -> None:
        """Have the bytes done asked for each time they are written down; None keeps the last figure."""
        self._measure = measure

    def phase(self, name: str) -> None:
        with self._lock:
            self._phase = name

    def expect(self, **totals: int) -> None:
        with self._lock:
            for name, value in totals.items():
                self._totals[name] += value

    def advance(self, **done: int) -> None:
        with self._lock:
            for name, value in done.items():
                self._done[name] += value

    def begin(self, database: str) -> None:
        with self._lock:
            self._current.append(database)

    def end(self, database: str) -> None:
        with self._lock:
            self._current.remove(database)
            self._done["databases"] += 1

    def document(self) -> dict[str, Any]:
        with self._lock:
            now = time.time()
            counters = {name: {"done": self._done[name], "total": total} for name, total in self._totals.items()}
            return {
                "format": 1,
                "phase": self._phase,
                "started": round(self._started, 3),
                "updated": round(now, 3),
                "seconds": round(now - self._started, 3),
                "current": list(self._current),
                **counters,
            }

    def _keep_writing(self, path: Path) -> None:
        while not self._closed.wait(self.INTERVAL):
            measured = self._measure() if self._measure else None
            if measured is not None:
                with self._lock:
                    self._done["bytes"] = measured
            self._write(path)

    def _write(self, path: Path) -> None:
        # Not synchronised to disk: who reads this file wants the moment, and after a power cut it means nothing.
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(self.document()), encoding="utf-8")
        temporary.replace(path)
