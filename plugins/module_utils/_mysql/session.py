# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mysql that stays open, driven statement by statement. Private; may change at any time."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, ToolError
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import literal, unescape


class Session:
    """One connection. A statement is sent, and its rows come back, followed by a line that ends them."""

    def __init__(self, children: Children, mysql: str, options: str, database: str | None = None) -> None:
        self._children = children
        self._lock = threading.Lock()
        self._end = f"end {secrets.token_hex(8)}"
        argv = [*client_arguments(mysql, options), *([f"--database={database}"] if database else [])]
        self._child = children.start(argv, subprocess.PIPE, subprocess.PIPE)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def rows(self, statement: str) -> list[list[str]]:
        """Run a statement and return its rows as text. NULL is indistinguishable from its name."""
        with self._lock:
            self._send(f"{statement};\nSELECT {literal(self._end)};\n")
            found: list[list[str]] = []
            while True:
                line = self._child.process.stdout.readline().decode("utf-8", "replace")
                if not line.endswith("\n"):
                    self._children.finish(self._child)
                    raise ToolError(self._child.failure() or f"{self._child.name} ended before it answered")
                if line[:-1] == self._end:
                    return found
                found.append([unescape(field) for field in line[:-1].split("\t")])

    def documents(self, statement: str) -> list[dict[str, Any]]:
        """Run a statement whose rows are one JSON object each, see json_rows()."""
        return [json.loads(row[0]) for row in self.rows(statement)]

    def document(self, statement: str) -> dict[str, Any]:
        return self.documents(statement)[0]

    def execute(self, *statements: str) -> None:
        """Run statements that give no row, and wait for the last one's end."""
        for statement in statements:
            self.rows(statement)

    def close(self) -> None:
        with self._lock:
            process = self._child.process
            if process.stdin.closed:
                return
            # What has not been sent any more does not matter to a process that is gone.
            with suppress(BrokenPipeError):
                process.stdin.close()
            self._children.finish(self._child)
            process.stdout.close()

    def _send(self, text: str) -> None:
        # A process that has ended gives no answer either, and then the caller asks it why.
        with suppress(BrokenPipeError):
            self._child.process.stdin.write(text.encode("utf-8"))
            self._child.process.stdin.flush()


def client_arguments(mysql: str, options: str) -> Sequence[str]:
    return [mysql, options, "--batch", "--unbuffered", "--skip-column-names"]
