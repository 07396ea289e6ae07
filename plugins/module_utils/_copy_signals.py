# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn signals into an error, so that what was begun is cleaned up. Private; may change at any time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class InterruptedByUserError(DatabaseError):
    """Somebody ended the module."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise once on the first signal; further ones must not disturb the cleaning up, which is bounded in time."""

    def interrupt(number: int, frame: Any) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise InterruptedByUserError(f"The module was ended by {signal.Signals(number).name}.")

    before = {each: signal.signal(each, interrupt) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
