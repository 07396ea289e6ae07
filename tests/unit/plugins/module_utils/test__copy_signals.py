# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal becomes an error once."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError


def be_ended(number: signal.Signals, survived: list[bool]) -> None:
    with ended_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            # What cleans up meets no second error.
            os.kill(os.getpid(), number)
            survived.append(True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    survived: list[bool] = []
    with pytest.raises(DatabaseError, match=f"The module was ended by {number.name}"):
        be_ended(number, survived)
    assert survived == [True]
    assert signal.getsignal(number) == before
