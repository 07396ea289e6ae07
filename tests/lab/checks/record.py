# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the evidence is kept between the steps of a test: beside the lab's state, for the user's eyes only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from labctl.errors import LabError
from labctl.files import make_private_directory, write_private
from labctl.layout import Lab


def directory(lab: Lab, *parts: str) -> Path:
    """A private place, made when it is not there."""
    place = make_private_directory(lab.directory / "checks")
    for part in parts:
        place = make_private_directory(place / part)
    return place


def forget(lab: Lab) -> None:
    """Nothing of an earlier test is taken for evidence of this one."""
    shutil.rmtree(lab.directory / "checks", ignore_errors=True)


def path(lab: Lab, name: str) -> Path:
    return directory(lab) / f"{name}.json"


def save(lab: Lab, name: str, document: dict[str, Any]) -> None:
    write_private(path(lab, name), json.dumps(document, indent=1) + "\n")


def load(lab: Lab, name: str) -> dict[str, Any]:
    place = path(lab, name)
    if not place.exists():
        raise LabError(
            f"Reading the evidence {name}", f"there is no {place}", f"Run the step first that takes it: {name}."
        )
    document: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return document
