# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One opened lab: its names, its memory, its keys and its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labctl import certificates, secrets, state
from labctl.certificates import Keys
from labctl.errors import LabError
from labctl.files import make_private_directory
from labctl.layout import DatabaseEngine, Lab, Topology
from labctl.state import State


@dataclass
class Session:
    """What a command works with."""

    lab: Lab
    state: State
    keys: Keys
    secrets: dict[str, str]

    def save(self) -> None:
        state.save(_state_path(self.lab), self.state)


def _state_path(lab: Lab) -> Path:
    return lab.directory / "state.json"


def create(lab: Lab) -> Session:
    """Opens a lab, with key material and secrets made where there are none. The base image must be there."""
    make_private_directory(lab.directory)
    keys = certificates.ensure_keys(lab.directory / "keys")
    return Session(lab, state.load(_state_path(lab)), keys, secrets.load_or_create(lab.directory / "secrets.json"))


def exists(lab: Lab) -> bool:
    """Whether `up` has made the lab."""
    return _state_path(lab).exists()


def forget(lab: Lab) -> None:
    """Lets `up` start from nothing, with the same keys and secrets."""
    _state_path(lab).unlink(missing_ok=True)


def existing(lab: Lab) -> Session:
    """Opens a lab that `up` has made."""
    if not exists(lab):
        raise LabError(f"Opening the lab {lab.name}", f"there is no {_state_path(lab)}", "Run `lab up` first.")
    return create(lab)


def remembered_engine(lab: Lab) -> DatabaseEngine:
    """What the database servers run, or would in a lab that is still to be made."""
    return state.load(_state_path(lab)).database_engine


def remembered_topology(session: Session, kind: str | None, shards: int | None) -> Topology:
    """The topology that was asked for, or the one that the lab has."""
    known = session.state.built
    chosen = Topology(
        kind or known.kind, shards if shards is not None else known.shards if kind in (None, known.kind) else 1
    )
    if chosen.kind == "single" and chosen.shards != 1:
        raise LabError("Choosing the topology", "a single client has one shard", "Add --topology multiconnect.")
    return chosen
