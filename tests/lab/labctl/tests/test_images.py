# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides whether an image is built."""

from __future__ import annotations

import io
import tarfile
from datetime import date
from pathlib import Path

import pytest

from labctl import docker, images
from labctl.debian import DEBIAN_IMAGE
from labctl.docker import File
from labctl.images import Image, needed
from labctl.layout import MARIADB, MYSQL, POSTGRESQL, DatabaseEngine

IMAGE = Image("made/up", "part", "parent", "BASE", common=("init.py",), packages=("core",))


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    for path, content in {
        "images/part/Dockerfile": "FROM x",
        "images/part/bin/run.sh": "echo",
        "images/common/init.py": "pass",
        "images/common/other.py": "pass",
        "standin/__init__.py": "",
        "standin/core/main.py": "1",
        "standin/core/__pycache__/main.pyc": "junk",
        "standin/web/main.py": "2",
    }.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="ascii")
    return tmp_path / "images", tmp_path / "standin"


def test_a_build_gets_its_folder_its_common_files_and_its_packages(places: tuple[Path, Path]) -> None:
    context = images.build_context(IMAGE, *places)
    assert [file.path for file in context] == [
        "Dockerfile",
        "bin/run.sh",
        "init.py",
        "standin/__init__.py",
        "standin/core/main.py",
    ]
    assert {file.path for file in context if file.mode == 0o755} == {"bin/run.sh"}


def test_the_fingerprint_follows_content_names_arguments_and_parent() -> None:
    files = [File("a", b"1"), File("b", b"2")]
    prints = {
        images.fingerprint(files, {"V": "1"}, "p"),
        images.fingerprint([File("a", b"12"), File("b", b"")], {"V": "1"}, "p"),
        images.fingerprint([File("a", b"1"), File("c", b"2")], {"V": "1"}, "p"),
        images.fingerprint(files, {"V": "2"}, "p"),
        images.fingerprint(files, {"V": "1"}, "q"),
    }
    assert len(prints) == 5
    assert images.fingerprint(files, {"V": "1"}, "p") == images.fingerprint(files, {"V": "1"}, "p")


@pytest.mark.parametrize(
    ("labels", "expires", "good"),
    [
        ({"waba.lab.inputs": "x"}, False, True),
        ({"waba.lab.inputs": "y"}, False, False),
        ({}, False, False),
        ({"waba.lab.inputs": "x", "EXPIRES_ON": "2026-06-01"}, True, True),
        ({"waba.lab.inputs": "x", "EXPIRES_ON": "2026-01-20"}, True, False),
    ],
)
def test_an_image_is_used_while_its_inputs_are_the_same_and_it_does_not_expire(
    labels: dict[str, str], expires: bool, good: bool
) -> None:
    assert images.still_good(labels, "x", expires, date(2026, 1, 1)) is good


def test_parents_come_before_their_children() -> None:
    seen = {DEBIAN_IMAGE}
    for image in images.IMAGES:
        assert image.parent in seen
        seen.add(image.tag)


def test_archives_belong_to_root_and_keep_modes() -> None:
    with tarfile.open(fileobj=io.BytesIO(docker.archive([File("/etc/lab/key", b"secret", 0o600)]))) as archive:
        entry = archive.getmember("etc/lab/key")
    assert (entry.uid, entry.gid, entry.mode, entry.size) == (0, 0, 0o600, 6)


@pytest.mark.parametrize(
    ("engine", "wanted"), [(POSTGRESQL, "waba-lab/db"), (MYSQL, "waba-lab/mysql"), (MARIADB, "waba-lab/mariadb")]
)
def test_only_the_engine_that_is_wished_for_is_built(engine: DatabaseEngine, wanted: str) -> None:
    for bare in (False, True):
        tags = {image.tag for image in needed(engine, bare)}
        assert tags & {"waba-lab/db", "waba-lab/mysql", "waba-lab/mariadb"} == {wanted}
    # Number B brings its own PostgreSQL.
    assert "waba-lab/postgres" in {image.tag for image in needed(engine)}
