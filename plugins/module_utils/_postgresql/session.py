# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A psql that stays open, driven statement by statement. Private; may change at any time."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, ToolError


class Session:
    """One connection. A statement is sent, and one line of JSON comes back."""

    def __init__(self, children: Children, psql: str, address: str, encoding: str) -> None:
        self._children = children
        self._lock = threading.Lock()
        argv = [*psql_arguments(psql), "--quiet", "--dbname", address]
        # In a database without an encoding a name may be any bytes, which the server would refuse to call UTF-8.
        environment = {"PGCLIENTENCODING": "SQL_ASCII" if encoding == "SQL_ASCII" else "UTF8"}
        self._child = children.start(argv, subprocess.PIPE, subprocess.PIPE, environment)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def query(self, statement: str) -> Any:
        """Run a statement that gives one row with one JSON value."""
        return json.loads(self.line(statement))

    def line(self, statement: str) -> str:
        """Run a statement that gives one row, and return it with its columns as psql separates them."""
        with self._lock:
            self._send(statement + ";\n")
            line = self._child.process.stdout.readline()
            if not line:
                self._children.finish(self._child)
                raise ToolError(self._child.failure() or f"{self._child.name} ended before it answered")
            return str(line.decode("utf-8", "surrogateescape")).rstrip("\n")

    def execute(self, *statements: str) -> None:
        """Run statements that give no row, and wait for the last one's end."""
        self.query(";\n".join([*statements, "SELECT 1"]))

    @contextmanager
    def without_locks(self) -> Iterator[None]:
        """Give back what a transaction locks meanwhile. What it sees stays the same."""
        self.execute("SAVEPOINT unlocked")
        yield
        self.execute("ROLLBACK TO SAVEPOINT unlocked", "RELEASE SAVEPOINT unlocked")

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
            self._child.process.stdin.write(text.encode("utf-8", "surrogateescape"))
            self._child.process.stdin.flush()


def psql_arguments(psql: str) -> Sequence[str]:
    return [psql, "--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]
