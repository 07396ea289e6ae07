# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies that end in the middle: nothing half done is left as if it were complete, and no process lives on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from background_copy import Background, Copy, Request, alive_tools, until
from postgresql_cluster import MARKER, PASSWORD, Cluster, assert_same, children_of
from small_disk import small_disk


def wait_for_rows(cluster: Cluster, side: str) -> None:
    """Wait until a COPY of the copy is running."""
    activity = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'waba.migration%'"
    question = f"{activity} AND query LIKE 'COPY%{side}%'"
    until(lambda: cluster.sql(question) != ["0"])


def descendants(process: int) -> list[int]:
    return [found for child in children_of(process) for found in (child, *descendants(child))]


def test_target_killed(
    source: Cluster, target: Cluster, bulky: str, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    request = request_for(bulky)
    running = Background(copy, request)
    wait_for_rows(target, "FROM STDIN")
    target.kill()
    message = running.message()

    assert alive_tools(tmp_path) == []
    assert re.match(rf"Copying .+ of the database {bulky} from {request.source} to {request.target} failed: ", message)
    assert f"could not be dropped from {request.target}" in message
    assert "Connection refused" in message
    assert f"{bulky}.incomplete" in message
    assert json.loads((tmp_path / "progress.json").read_text())["phase"] == "failed"

    target.start()
    assert bulky not in target.databases()
    copy(request_for(bulky, *stores))
    assert target.databases() == sorted([bulky, *stores])
    assert_same(source, target, bulky)


def test_source_connection_cut(
    source: Cluster, target: Cluster, bulky: str, request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    running = Background(copy, request_for(bulky))
    wait_for_rows(source, "TO STDOUT")
    source.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'waba.migration%' AND query LIKE 'COPY%TO STDOUT%'"
    )
    message = running.message()
    assert f"of the database {bulky} from" in message
    assert "table public." in message
    assert "failed: reading: psql ended with status" in message
    assert f"The half-done databases ({bulky}.incomplete) were dropped." in message
    assert target.databases() == []
    assert alive_tools(tmp_path) == []

    copy(request_for(bulky))
    assert_same(source, target, bulky)


def test_full_disk(
    source: Cluster, server_directory: Path, bulky: str, request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    # With the WAL elsewhere it is the tables that meet the end of the disk, so that the server itself goes on.
    with small_disk(server_directory / "small", 100, server_directory / "small_wal") as disk:
        request = request_for(bulky, target=disk.cluster.server)
        with pytest.raises(DatabaseError) as error:
            copy(request)
        assert f"of the database {bulky} from" in str(error.value)
        assert "Check free disk space" in str(error.value)
        assert f"The half-done databases ({bulky}.incomplete) were dropped." in str(error.value)
        assert disk.cluster.databases() == []
        assert alive_tools(tmp_path) == []

        disk.mend()
        copy(request)
        assert_same(source, disk.cluster, bulky)


def test_ended_by_a_signal(source: Cluster, target: Cluster, bulky: str, tmp_path: Path) -> None:
    seen: set[bytes] = set()
    module = start_module(source, target, bulky, tmp_path)

    def copying() -> bool:
        for process in [module.pid, *descendants(module.pid)]:
            try:
                seen.add(Path(f"/proc/{process}/cmdline").read_bytes())
            except FileNotFoundError:
                continue
        return any(b"FROM STDIN" in command for command in seen)

    until(copying)
    module.terminate()
    output, errors = module.communicate(timeout=20)
    result = json.loads(output)

    assert result["failed"]
    assert result["msg"] == (
        f"The module was ended by SIGTERM. The half-done databases ({bulky}.incomplete) were dropped."
    )
    assert target.databases() == []
    assert alive_tools(tmp_path) == []
    assert list(tmp_path.glob("**/waba-migration-*")) == []
    commands = b"\n".join(seen).decode()
    assert "psql" in commands
    assert PASSWORD not in commands + output + errors


def start_module(source: Cluster, target: Cluster, database: str, directory: Path) -> subprocess.Popen[str]:
    def options(cluster: Cluster) -> dict[str, Any]:
        return {
            "login_host": "127.0.0.1",
            "login_port": cluster.port,
            "login_user": "postgres",
            "login_password": PASSWORD,
            "ssl_mode": "disable",
        }

    arguments = {
        "source": options(source),
        "target": options(target),
        "databases": [database],
        "owner": "wa",
        "marker": MARKER,
        "bin_directory": str(source.binaries),
        "_ansible_remote_tmp": str(directory),
        "_ansible_tmpdir": None,
    }
    module = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("run_module.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert module.stdin
    module.stdin.write(json.dumps(arguments))
    module.stdin.close()
    module.stdin = None
    return module
