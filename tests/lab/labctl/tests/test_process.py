# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs on this machine."""

from __future__ import annotations

import pytest

from labctl import process
from labctl.errors import LabError


def test_output_errors_and_status_come_back() -> None:
    result = process.run(["sh", "-c", "cat; echo bad >&2; exit 3"], timeout=5, stdin=b"in")
    assert (result.code, result.text, result.complaint) == (3, "in", "bad")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(LabError, match="Starting no-such-program"):
        process.run(["no-such-program"], timeout=5)


def test_a_command_that_takes_too_long_is_an_error() -> None:
    with pytest.raises(LabError, match="no answer within 0 s"):
        process.run(["sleep", "5"], timeout=0.1)


@pytest.mark.parametrize(
    ("source", "sink", "good"), [("true", "cat", True), ("false", "cat", False), ("true", "false", False)]
)
def test_a_pipe_fails_when_either_end_does(source: str, sink: str, good: bool) -> None:
    assert (process.pipe([source], [sink], timeout=5).code == 0) is good


def test_a_silent_command_costs_only_the_first_wait() -> None:
    assert not process.started_and_done(["sleep", "30"], first_line_seconds=0.1, timeout=30)


def test_a_command_that_speaks_at_once_may_take_its_time() -> None:
    assert process.started_and_done(["sh", "-c", "echo x; sleep 0.3"], first_line_seconds=5, timeout=5)
    assert not process.started_and_done(["sh", "-c", "echo x; exit 1"], first_line_seconds=5, timeout=5)
    assert not process.started_and_done(["sh", "-c", "exit 0"], first_line_seconds=5, timeout=5)
