# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes of a copy, and pipes of two of them. Private to this collection; may change at any time."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import IO, TypeVar

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError

STDERR_LIMIT = 8192
MESSAGE_LIMIT = 1000
GRACE_SECONDS = 3.0
# What a tool says that has been asked to tell what it does begins like this.
REMARK = "-- "
# libpq names the file that it took the password from, which is gone by the time somebody reads this.
_PASSWORD_FILE = re.compile(r'; password retrieved from file "[^"]*"')

Result = TypeVar("Result")


class StoppedError(DatabaseError):
    """Nothing more is started because the copy is being given up."""


class ToolError(DatabaseError):
    """A tool ended with an error; the text is the tool's own."""


@contextmanager
def during(what: str) -> Iterator[None]:
    """Say what was being done when a tool failed."""
    try:
        yield
    except ToolError as error:
        raise DatabaseError(f"{what} failed: {error}") from error


class Child:
    """A process with its error output captured, of which only the end is kept."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], **streams: int | IO[bytes] | None) -> None:
        self.name = argv[0].rsplit("/", 1)[-1]
        self.process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603 # pylint: disable=ansible-bad-function
            list(argv), env=dict(environment), stderr=subprocess.PIPE, **streams
        )
        self._tail = b""
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        for chunk in iter(lambda: self.process.stderr.read1(4096), b""):
            self._tail = (self._tail + chunk)[-STDERR_LIMIT:]

    def wait(self) -> int:
        returncode = self.process.wait()
        self._reader.join()
        self.process.stderr.close()
        return int(returncode)

    def message(self) -> str:
        """What the tool said, on one line."""
        self._reader.join(GRACE_SECONDS)
        text = self._tail.decode("utf-8", "replace")
        lines = (line.strip() for line in text.splitlines())
        line = _PASSWORD_FILE.sub("", "; ".join(line for line in lines if line and not line.startswith(REMARK)))
        return line if len(line) <= MESSAGE_LIMIT else f"{line[:MESSAGE_LIMIT]} [...]"

    def has_said(self, words: bytes) -> bool:
        """Whether this is among the last things that it has said so far."""
        return words in self._tail

    def failure(self) -> str | None:
        """Why the finished process failed, or None when it did not."""
        returncode = self.process.returncode
        if returncode == 0:
            return None
        ending = f"was ended by signal {-returncode}" if returncode < 0 else f"ended with status {returncode}"
        return f"{self.name} {ending}: {self.message() or 'no message'}"


class Children:
    """All processes of a run, so that they can be ended together and none outlives it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._stopped = False
        self.cause: BaseException | None = None

    def start(
        self,
        argv: Sequence[str],
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        with self._lock:
            if self._stopped:
                raise StoppedError("the copy is being given up")
            child = Child(argv, {**self._environment, **(environment or {})}, stdin=stdin, stdout=stdout)
            self._running.add(child)
            return child

    def start_reader(self, argv: Sequence[str]) -> Child:
        """One whose output somebody will read, see pipe_from()."""
        return self.start(argv, stdout=subprocess.PIPE)

    def finish(self, child: Child) -> int:
        returncode = child.wait()
        with self._lock:
            self._running.discard(child)
        return returncode

    def run(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        child = self.start(argv, stdin, stdout, environment)
        self.finish(child)
        failure = child.failure()
        if failure:
            raise ToolError(failure)

    def output(self, argv: Sequence[str]) -> str:
        """Run a tool that says little, and return what it says."""
        child = self.start(argv, stdout=subprocess.PIPE)
        text = child.process.stdout.read()
        child.process.stdout.close()
        self.finish(child)
        failure = child.failure()
        if failure:
            raise ToolError(failure)
        return str(text.decode("utf-8", "replace"))

    def pipe(
        self,
        reader: Sequence[str],
        writer: Sequence[str],
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run two tools as a pipe, check how both ended, and hand on each line that the second one prints."""
        first = self.start(reader, stdout=subprocess.PIPE, environment=environment)
        self.pipe_from(first, writer, environment, on_line)

    def pipe_from(
        self,
        first: Child,
        writer: Sequence[str],
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """The same with a reader that has been started already."""
        try:
            second = self.start(writer, stdin=first.process.stdout, stdout=subprocess.PIPE, environment=environment)
        except BaseException:
            first.process.kill()
            self.finish(first)
            raise
        finally:
            # Only the second one may hold this end, or the first one would never learn that the second one is gone.
            first.process.stdout.close()
        for line in second.process.stdout:
            if on_line:
                on_line(line.decode("utf-8", "replace").rstrip("\n"))
        second.process.stdout.close()
        if self.finish(second) != 0:
            # It may be waiting for rows and would notice the broken pipe only with the next one.
            first.process.terminate()
        self.finish(first)
        raise_pipe_failure(first, second)

    def stop(self, cause: BaseException | None = None) -> None:
        """End everything that runs, and keep anything else from being started. The first cause is kept."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            self.cause = cause
            running = list(self._running)
        for child in running:
            child.process.terminate()
        for child in running:
            try:
                child.process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()


def in_parallel(children: Children, tasks: Sequence[Callable[[], Result]], at_once: int) -> list[Result]:
    """Do several things side by side. When one fails, all processes are ended, so that the others end as well.

    What is raised is the first failure, not one of those that followed from it.
    """

    def attempt(task: Callable[[], Result]) -> Result:
        try:
            return task()
        except BaseException as error:
            children.stop(error)
            raise

    with ThreadPoolExecutor(max(1, min(len(tasks), at_once))) as pool:
        futures = [pool.submit(attempt, task) for task in tasks]
        try:
            wait(futures)
        except BaseException as error:
            children.stop(error)
            raise
    failures = [future.exception() for future in futures]
    if any(failures):
        raise children.cause or next(failure for failure in failures if failure)
    return [future.result() for future in futures]


def raise_pipe_failure(reader: Child, writer: Child) -> None:
    failures = {"reading": reader.failure(), "writing": writer.failure()}
    if failures["writing"] and reader.process.returncode < 0:
        # Ended by us, or by the broken pipe: only the consequence of the other's failure.
        failures["reading"] = None
    texts = [f"{side}: {failure}" for side, failure in failures.items() if failure]
    if texts:
        raise ToolError("; ".join(texts))
