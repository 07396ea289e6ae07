# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies that end in the middle: nothing half done is left as if it were complete, and no process lives on."""

from __future__ import annotations

import getpass
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import program_loader, watch
from background_copy import Background, Copy, Request, alive_tools, until
from mysql_server import MARIADB, MARKER, PASSWORD, Instance, new_instance


def wait_for_rows(instance: Instance, statement: str) -> None:
    """Wait until a pipe of the copy is at work."""
    question = f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '{statement}%' AND DB LIKE 'acme%'"
    until(lambda: instance.sql(question) != ["0"])


def assert_same_rows(source: Instance, target: Instance, database: str) -> None:
    sums = "CHECKSUM TABLE first, second"
    assert target.sql(sums, database) == source.sql(sums, database)


def test_target_killed(
    source: Instance, target: Instance, bulky: str, stores: list[str], request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    request = request_for(bulky)
    running = Background(copy, request)
    wait_for_rows(target, "INSERT")
    target.kill()
    message = running.message()

    assert alive_tools(tmp_path) == []
    assert re.match(rf"Copying .+ of the database {bulky} from {request.source} to {request.target} failed: ", message)
    assert f"could not be dropped from {request.target}" in message
    assert "Can't connect to" in message
    assert f"{bulky}.incomplete" in message
    assert json.loads((tmp_path / "progress.json").read_text())["phase"] == "failed"

    target.start()
    assert bulky not in target.databases()
    assert target.ledger() == [f"{bulky}.incomplete\t{MARKER}\tincomplete"]
    copy(request_for(bulky, *stores))
    assert target.databases() == sorted([bulky, *stores])
    assert_same_rows(source, target, bulky)


def test_source_connection_cut(
    source: Instance, target: Instance, bulky: str, request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    running = Background(copy, request_for(bulky))
    reading = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT /*!40001%' AND DB = 'acme_bulky'"
    until(lambda: source.sql(reading) != [])
    source.sql(f"KILL {source.sql(reading)[0]}")
    message = running.message()
    assert f"of the database {bulky} from" in message
    assert re.search(
        r"Copying table (first|second) of .* failed: reading: (mysqldump|mariadb-dump) ended with", message
    )
    assert f"The half-done databases ({bulky}.incomplete) were dropped." in message
    assert target.databases() == []
    assert target.ledger() == []
    assert alive_tools(tmp_path) == []


def test_a_server_that_answers_no_more(
    source: Instance,
    target: Instance,
    bulky: str,
    request_for: Request,
    copy: Copy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As behind a cut link: nothing is refused, nothing comes back. The tools themselves would wait for hours."""
    monkeypatch.setattr(watch, "INTERVAL", 0.2)
    monkeypatch.setattr(watch, "PATIENCE", 1.0)
    request = request_for(bulky)
    running = Background(copy, request)
    wait_for_rows(source, "SELECT")
    source.pause()
    try:
        message = running.message()
    finally:
        source.resume()
    assert f"The database server {request.source} has not answered for 1 seconds." in message
    assert f"The half-done databases ({bulky}.incomplete) were dropped." in message
    assert target.databases() == []
    assert alive_tools(tmp_path) == []


def test_broken_off_while_shown(
    source: Instance,
    target: Instance,
    nasty: str,
    stores: list[str],
    request_for: Request,
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What already has its final name goes as well."""

    def refuse(self: program_loader.ProgramLoader, kind: str) -> None:
        assert nasty in target.databases()
        raise DatabaseError(f"no {kind}s today")

    monkeypatch.setattr(program_loader.ProgramLoader, "create", refuse)
    with pytest.raises(DatabaseError, match="no routines today The half-done databases"):
        copy(request_for(nasty, "acme_waweb"))
    assert target.databases() == []
    assert target.ledger() == []


@dataclass
class SmallDisk:
    """A server on a file system with room for an empty one and little more."""

    instance: Instance
    mounted: Path

    def mend(self) -> None:
        mount("-o", "remount,size=1500m", str(self.mounted))


def mount(*arguments: str) -> None:
    subprocess.run(["/bin/mount", *arguments], check=True)


@pytest.fixture
def small_disk(server_directory: Path) -> Iterator[SmallDisk]:
    assert getpass.getuser() == "root", "only root can mount the small file system that this test fills"
    mounted = server_directory / "small"
    mounted.mkdir()
    mount("-t", "tmpfs", "-o", "size=1500m,mode=0777", "tmpfs", str(mounted))
    try:
        instance = new_instance(mounted / "server", 3, "--disable-log-bin" if not MARIADB else "--skip-log-bin")
        used = int(subprocess.check_output(["/usr/bin/du", "-sm", str(mounted)]).split()[0])
        mount("-o", f"remount,size={used + 60}m", str(mounted))
        yield SmallDisk(instance, mounted)
        instance.stop()
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(mounted)], check=True)


def test_full_disk(
    source: Instance, small_disk: SmallDisk, bulky: str, request_for: Request, copy: Copy, tmp_path: Path
) -> None:
    request = request_for(bulky, target=small_disk.instance.server)
    with pytest.raises(DatabaseError) as error:
        copy(request)
    assert f"of the database {bulky} from" in str(error.value)
    assert "is full" in str(error.value)
    assert "yyyy" not in str(error.value), "rows of the client are in the message"
    assert f"The half-done databases ({bulky}.incomplete) were dropped." in str(error.value)
    assert small_disk.instance.databases() == []
    assert alive_tools(tmp_path) == []

    small_disk.mend()
    copy(request)
    assert_same_rows(source, small_disk.instance, bulky)


def test_ended_by_a_signal(source: Instance, target: Instance, bulky: str, tmp_path: Path) -> None:
    module = start_module(source, target, bulky, tmp_path)
    seen: set[str] = set()

    def copying() -> bool:
        seen.update(alive_tools(tmp_path))
        return any("--where=" in command for command in seen)

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
    assert PASSWORD not in "\n".join(seen) + output + errors


def start_module(source: Instance, target: Instance, database: str, directory: Path) -> subprocess.Popen[str]:
    def options(instance: Instance) -> dict[str, Any]:
        return {
            "login_host": "127.0.0.1",
            "login_port": instance.port,
            "login_user": "root",
            "login_password": PASSWORD,
            "ca_path": str(instance.certificate),
        }

    arguments = {
        "engine": "mysql",
        "source": options(source),
        "target": options(target),
        "databases": [database],
        "owner": "acme",
        "marker": MARKER,
        "_ansible_remote_tmp": str(directory),
        "_ansible_tmpdir": None,
    }
    module = subprocess.Popen(
        [sys.executable, str(Path(__file__).parents[1] / "run_module.py")],
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
