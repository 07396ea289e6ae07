# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several commands by one shell."""

from __future__ import annotations

from collections.abc import Sequence

from labctl import batch, process
from labctl.process import Result


def shell(commands: Sequence[Sequence[str]]) -> Result:
    return process.run(batch.SHELL, 30, batch.script(commands))


def test_each_output_comes_back_in_its_place() -> None:
    commands = [("printf", f"it's {number}\\0\\377") for number in range(12)]
    assert batch.outputs(shell(commands).output) == [b"it's %d\0\377" % number for number in range(12)]


def test_command_has_no_script_to_read() -> None:
    assert batch.outputs(shell([("cat",), ("echo", "on")]).output) == [b"", b"on\n"]


def test_the_first_failure_ends_it() -> None:
    result = shell([("ls", "/not/there"), ("echo", "on")])
    assert result.code != 0
    assert b"/not/there" in result.errors
    assert result.output == b""
