# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files are replaced whole, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    umask = os.umask(0)
    try:
        write_private_file(str(path), b"text")
    finally:
        os.umask(umask)

    assert path.read_bytes() == b"text"
    assert mode_of(path) == 0o600


def test_mode_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"

    write_private_file(str(path), b"", 0o700)

    assert mode_of(path) == 0o700


def test_open_wide_file_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write_private_file(str(path), b"new")

    assert path.read_bytes() == b"new"
    assert mode_of(path) == 0o600


def test_relative_path_is_written_where_it_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    write_private_file("journal.json", b"text")

    assert (tmp_path / "journal.json").read_bytes() == b"text"


def test_file_and_directory_are_synchronised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []
    monkeypatch.setattr("os.fsync", lambda descriptor: kinds.append(stat.S_IFMT(os.fstat(descriptor).st_mode)))

    write_private_file(str(tmp_path / "journal.json"), b"text")

    assert kinds == [stat.S_IFREG, stat.S_IFDIR]


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "journal.json"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space left on device"):
        write_private_file(str(path), b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
