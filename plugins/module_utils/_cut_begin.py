# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The word that a cut waits for while the old client is being stopped. Private; may change at any time."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError

PAUSE = 0.01
WAITING = "waiting"
ENDED = "ended"


def ready_path(begin_path: str) -> Path:
    begin = Path(begin_path)
    return begin.with_name(f"{begin.name}.ready")


def await_begin(begin_path: str, deadline: float, seconds: float) -> None:
    """Say that everything is ready, and wait for the word. Without their directory nobody can give it any more."""
    begin = Path(begin_path)
    try:
        ready_path(begin_path).write_text(WAITING, encoding="ascii")
    except OSError as error:
        raise DatabaseError(f"{ready_path(begin_path)} cannot be made: {error.strerror}.") from error
    while not begin.exists():
        if not begin.parent.is_dir():
            raise DatabaseError(f"This was called off: {begin.parent} has been removed.")
        if time.monotonic() > deadline:
            raise DatabaseError(f"{begin} has not appeared within {seconds:g} s.")
        time.sleep(PAUSE)


def note_end(begin_path: str) -> None:
    """Whoever waits for it to be ready need not wait any longer."""
    with suppress(OSError):
        ready_path(begin_path).write_text(ENDED, encoding="ascii")
