# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers of itself between two commands."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labctl.errors import LabError
from labctl.files import make_private_directory, write_private
from labctl.layout import ENGINES, POSTGRESQL, DatabaseEngine, Lab, Topology


@dataclass
class State:
    """Ports, topology and what has been set up."""

    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    privileged: bool | None = None
    topology: dict[str, Any] = field(default_factory=lambda: asdict(Topology()))
    engine: str = POSTGRESQL.name
    """What db-old and db-new run."""
    messages: int = 0
    cut: list[str] = field(default_factory=list)
    """Hosts whose link has been cut or slowed."""
    pristine: dict[str, Any] = field(default_factory=dict)
    """By number: what the lab must know to bring its old side back as it was set up."""

    def port(self, host: str, inside: int) -> int:
        return self.ports[host][str(inside)]

    @property
    def database_engine(self) -> DatabaseEngine:
        return ENGINES[self.engine]

    @property
    def built(self) -> Topology:
        return Topology(**self.topology)


def load(path: Path) -> State:
    return State(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else State()


def save(path: Path, state: State) -> None:
    write_private(path, json.dumps(asdict(state), indent=2) + "\n")


@contextmanager
def locked(lab: Lab) -> Iterator[None]:
    """One command at a time changes a lab."""
    path = make_private_directory(lab.directory) / "lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise LabError(
                f"Taking the lock of the lab {lab.name}",
                f"another lab command is at work, process {file.read().strip()}",
                "Wait until it has ended.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def run_directory(inventory: Path) -> Path:
    """Where a migration with this inventory keeps its journal and its report."""
    return inventory.with_name(f"{inventory.name}.run")


def forget(lab: Lab) -> None:
    """Removes what the lab keeps on this machine, its lock excepted, which its owner still holds."""
    for path in sorted(lab.directory.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        elif path.name != "lock":
            path.unlink()
    for directory in lab.inventories.values():
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(run_directory(directory), ignore_errors=True)
