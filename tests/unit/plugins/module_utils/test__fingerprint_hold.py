# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process holds what it was given, answers, and ends: when it is released, is late, fails, or its record is gone."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Fingerprint, Item
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import HeldSnapshots, Place, release
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_holder import Task, hold

FOUND = Fingerprint("acme_x", [Item("table", "public.t", 3, "aa")])
METHOD = {"hash": "hashtext"}


class Snapshots:
    """A server that needs no server."""

    def __init__(self, trouble: BaseException | None = None) -> None:
        self._trouble = trouble

    def facts(self) -> dict[str, Any]:
        return {"pid": os.getpid()}

    def fingerprints(self, names: Sequence[str], method: Mapping[str, Any], jobs: int) -> list[Fingerprint]:
        if self._trouble:
            raise self._trouble
        assert (list(names), method, jobs) == (["acme_x"], METHOD, 2)
        return [FOUND]

    def stop(self) -> None:
        raise AssertionError("nobody stops it")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(str(tmp_path / "hold"))
    yield place
    release(place)


def task(
    place: Place, seconds: int = 60, opening: BaseException | None = None, asked: BaseException | None = None
) -> Task:
    @contextmanager
    def open_snapshots() -> Iterator[Snapshots]:
        if opening:
            raise opening
        yield Snapshots(asked)

    return Task(place, seconds, "db-new:5432", ["acme_x"], open_snapshots)


def held(place: Place) -> HeldSnapshots:
    return HeldSnapshots(place, "db-new:5432", ["acme_x"])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.01)


def test_asked_and_released(place: Place) -> None:
    record = hold(task(place))
    assert (record.server, record.databases, record.seconds) == ("db-new:5432", ["acme_x"], 60)
    assert record.pid != os.getpid()
    assert [path.stat().st_mode & 0o777 for path in (place.path, place.record_path)] == [0o700, 0o600]
    snapshots = held(place)
    assert snapshots.facts() == {"pid": record.pid}
    assert snapshots.fingerprints(["acme_x"], METHOD, 2) == [FOUND]
    assert snapshots.fingerprints(["acme_x"], METHOD, 2) == [FOUND]
    assert release(place) is True
    assert not record.is_alive()
    assert not place.path.exists()
    assert release(place) is False


def test_who_asks_nothing_disturbs_nobody(place: Place) -> None:
    hold(task(place))
    for said in (b"", b"nonsense\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place.socket_path))
            connection.sendall(said)
    assert held(place).fingerprints(["acme_x"], METHOD, 2) == [FOUND]


@pytest.mark.parametrize(
    ("opening", "message"),
    [
        (DatabaseError("Connecting failed."), "^Connecting failed.$"),
        (KeyError("encoding"), "^KeyError: 'encoding'$"),
    ],
)
def test_what_cannot_be_opened(opening: Exception, message: str, place: Place) -> None:
    with pytest.raises(DatabaseError, match=message):
        hold(task(place, opening=opening))
    assert not place.path.exists()


def test_failure_while_asked_is_told_and_remembered(place: Place) -> None:
    record = hold(task(place, asked=DatabaseError("The server is gone.")))
    with pytest.raises(DatabaseError, match=r"^The server is gone.$"):
        held(place).fingerprints(["acme_x"], METHOD, 2)
    until(lambda: not record.is_alive())
    with pytest.raises(DatabaseError, match=r"taken in .+ is lost: The server is gone. The target as"):
        held(place)


def test_time_limit(place: Place) -> None:
    record = hold(task(place, seconds=1))
    until(lambda: not record.is_alive())
    with pytest.raises(DatabaseError, match="is lost: its time limit of 1 s was reached"):
        held(place)


def test_killed(place: Place) -> None:
    record = hold(task(place))
    os.kill(record.pid, signal.SIGKILL)
    until(lambda: not record.is_alive())
    with pytest.raises(DatabaseError, match=f"the process {record.pid} that held it is gone; something killed it"):
        held(place)
    assert release(place) is False
    assert not place.path.exists()


def test_vanished_record_ends_it(place: Place) -> None:
    record = hold(task(place))
    place.record_path.unlink()
    until(lambda: not record.is_alive())
    with pytest.raises(DatabaseError, match=r"No snapshot is held in .+/hold on this host"):
        held(place)


def test_another_process_of_that_number_is_left_alone(place: Place) -> None:
    record = hold(task(place))
    release(place)
    place.make()
    stranger = os.getpid()
    place.write(type(record)(stranger, record.start - 1, record.boot, record.server, record.databases, 0.0, 60))
    assert release(place) is False


def test_other_boot(place: Place) -> None:
    record = hold(task(place))
    other = type(record)(record.pid, record.start, "another boot", record.server, record.databases, 0.0, 60)
    assert other.trouble() == "this host was booted since"
    assert not other.is_alive()


@pytest.mark.parametrize(
    ("server", "databases", "message"),
    [
        ("db-other:5432", ["acme_x"], r"are of db-new:5432, not of db-other:5432\.$"),
        ("db-new:5432", ["acme_x", "acme_y"], r"are of acme_x, not of acme_y\.$"),
    ],
)
def test_what_is_not_held(server: str, databases: list[str], message: str, place: Place) -> None:
    hold(task(place))
    with pytest.raises(DatabaseError, match=message):
        HeldSnapshots(place, server, databases)


def test_place_that_others_can_write_to(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "wide")
    (tmp_path / "file").write_text("")
    for name in ("wide", "link", "file"):
        with pytest.raises(DatabaseError, match="is not a directory of uid"):
            Place(str(tmp_path / name)).make()
        with pytest.raises(DatabaseError, match="is not a directory of uid"):
            Place(str(tmp_path / name)).read()


@pytest.mark.parametrize("content", ["{", "[]", '{"pid": 1}'])
def test_record_of_something_else(content: str, place: Place) -> None:
    place.make()
    place.record_path.write_text(content)
    with pytest.raises(DatabaseError, match="is no record of a held snapshot"):
        place.read()
    place.record_path.unlink()


def test_path_too_long_for_a_socket(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="is too long: a socket in it may have a path of 107 bytes"):
        Place(str(tmp_path / ("x" * 107)))
