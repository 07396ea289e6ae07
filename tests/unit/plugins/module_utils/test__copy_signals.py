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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    survived = False
    with pytest.raises(DatabaseError, match=f"The module was ended by {number.name}"), ended_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)
            survived = True
    assert survived
    assert signal.getsignal(number) == before
