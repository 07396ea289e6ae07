# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on a file system with room for an empty one and little more."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgresql_cluster import Cluster, new_cluster


@dataclass
class SmallDisk:
    """The server, and the disk that it is going to fill."""

    cluster: Cluster
    mounted: Path

    def mend(self) -> None:
        _mount("-o", "remount,size=800m", str(self.mounted))


@contextmanager
def small_disk(mounted: Path, megabytes: int, wal_directory: Path | None) -> Iterator[SmallDisk]:
    assert getpass.getuser() == "root", "only root can mount the small file system that this test fills"
    mounted.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(mounted))
    try:
        cluster = new_cluster(mounted / "data", wal_directory)
        cluster.sql("CREATE ROLE wa LOGIN")
        yield SmallDisk(cluster, mounted)
        cluster.stop()
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(mounted)], check=True)
        mounted.rmdir()


def _mount(*arguments: str) -> None:
    subprocess.run(["/bin/mount", *arguments], check=True)
