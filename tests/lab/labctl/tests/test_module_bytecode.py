# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of a cheap lab keeps of modules that it has run."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labctl.hosts import BYTECODE
from labctl.layout import IMAGES_DIRECTORY, lab_from_environment

SOURCE = IMAGES_DIRECTORY / "common" / "module_bytecode.py"


def run(place: Path, archive: Path) -> str:
    """A Python of its own that has loaded the host's file, and then imports from an archive."""
    text = SOURCE.read_text(encoding="utf-8").replace(f'"{BYTECODE}"', repr(str(place)))
    program = f"{text}\nimport sys\nsys.path.insert(0, {str(archive)!r})\nimport sent\nprint(sent.VALUE)\n"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def archive(path: Path, source: str) -> Path:
    with zipfile.ZipFile(path, "w") as sent:
        sent.writestr("sent.py", source)
    return path


def test_the_same_source_is_compiled_once(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    assert run(place, archive(tmp_path / "1.zip", "VALUE = 1")) == "1"
    (kept,) = place.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"VALUE", b"OTHER"))
    with pytest.raises(subprocess.CalledProcessError):
        run(place, archive(tmp_path / "2.zip", "VALUE = 1"))


def test_another_source_is_another_module(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    assert [run(place, archive(tmp_path / f"{value}.zip", f"VALUE = {value}")) for value in (1, 2, 1)] == [
        "1",
        "2",
        "1",
    ]


def test_a_lab_whose_times_count_keeps_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "place", archive(tmp_path / "1.zip", "VALUE = 1")) == "1"
    assert not (tmp_path / "place").exists()


@pytest.mark.parametrize(("environment", "keeps"), [({}, False), ({"LAB_KEEPS_BYTECODE": "1"}, True)])
def test_a_lab_is_told_to(environment: dict[str, str], keeps: bool) -> None:
    assert lab_from_environment(environment).keeps_bytecode is keeps
