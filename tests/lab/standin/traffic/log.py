# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""traffic.jsonl: one line for each thing that the generator did, complete at any moment."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class TrafficLog:
    """Kinds: ``attempt`` (outcome accepted, refused, in_doubt), ``inbound`` (ref, id), ``inbound_refused`` (ref,
    error), ``login``, ``token_refused``, ``start``, ``stop``."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def close(self) -> None:
        self._file.close()

    def note(self, kind: str, **more: Any) -> None:
        self._file.write(json.dumps({"time": time.time(), "kind": kind, **more}) + "\n")
        self._file.flush()


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines. The last one may be in the making."""
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines() if line]
