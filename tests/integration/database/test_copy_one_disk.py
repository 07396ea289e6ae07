# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of the target is on one disk, and that gets full: the server itself dies of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult, DatabaseError
from postgresql_cluster import Cluster, assert_same
from small_disk import small_disk


def test_full_disk_ends_the_server(
    source: Cluster,
    server_directory: Path,
    bulky: str,
    request_for: Callable[..., CopyRequest],
    copy: Callable[[CopyRequest], CopyResult],
) -> None:
    with small_disk(server_directory / "one_disk", 120, None) as disk:
        request = request_for(bulky, target=disk.cluster.server)
        with pytest.raises(DatabaseError) as error:
            copy(request)
        message = str(error.value)
        assert f"of the database {bulky} from {request.source} to {request.target} failed: " in message
        assert f"({bulky}.incomplete) could not be dropped from {request.target}" in message
        assert "A second run with the same marker drops them first." in message

        disk.mend()
        disk.cluster.restart()
        assert bulky not in disk.cluster.databases()
        copy(request)
        assert disk.cluster.databases() == [bulky]
        assert_same(source, disk.cluster, bulky)
