# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a cut waits, and what it says when it gives up. Private; may change at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children
from ansible_collections.waba.migration.plugins.module_utils._cut_begin import await_begin
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest

FIRST_PAUSE = 0.001
LONGEST_PAUSE = 0.01
# The end is renaming and nothing that takes time; a server that does not answer is not waited for.
END_SECONDS = 20.0
OLD_ALIVE = "Nothing was changed that the old client could notice: start it again."
BOTH_ALIVE = f"{OLD_ALIVE} The databases on the new server keep their hidden names and go on following."


def no_answer(server: Server, seconds: float) -> str:
    return f"{server} did not answer within {seconds:g} s."


class Limit:
    """Ends what is going on when the time is over, whatever it is waiting for."""

    def __init__(self, children: Children, seconds: float, reason: str) -> None:
        self._timer = threading.Timer(seconds, lambda: children.stop(DatabaseError(reason)))
        self._timer.daemon = True

    def __enter__(self) -> Limit:
        self._timer.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._timer.cancel()
        self._timer.join()


def wait_until_idle(request: CutRequest, busy: Callable[[], str]) -> None:
    """Wait for the word, and for the sessions of a client that has just been stopped to go."""
    deadline = time.monotonic() + request.idle_timeout
    if request.begin_path:
        await_begin(request.begin_path, deadline, request.idle_timeout)
    while True:
        found = busy()
        if not found:
            return
        if time.monotonic() > deadline:
            raise DatabaseError(
                f"Databases on {request.source} are still in use after {request.idle_timeout:g} s ({found})."
            )
        time.sleep(LONGEST_PAUSE)
