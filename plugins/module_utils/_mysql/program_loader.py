# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create views, routines, triggers and events of a database whose tables are shown already. Private."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError, during
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import commands
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.programs import rewrite_definers
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace


class ProgramLoader:
    """Definitions go through files: only when a dump is known to be whole may its first one be made."""

    def __init__(self, workplace: Workplace, request: CopyRequest, plan: Plan) -> None:
        self._workplace = workplace
        self._request = request
        self._plan = plan
        self._replaced = 0
        self._prepared: dict[str, list[Path]] = {}

    def prepare(self, kind: str) -> None:
        """Fetch the definitions, which takes a while."""
        if not self._plan.inventory.named(kind):
            return
        with during(self._copying(kind)):
            scripts = self._views() if kind == "view" else [self._script(kind, self._programs(kind))]
            self._check_definers(kind)
        self._prepared[kind] = scripts

    def create(self, kind: str) -> None:
        if kind not in self._prepared:
            self.prepare(kind)
        with during(self._copying(kind)):
            self._run_in_some_order(self._prepared.get(kind, []))

    def _programs(self, kind: str) -> list[str]:
        tables = {program.table for program in self._plan.inventory.programs if program.kind == kind and program.table}
        # One table stands for the database where the table does not matter.
        named = sorted(tables) or [table.name for table in self._plan.tables[:1]]
        options = self._workplace.options(SOURCE)
        return commands.dump_programs(self._workplace.tools, options, self._plan.database, kind, named)

    def _views(self) -> list[Path]:
        """Each by itself: a dump of all has them by name, and one that checks what it lets in needs its base before."""
        options, tools = self._workplace.options(SOURCE), self._workplace.tools
        return [
            self._script(f"view{number}", commands.dump_view(tools, options, self._plan.database, view))
            for number, view in enumerate(self._plan.inventory.named("view"))
        ]

    def _run_in_some_order(self, scripts: Sequence[Path]) -> None:
        """What needs another one that is not there yet is tried again after it."""
        load = commands.load(self._workplace.tools, self._workplace.options(TARGET), self._plan.database)
        waiting = list(scripts)
        while waiting:
            failed: list[Path] = []
            for script in waiting:
                try:
                    with script.open("rb") as file:
                        self._workplace.children.run(load, stdin=file)
                except ToolError:
                    if len(failed) == len(waiting) - 1:
                        raise
                    failed.append(script)
            waiting = failed

    def _script(self, name: str, dump: Sequence[str]) -> Path:
        """Dump into a file, and give the owner what belongs to an account that the target does not have."""
        dumped = self._workplace.directory / f"{self._plan.facts['number']}.{name}.dump"
        script = dumped.with_suffix(".sql")
        with dumped.open("wb") as file:
            self._workplace.children.run(dump, stdout=file)
        last = b""
        with dumped.open("rb") as source, script.open("wb") as target:
            for line in rewrite_definers(source, self._plan.accounts, self._request.owner, self._count):
                target.write(line)
                last = line if line.strip() else last
        if not last.startswith(commands.COMPLETE):
            raise ToolError("the dump is not complete")
        return script

    def _count(self) -> None:
        self._replaced += 1

    def _check_definers(self, kind: str) -> None:
        expected = sum(program.kind == kind for program in self._plan.replaced_definers)
        if self._replaced != expected:
            raise DatabaseError(
                f"{self._copying(kind)} failed: {expected} of them have a definer that the target does not know, but "
                f"{self._replaced} lines of their dump name one."
            )
        self._replaced = 0

    def _copying(self, kind: str) -> str:
        where = f"from {self._request.source} to {self._request.target}"
        return f"Copying {kind}s of the database {self._plan.database} {where}"
