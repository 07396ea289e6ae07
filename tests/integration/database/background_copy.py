# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that goes on in the background while a test disturbs it, and what is left of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult, DatabaseError

Copy = Callable[[CopyRequest], CopyResult]
Request = Callable[..., CopyRequest]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.01)


def alive_tools(directory: Path) -> list[str]:
    """Processes that were started with the private directory of a copy as their home."""
    home = re.compile(rb"HOME=%s/\S*waba-migration-" % re.escape(str(directory)).encode())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if home.search(environment):
                found.append(command.decode())
    return found


class Background:
    """A copy in a thread, and how it ended."""

    def __init__(self, copy: Copy, request: CopyRequest) -> None:
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=[copy, request])
        self._thread.start()

    def _run(self, copy: Copy, request: CopyRequest) -> None:
        try:
            copy(request)
        except DatabaseError as error:
            self.error = error

    def message(self) -> str:
        self._thread.join(60)
        assert not self._thread.is_alive(), "the copy did not end"
        assert self.error is not None, "the copy succeeded"
        return str(self.error)
