# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps go where only their owner can read them, and are all there or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, DumpRequest, Server
from ansible_collections.waba.migration.plugins.module_utils._dump_run import DumpRun


class Run(DumpRun):
    """Writes a database's name, and breaks at one that is called so."""

    suffix = ".dump"

    def _look(self) -> tuple[Mapping[str, int], list[str]]:
        return dict.fromkeys(self._request.databases, 10), ["no privileges"]

    def _write(self, database: str, file: IO[bytes]) -> None:
        file.write(database.encode())
        file.flush()
        if database == "broken":
            raise DatabaseError("It broke.")

    def _children(self) -> Children:
        return Children({})


def run(directory: Path, *databases: str, factor: float = 1.5) -> Run:
    return Run(DumpRequest(Server("db", 1, "wa", "x"), list(databases), str(directory), factor, 1, None, "/tmp"))


def test_what_is_written(tmp_path: Path) -> None:
    result = run(tmp_path / "dumps", "one", "two").dump()
    assert [(dump.name, Path(dump.path).read_text(), dump.bytes) for dump in result.dumps] == [
        ("one", "one", 3),
        ("two", "two", 3),
    ]
    assert result.dumps[0].sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert (result.plan.needed, result.plan.losses) == (30, ["no privileges"])
    modes = [path.stat().st_mode & 0o7777 for path in (tmp_path / "dumps", *(tmp_path / "dumps").iterdir())]
    assert modes == [0o700, 0o600, 0o600]


def test_a_failure_leaves_nothing_new(tmp_path: Path) -> None:
    earlier = Path(run(tmp_path / "dumps", "one").dump().dumps[0].path)
    earlier.write_text("of an earlier run")
    with pytest.raises(DatabaseError, match="It broke"):
        run(tmp_path / "dumps", "one", "two", "broken").dump()
    assert [(path.name, path.read_text()) for path in (tmp_path / "dumps").iterdir()] == [
        ("one.dump", "of an earlier run")
    ]


def missing_parent(place: Path) -> Path:
    return place / "not mounted" / "dumps"


def open_to_others(place: Path) -> Path:
    (place / "dumps").mkdir(mode=0o755)
    return place / "dumps"


def a_link(place: Path) -> Path:
    (place / "real").mkdir(mode=0o700)
    (place / "dumps").symlink_to(place / "real")
    return place / "dumps"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing_parent, "not mounted cannot be used .No such file or directory.. Make it first"),
        (open_to_others, r"is not a directory of uid \d+ alone .mode 0700."),
        (a_link, r"is not a directory of uid \d+ alone .mode 0700."),
    ],
)
def test_places_that_are_refused(make: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    directory = make(tmp_path)
    for attempt in (run(directory, "one").plan, run(directory, "one").dump):
        with pytest.raises(DatabaseError, match=message):
            attempt()
    assert not list(tmp_path.rglob("*.dump*"))


@pytest.mark.parametrize("name", ["../one", ".one", "a/b"])
def test_names_that_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="its name cannot be that of a file"):
        run(tmp_path / "dumps", name).plan()


def test_room(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=rf"{tmp_path} has \d+ bytes free; \d+ are needed for dumps of 2 databases"):
        run(tmp_path / "dumps", "one", "two", factor=1e18).dump()
    assert list(tmp_path.iterdir()) == []
