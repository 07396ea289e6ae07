# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lock, told from a made-up /proc."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._lock import (
    LockError,
    Owner,
    check_free,
    describe_owner,
    guarded,
    is_alive,
    read_owner,
)
from ansible_collections.waba.migration.plugins.module_utils._processes import read_boot, read_process

ME = Owner(host="control", boot="boot-1", pid=100, start_ticks=5000)


class Proc:
    """Writes what the kernel would show of a process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "self").mkdir(parents=True)
        (root / "sys/kernel/random").mkdir(parents=True)
        (root / "sys/kernel/random/boot_id").write_text("boot-1\n")

    def add(self, pid: int, start: int = 5000, state: str = "S") -> None:
        directory = self.root / str(pid)
        directory.mkdir()
        rest = ["0"] * 17
        (directory / "stat").write_text(f"{pid} (a (b) c) {state} 1 {' '.join(rest)} {start} 0 0\n")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    monkeypatch.setattr("socket.gethostname", lambda: "control")
    return Proc(tmp_path / "proc")


# who would hold it


def test_owner_is_known_by_its_start(proc: Proc) -> None:
    proc.add(100)

    assert describe_owner(100, str(proc.root)) == ME


def test_process_that_is_gone_cannot_hold_it(proc: Proc) -> None:
    with pytest.raises(LockError, match="There is no process 103 on this controller"):
        describe_owner(103, str(proc.root))


# without /proc


def test_ps_tells_the_same(tmp_path: Path) -> None:
    """A real process, looked at both ways."""
    nowhere = str(tmp_path / "nothing")
    seen, known = read_process(os.getpid(), nowhere), read_process(os.getpid())

    assert seen is not None
    assert known is not None
    assert (seen.pid, seen.has_ended()) == (known.pid, known.has_ended()) == (os.getpid(), False)
    again = read_process(os.getpid(), nowhere)
    assert again is not None
    # A process that is looked at may run at one time and sleep at another.
    assert replace(again, state=seen.state) == seen
    assert (read_process(2**22 + 1, nowhere), read_boot(nowhere)) == (None, "")


def test_owner_is_known_with_ps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {100: "S+   Tue Nov 24 09:30:15 2026"}

    def ps(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, lines.get(int(command[-1]), ""), "")

    monkeypatch.setattr("subprocess.run", ps)
    nowhere = str(tmp_path / "nothing")
    owner = describe_owner(100, nowhere)

    assert (owner.pid, owner.boot, owner.start_ticks) == (100, "", 1795512615)
    assert is_alive(owner, nowhere)
    lines[100] = lines[100].replace("09:30:15", "11:00:00")
    assert not is_alive(owner, nowhere)
    lines[100] = "Z    Tue Nov 24 09:30:15 2026"
    assert not is_alive(owner, nowhere)


def test_without_proc_and_ps_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LockError, match=r"cannot be told on this controller\. ps .* cannot be run: No such file"):
        describe_owner(1, str(tmp_path / "nothing"))


# telling the dead from the living


def test_running_owner_lives(proc: Proc) -> None:
    proc.add(100)

    assert is_alive(ME, str(proc.root))


def test_gone_owner_is_dead(proc: Proc) -> None:
    assert not is_alive(ME, str(proc.root))


def test_owner_whose_number_was_used_again_is_dead(proc: Proc) -> None:
    proc.add(100, start=7000)

    assert not is_alive(ME, str(proc.root))


def test_owner_that_nobody_has_buried_is_dead(proc: Proc) -> None:
    proc.add(100, state="Z")

    assert not is_alive(ME, str(proc.root))


def test_owner_from_before_the_last_boot_is_dead(proc: Proc) -> None:
    proc.add(100)

    assert not is_alive(replace(ME, boot="boot-0"), str(proc.root))


# who may have the lock


@pytest.fixture
def taken(tmp_path: Path) -> str:
    """A lock file that was written on 2026-11-24 at 09:30:15."""
    path = tmp_path / "journal.json.lock"
    path.write_text("{}")
    os.utime(path, (1795512615, 1795512615))
    return str(path)


@pytest.mark.parametrize("owner", [None, ME])
def test_free_lock_and_own_lock_may_be_had(proc: Proc, owner: Owner | None) -> None:
    assert check_free(owner, ME, "/run/journal.json.lock", str(proc.root)) is None


def test_lock_of_a_dead_owner_is_handed_over(proc: Proc) -> None:
    dead = replace(ME, pid=70)

    assert check_free(dead, ME, "/run/journal.json.lock", str(proc.root)) == dead


def test_lock_of_a_living_owner_is_refused(proc: Proc, taken: str) -> None:
    proc.add(70)

    with pytest.raises(LockError) as error:
        check_free(replace(ME, pid=70), ME, taken, str(proc.root))

    assert str(error.value) == (
        f"Another playbook works on this run and holds the lock {taken}: pid 70 on control, "
        "since 2026-11-24T09:30:15Z. Wait until it has ended, or end it, then run this again."
    )


def test_lock_of_another_host_is_refused_with_the_way_out(proc: Proc, taken: str) -> None:
    with pytest.raises(LockError) as error:
        check_free(replace(ME, host="elsewhere"), ME, taken, str(proc.root))

    assert "pid 100 on elsewhere, since 2026-11-24T09:30:15Z. Whether it still runs" in str(error.value)
    assert "cannot be seen from control." in str(error.value)
    assert "then remove the file." in str(error.value)


# the file


def test_lock_is_taken_and_released(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.json.lock")
    assert read_owner(path) is None

    with guarded(path) as lock:
        assert lock.owner() is None
        lock.take(replace(ME, pid=123456))
        lock.take(ME)
        assert lock.owner() == ME

    assert read_owner(path) == ME
    os.utime(path, (1, 1))
    with guarded(path) as lock:
        lock.take(ME)
    assert Path(path).stat().st_mtime == 1
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600

    with guarded(path) as lock:
        lock.release()
        assert lock.owner() is None

    assert read_owner(path) is None


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"host": "control", "boot": "b", "pid": "x", "start_ticks": 1}'])
def test_damaged_lock_is_nobodys_to_take(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.json.lock"
    path.write_text(text)

    with pytest.raises(LockError, match=r"cannot be read .* then remove the file"):
        read_owner(str(path))


def _take(path: str, may_ask: Event, entered: Event) -> None:
    may_ask.wait(10)
    with guarded(path):
        entered.set()


def test_guard_keeps_other_processes_out(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.json.lock")
    context = multiprocessing.get_context("fork")
    may_ask, entered = context.Event(), context.Event()
    other = context.Process(target=_take, args=(path, may_ask, entered))
    other.start()

    with guarded(path):
        may_ask.set()
        assert not entered.wait(0.3)
    assert entered.wait(10)

    other.join(10)
    assert other.exitcode == 0
