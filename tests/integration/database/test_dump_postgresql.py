# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of real PostgreSQL databases: complete and private, or not there."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, DumpRequest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.engine import PostgreSQL
from postgresql_cluster import PASSWORD, Cluster, assert_same

Request = Callable[..., DumpRequest]


@pytest.fixture
def request_for(source: Cluster, tmp_path: Path) -> Iterator[Request]:
    """A request to dump the named databases. Whatever becomes of it, no private file of its is left."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def make(*databases: str, **options: Any) -> DumpRequest:
        values: dict[str, Any] = {
            "server": source.server,
            "databases": list(databases),
            "directory": str(tmp_path / "dumps"),
            "free_space_factor": 1.5,
            "jobs": 2,
            "bin_directory": str(source.binaries),
            "temporary_directory": str(temporary),
            **options,
        }
        return DumpRequest(**values)

    yield make
    assert list(temporary.iterdir()) == []


def restore(cluster: Cluster, path: str) -> None:
    """As the module's notes say."""
    argv = [str(cluster.binaries / "pg_restore"), "--create", "--exit-on-error", "--dbname=postgres", path]
    where = ["--host=127.0.0.1", f"--port={cluster.port}", "--username=postgres"]
    subprocess.run([*argv, *where], env={"PGPASSWORD": PASSWORD}, check=True)


def test_dumps_can_be_restored(
    source: Cluster, target: Cluster, nasty: str, stores: list[str], request_for: Request, tmp_path: Path
) -> None:
    target.sql("CREATE ROLE bystander; CREATE ROLE old_owner")
    result = PostgreSQL().dump(request_for(nasty, *stores))

    assert [dump.name for dump in result.dumps] == [nasty, *stores]
    assert (tmp_path / "dumps").stat().st_mode & 0o7777 == 0o700
    assert sorted(path.name for path in (tmp_path / "dumps").iterdir()) == sorted(f"{n}.dump" for n in (nasty, *stores))
    for dump in result.dumps:
        content = Path(dump.path).read_bytes()
        assert (dump.bytes, dump.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert Path(dump.path).stat().st_mode & 0o7777 == 0o600
        restore(target, dump.path)
        assert_same(source, target, dump.name)
    owners = "SELECT datname, pg_get_userbyid(datdba) FROM pg_database ORDER BY 1"
    assert set(target.sql(owners)) <= set(source.sql(owners))
    target.drop_all()
    target.sql("DROP ROLE bystander; DROP ROLE old_owner")


def test_a_second_run_replaces_the_first(source: Cluster, stores: list[str], request_for: Request) -> None:
    first = PostgreSQL().dump(request_for("acme_waweb")).dumps[0]
    Path(f"{first.path}.incomplete").write_text("what a killed run has left")
    source.sql("INSERT INTO users VALUES (1)", "acme_waweb")
    second = PostgreSQL().dump(request_for("acme_waweb")).dumps[0]
    source.sql("DELETE FROM users", "acme_waweb")
    assert (second.path, second.sha256 == first.sha256) == (first.path, False)
    assert [path.name for path in Path(first.path).parent.iterdir()] == ["acme_waweb.dump"]


def test_no_room(request_for: Request, stores: list[str], tmp_path: Path) -> None:
    request = request_for(*stores, free_space_factor=1e9)
    for attempt in (PostgreSQL().plan_dump, PostgreSQL().dump):
        with pytest.raises(DatabaseError, match=rf"^{tmp_path} has \d+ bytes free; \d+ are needed for dumps of 8 "):
            attempt(request)
    assert not (tmp_path / "dumps").exists()


def test_one_that_fails(source: Cluster, stores: list[str], request_for: Request, tmp_path: Path) -> None:
    """A table that the account may not read. Nothing is shown, not even what was complete."""
    source.sql("CREATE ROLE reader LOGIN PASSWORD 'r' IN ROLE pg_read_all_data")
    request = request_for(*stores, server=source.server.__class__("127.0.0.1", source.port, "reader", "r", "disable"))
    PostgreSQL().dump(request)
    source.sql("REVOKE pg_read_all_data FROM reader")
    earlier = {path.name: path.read_bytes() for path in (tmp_path / "dumps").iterdir()}
    with pytest.raises(DatabaseError, match=r"Dumping the database acme_\w+ of .* failed: pg_dump ended with .*denied"):
        PostgreSQL().dump(request)
    assert {path.name: path.read_bytes() for path in (tmp_path / "dumps").iterdir()} == earlier
    source.sql("DROP ROLE reader")


def test_databases_that_are_not_there(request_for: Request, stores: list[str]) -> None:
    with pytest.raises(DatabaseError, match=r"has no database acme_x, ACME_waweb\."):
        PostgreSQL().plan_dump(request_for("acme_waweb", "acme_x", "ACME_waweb"))
