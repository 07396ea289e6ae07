# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes end together, and the first failure is the one that is told."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Callable

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import (
    MESSAGE_LIMIT,
    Children,
    StoppedError,
    ToolError,
    during,
    in_parallel,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", "import sys, time\n" + code]


def sleep_in(children: Children) -> Callable[[], None]:
    return partial(children.run, python("time.sleep(60)"))


@pytest.fixture
def children() -> Children:
    return Children({"PATH": "/usr/bin:/bin"})


def test_output_and_environment(children: Children) -> None:
    assert children.output(python("import os; print(sorted(os.environ)[-1])")) == "PATH\n"


def test_failure_has_the_tools_message(children: Children) -> None:
    with pytest.raises(ToolError, match=r"ended with status 3: first; second"):
        children.run(python("print('first\\n\\n second', file=sys.stderr); sys.exit(3)"))


def test_message_is_bounded_and_without_the_password_file(children: Children) -> None:
    with pytest.raises(ToolError) as error:
        children.run(python("sys.exit('failed; password retrieved from file \"/x/y.pass\"\\n' + 'x' * 100000)"))
    assert len(str(error.value)) < MESSAGE_LIMIT + 100
    assert ".pass" not in str(error.value)


def test_pipe(children: Children) -> None:
    lines: list[str] = []
    writer = python("print(len(sys.stdin.read())); print('COPY 5')")
    children.pipe(python("print('x' * 200000)"), writer, on_line=lines.append)
    assert lines == ["200001", "COPY 5"]


@pytest.mark.parametrize(
    ("reader", "writer", "message"),
    [
        (
            "print('x'); sys.exit('cannot read')",
            "sys.stdin.read()",
            "^reading: python.* ended with status 1: cannot read$",
        ),
        ("time.sleep(60)", "sys.exit('disk full')", "^writing: python.* ended with status 1: disk full$"),
        (
            "sys.exit('cannot read')",
            "sys.stdin.read(); sys.exit('unexpected end')",
            "^reading: .*: cannot read; writing: .*: unexpected end$",
        ),
    ],
)
def test_broken_pipe(children: Children, reader: str, writer: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(ToolError, match=message):
        children.pipe(python(reader), python(writer))
    assert time.monotonic() - started < 10


def test_nothing_is_started_after_the_end(children: Children) -> None:
    children.stop()
    with pytest.raises(StoppedError):
        children.run(python(""))


def test_what_does_not_listen_is_killed(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.waba.migration.plugins.module_utils._copy_processes.GRACE_SECONDS", 0.2)
    child = children.start(python("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"))
    time.sleep(0.3)
    children.stop()
    assert children.finish(child) < 0


def test_in_parallel_gives_results_in_order(children: Children) -> None:
    assert in_parallel(children, [lambda: 1, lambda: 2, lambda: 3], at_once=2) == [1, 2, 3]
    assert in_parallel(children, [], at_once=2) == []


def test_the_first_failure_ends_all_others(children: Children) -> None:
    def fail() -> None:
        time.sleep(0.3)
        raise DatabaseError("the cause")

    started = time.monotonic()
    tasks: list[Callable[[], None]] = [sleep_in(children), fail, sleep_in(children)]
    with pytest.raises(DatabaseError, match=r"^the cause$"):
        in_parallel(children, tasks, at_once=3)
    assert time.monotonic() - started < 10


def test_the_cause_comes_through_nested_ones(children: Children) -> None:
    def fail() -> None:
        raise DatabaseError("the cause")

    def inner() -> None:
        nested: list[Callable[[], None]] = [fail, sleep_in(children)]
        in_parallel(children, nested, at_once=2)

    tasks: list[Callable[[], None]] = [sleep_in(children), inner]
    with pytest.raises(DatabaseError, match=r"^the cause$"):
        in_parallel(children, tasks, at_once=2)


def test_during() -> None:
    with pytest.raises(DatabaseError, match=r"^Counting failed: psql said no$"), during("Counting"):
        raise ToolError("psql said no")
    with pytest.raises(StoppedError), during("Counting"):
        raise StoppedError("given up")
