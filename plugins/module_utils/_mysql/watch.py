# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notice a server that does not answer any more. Private to this collection; may change at any time.

The tools know no limit for a link that is cut without a word, and would wait for as long as the kernel does.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, StoppedError
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server

INTERVAL = 10.0
PATIENCE = 30.0


class Watch:
    """Connects to each server now and then, and ends all processes of the copy when one stays silent."""

    def __init__(self, children: Children, pings: Mapping[Server, Sequence[str]]) -> None:
        self._children = children
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_asking, args=[server, argv], daemon=True)
            for server, argv in pings.items()
        ]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def _keep_asking(self, server: Server, argv: Sequence[str]) -> None:
        while not self._closed.wait(INTERVAL):
            try:
                if not self._answers(argv):
                    silent = f"The database server {server} has not answered for {PATIENCE:g} seconds."
                    self._children.stop(DatabaseError(silent))
                    return
            except StoppedError:
                return

    def _answers(self, argv: Sequence[str]) -> bool:
        """Whether it says anything. A refusal is an answer too, which the copy itself has got as well."""
        child = self._children.start(argv)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                child.process.wait(min(PATIENCE, 0.2))
            except subprocess.TimeoutExpired:
                if self._closed.is_set():
                    break
            else:
                break
        silent = child.process.poll() is None and not self._closed.is_set()
        child.process.kill()
        self._children.finish(child)
        return not silent
