# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host gets to the rescue of a phase: what undoes the phase is done there, by each host for itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Values

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
FILES = sorted([*PLAYBOOKS.glob("*.yml"), *PLAYBOOKS.glob("phases/*.yml"), *PLAYBOOKS.glob("tasks/*.yml")])


def tasks_of(entries: list[Values], rescued: bool) -> Iterator[tuple[Values, bool]]:
    """Each task, and whether a rescue follows its failure."""
    for entry in entries:
        inside = rescued or "rescue" in entry
        for part in ("pre_tasks", "tasks", "post_tasks", "block"):
            yield from tasks_of(entry.get(part, []), inside)
        for part in ("rescue", "always"):
            yield from tasks_of(entry.get(part, []), rescued)
        if not {"tasks", "hosts"} & entry.keys():
            yield entry, inside


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PLAYBOOKS)))
def test_no_task_fails_for_all_hosts_but_one(file: Path) -> None:
    """With run_once a failure takes all hosts out of the play, and only the one that it ran on gets to the rescue.

    An include that runs once is another matter: what it includes fails on one host alone.
    """
    document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = [
        task.get("name", "a block")
        for task, rescued in tasks_of(document, rescued=file.parent.name == "tasks")
        if rescued and task.get("run_once") and not any(key.endswith(("include_role", "include_tasks")) for key in task)
    ]
    assert found == []
