# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a copy, the same for every engine: all databases or none. Private; may change at any time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import definition_changes, summarise
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._copy_target import describe_sessions
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
)

# Each database in work has an open session or two and one pipe; more would only wait for each other.
DATABASES_AT_ONCE = 8

Plan = TypeVar("Plan")


class CopyRun(ABC, Generic[Plan]):
    """Plan, copy each database under a hidden name, show them together; or leave nothing."""

    def __init__(self, request: CopyRequest, progress: Progress) -> None:
        self._request = request
        self._progress = progress
        self._created: list[str] = []
        self._replaced: list[str] = []
        # By database, the definitions of its relations that the plan was made from.
        self._defined: dict[str, Mapping[str, str]] = {}

    @abstractmethod
    def plan(self) -> list[Plan]:
        """Look at both servers and refuse what cannot be done. Nothing is written."""

    @abstractmethod
    def _children(self) -> Children: ...

    @abstractmethod
    def _make_room(self) -> None:
        """Drop what is in the way and is ours."""

    @abstractmethod
    def _copy_database(self, plan: Plan) -> DatabaseResult:
        """Fill a hidden database and compare it. Its name goes to C(_created) before it is made."""

    @abstractmethod
    def _definitions(self, database: str) -> Mapping[str, str]:
        """The definitions of the relations of a database of the source, as they are now."""

    @abstractmethod
    def _show(self, plans: list[Plan]) -> None:
        """Give all databases their names. C(_created) is empty afterwards."""

    @abstractmethod
    def _stop_everything(self) -> None:
        """End what runs, and be ready to clean up."""

    @abstractmethod
    def _drop_half_done(self) -> None:
        """Drop C(_created), as far as it is there."""

    def _more_about(self, result: CopyResult) -> CopyResult:
        """What an engine has to add to the result."""
        return result

    def copy(self) -> CopyResult:
        started = time.monotonic()
        plans = self.plan()
        try:
            self._make_room()
            steps = [partial(self._copy_database, plan) for plan in plans]
            results = in_parallel(self._children(), steps, DATABASES_AT_ONCE)
            self._check_definitions()
            self._show(plans)
        except BaseException as error:  # noqa: BLE001 - raised again when what was begun is gone
            self._give_up(error)
        order = {name: position for position, name in enumerate(self._request.databases)}
        return self._more_about(
            CopyResult(
                databases=sorted(results, key=lambda result: order[result.name]),
                seconds=time.monotonic() - started,
                replaced=self._replaced,
            )
        )

    def _check_idle(self, present: Mapping[str, Mapping[str, Any]]) -> None:
        busy = [
            f"{name}: {describe_sessions(present[name]['sessions'])}"
            for name in self._request.databases
            if present[name]["sessions"]
        ]
        if busy:
            raise DatabaseError(
                f"Databases on the source {self._request.source} are in use ({'; '.join(busy)}), so a copy might miss "
                "what is written meanwhile. Stop these clients, or set require_idle_source to false when they only "
                "read."
            )

    def _check_definitions(self) -> None:
        """What is made or altered after the plan is not copied, and the counts are those of what is."""
        names = self._request.databases
        found = in_parallel(self._children(), [partial(self._definitions, name) for name in names], DATABASES_AT_ONCE)
        changes = [
            f"{name}: {change}"
            for name, definitions in zip(names, found)
            for change in definition_changes(self._defined[name], definitions)
        ]
        if changes:
            raise DatabaseError(
                f"The source {self._request.source} has been altered while it was copied ({summarise(changes)}). Find "
                "out who does that and stop it, then run again."
            )

    def _refuse(self, refused: Sequence[str]) -> None:
        if refused:
            raise DatabaseError(
                f"On the target {self._request.target} databases are in the way: {'; '.join(refused)}. Nothing was "
                "changed. Look at them and drop or rename them, or set replace_marker if copies with that marker may "
                "be replaced."
            )

    def _give_up(self, error: BaseException) -> None:
        """End everything, remove what was begun, and raise the error with what remains to be known."""
        # What somebody else ended the processes for says more than how they ended.
        error = self._children().cause or error
        self._stop_everything()
        if not self._created:
            raise error
        names = ", ".join(self._created)
        try:
            self._drop_half_done()
            outcome = f"The half-done databases ({names}) were dropped."
        except DatabaseError as trouble:
            outcome = (
                f"The half-done databases ({names}) could not be dropped from {self._request.target} ({trouble}). A "
                "second run with the same marker drops them first."
            )
        if isinstance(error, DatabaseError):
            raise DatabaseError(f"{error} {outcome}") from error
        raise error
