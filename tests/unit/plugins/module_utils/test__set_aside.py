# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are set aside and put back, on a real directory."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _set_aside as aside

TEXT = b"# Gr\xc3\xbc\xc3\x9fe\r\nservices: {}\n"
MODEL = {"name": "biz", "services": {"db": {}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "docker-compose.yml"
    path.write_bytes(TEXT)
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    return path


def there(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def entry_of(file: Path, keep: Any = None, guarded: bool = True) -> dict[str, Any]:
    return aside.make_entry(str(file), "R1", guarded=guarded, keep=keep)


@pytest.mark.parametrize("keep", [None, MODEL])
@pytest.mark.parametrize("guarded", [True, False])
def test_there_and_back(file: Path, keep: Any, guarded: bool) -> None:
    entry = entry_of(file, keep, guarded)
    assert aside.is_whole(entry)
    assert not aside.is_kept(entry)

    aside.set_aside(entry)
    away = file.with_name("docker-compose.yml.fenced-R1")
    assert not aside.is_whole(entry)
    assert aside.is_kept(entry) is (keep is not None)
    assert away.read_bytes().endswith(TEXT)
    assert (b"@fenced" in away.read_bytes()) is guarded
    assert stat.S_IMODE(away.stat().st_mode) == 0o640

    assert aside.plan_put_back([entry]) == [entry]
    aside.put_back(entry)
    assert file.read_bytes() == TEXT
    assert (stat.S_IMODE(file.stat().st_mode), file.stat().st_mtime_ns) == (0o640, 10**18)
    assert there(file.parent) == ["docker-compose.yml"]
    assert aside.plan_put_back([entry]) == []


def test_kept_file_is_for_its_owner_only(file: Path) -> None:
    entry = entry_of(file, MODEL)

    aside.set_aside(entry)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == entry["keep"]


def test_each_step_can_be_repeated(file: Path) -> None:
    """A power cut after the copy was written, then one after the original was written back."""
    entry = entry_of(file)
    aside.set_aside(entry)
    file.write_bytes(TEXT)

    assert aside.is_whole(entry)
    aside.set_aside(entry)
    assert there(file.parent) == ["docker-compose.yml.fenced-R1"]

    file.write_bytes(TEXT)
    assert aside.plan_put_back([entry]) == [entry]
    aside.put_back(entry)
    assert there(file.parent) == ["docker-compose.yml"]


def test_a_file_that_somebody_wrote_meanwhile_is_left_alone(file: Path) -> None:
    entry = entry_of(file)
    aside.set_aside(entry)
    file.write_text("mine")

    assert aside.describe_put_back(entry) == (
        f"leave {file}, which somebody has written since the fence; the one from before it is {file}.fenced-R1"
    )
    aside.put_back(entry)
    assert file.read_text() == "mine"
    assert there(file.parent) == ["docker-compose.yml", "docker-compose.yml.fenced-R1"]


def test_a_guard_that_somebody_took_away_is_not_missed(file: Path) -> None:
    entry = entry_of(file)
    aside.set_aside(entry)
    Path(entry["aside"]).write_bytes(TEXT)

    aside.put_back(entry)

    assert file.read_bytes() == TEXT


def test_an_older_file_is_never_overwritten(file: Path) -> None:
    file.with_name("docker-compose.yml.fenced-R1").write_text("older")
    file.with_name("docker-compose.yml.fenced-R1.2").write_text("older")

    assert entry_of(file)["aside"] == f"{file}.fenced-R1.3"


def test_a_link_and_what_it_leads_to(file: Path) -> None:
    link = file.with_name("compose.yaml")
    link.symlink_to("docker-compose.yml")
    entries = [entry_of(link), entry_of(file)]

    for entry in entries:
        aside.set_aside(entry)
    assert there(file.parent) == ["docker-compose.yml.fenced-R1"]

    for entry in aside.plan_put_back(entries):
        aside.put_back(entry)
    assert os.readlink(link) == "docker-compose.yml"
    assert file.read_bytes() == TEXT
    assert aside.plan_put_back(entries) == []


def test_a_kept_file_in_the_place_of_a_link_gives_way(file: Path) -> None:
    link = file.with_name("compose.yaml")
    link.symlink_to("docker-compose.yml")
    entry = entry_of(link, MODEL)
    aside.set_aside(entry)
    assert not link.is_symlink()

    for waiting in aside.plan_put_back([entry]):
        aside.put_back(waiting)

    assert os.readlink(link) == "docker-compose.yml"


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (None, "set {0} aside as docker-compose.yml.fenced-R1"),
        (MODEL, "set {0} aside as docker-compose.yml.fenced-R1, and keep a reduced one for the other services"),
    ],
)
def test_sentences(file: Path, keep: Any, sentence: str) -> None:
    entry = entry_of(file, keep)

    assert aside.describe_set_aside(entry) == sentence.format(file)
    assert aside.describe_put_back(entry) == f"put {file} back"


def test_what_may_be_a_compose_file(file: Path) -> None:
    directory = file.parent
    (directory / "prod.yaml").symlink_to("real.txt")
    (directory / "real.txt").write_text("real")
    (directory / "db.env").write_text("A=b")
    (directory / "huge.yml").write_text("x" * (aside.LARGEST + 1))
    (directory / "folder.yml").mkdir()
    listed = directory / "listed"
    listed.write_text("listed")

    texts = aside.read_texts([str(directory), "/nowhere"], [str(listed), str(directory / "gone.yml")])

    assert {Path(path).name: text for path, text in texts.items()} == {
        "listed": "listed",
        "docker-compose.yml": TEXT.decode().replace("\r\n", "\n"),
        "prod.yaml": "real",
        "real.txt": "real",
    }
