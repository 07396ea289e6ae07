# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the new host after the last copy is what rsync has seen on the old one, or the run stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.waba.migration.tests.unit.playbooks.conftest import Desk


@pytest.mark.parametrize(
    ("statistics", "stored", "says"),
    [
        ("Number of files: 3 (reg: 2, dir: 1)\nTotal file size: 7 bytes", ["abc", "defg"], ""),
        ("Number of files: 3 (reg: 1, dir: 1, link: 1)\nTotal file size: 3 bytes", ["abc"], ""),
        ("Number of files: 1 (dir: 1)\nTotal file size: 0 bytes", [], ""),
        (
            "Number of files: 3 (reg: 2, dir: 1)\nTotal file size: 7 bytes",
            ["abc"],
            "Media differ: 1 files with 3 bytes on new, 2 files with 7 bytes on the old host.",
        ),
        (
            "Number of files: 2 (reg: 1, dir: 1)\nTotal file size: 4 bytes",
            ["abc"],
            "Media differ: 1 files with 3 bytes on new, 1 files with 4 bytes on the old host.",
        ),
    ],
)
def test_last_media(desk: Desk, tmp_path: Path, statistics: str, stored: list[str], says: str) -> None:
    media = tmp_path / "media"
    media.mkdir()
    for number, content in enumerate(stored):
        (media / str(number)).write_text(content, encoding="ascii")
    rsync = desk.programs / "rsync"
    rsync.write_text(f"#!/bin/sh\ncat <<'END'\n{statistics}\nEND\n", encoding="ascii")
    rsync.chmod(0o755)
    status, output = desk.step(
        "new", "new_host", "media_last",
        __new_host_media_directory=str(media), __new_host_media_shell="ssh", __new_host_media_source="old:/",
    )  # fmt: skip
    assert (status == 0) == (not says)
    assert says in output
