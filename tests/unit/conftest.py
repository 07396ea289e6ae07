# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every unit test of the collection may use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

RunModule = Callable[..., dict[str, Any]]


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> RunModule:
    """Runs a module's main() with the given arguments and returns the result that Ansible would get.

    ``run_module(login.main, {"api_password": "x"}, check_mode=True, diff=True)``. A failure comes back as any other
    result, with ``failed`` set: tests assert on it.
    """

    def run(
        main: Callable[[], None], arguments: Mapping[str, Any], *, check_mode: bool = False, diff: bool = False
    ) -> dict[str, Any]:
        given = {**arguments, "_ansible_check_mode": check_mode, "_ansible_diff": diff}
        capsys.readouterr()
        with patch_module_args(given), pytest.raises(SystemExit) as exit_info:
            main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        result.setdefault("failed", exit_info.value.code != 0)
        return result

    return run
