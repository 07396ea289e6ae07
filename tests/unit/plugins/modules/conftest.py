# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the modules share."""

from __future__ import annotations

from functools import partialmethod

import pytest


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a module would have waited before it asked the client again. No test waits for them."""
    from ansible_collections.waba.migration.plugins.module_utils._api import Api

    waited: list[float] = []
    monkeypatch.setattr(Api, "__init__", partialmethod(Api.__init__, sleep=waited.append))
    return waited
