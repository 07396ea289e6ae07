# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real PostgreSQL servers, started and removed by the tests themselves."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from ansible_collections.waba.migration.plugins.module_utils._postgresql.engine import PostgreSQL

# The tests are imported by their paths, so that their directory is not on the search path by itself.
sys.path.insert(0, str(Path(__file__).parent))

from fingerprint_module import Fingerprint
from postgresql_cluster import MARKER, PASSWORD, Cluster, new_cluster, unprivileged
from replica_module import CONTENT, ReplicaModules


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="waba-database-", dir="/tmp"))
    if unprivileged():
        shutil.chown(directory, "postgres")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def source(server_directory: Path) -> Iterator[Cluster]:
    cluster = new_cluster(
        server_directory / "source", with_tls=True, wal_level="logical", wal_retrieve_retry_interval="50ms"
    )
    cluster.sql("CREATE ROLE bystander")
    cluster.sql("CREATE ROLE old_owner LOGIN")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def target_cluster(server_directory: Path) -> Iterator[Cluster]:
    cluster = new_cluster(server_directory / "target", wal_retrieve_retry_interval="50ms")
    cluster.sql("CREATE ROLE wa LOGIN")
    yield cluster
    cluster.stop()


@pytest.fixture
def target(target_cluster: Cluster) -> Iterator[Cluster]:
    """The target, empty before and after each test."""
    yield target_cluster
    if target_cluster.process is None or target_cluster.process.poll() is not None:
        target_cluster.start()
    target_cluster.drop_all()


@pytest.fixture
def request_for(source: Cluster, target: Cluster, tmp_path: Path) -> Callable[..., CopyRequest]:
    """A request to copy the named databases, with any option replaced."""

    def make(*databases: str, **options: Any) -> CopyRequest:
        values: dict[str, Any] = {
            "source": source.server,
            "target": target.server,
            "databases": list(databases),
            "owner": "wa",
            "jobs": 2,
            "marker": MARKER,
            "replace_marker": None,
            "require_idle_source": True,
            "bin_directory": str(source.binaries),
            "temporary_directory": str(tmp_path),
            **options,
        }
        return CopyRequest(**values)

    return make


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Callable[[CopyRequest], CopyResult]]:
    """Copy, and see to it that no file is left behind, whatever became of it."""

    def run(request: CopyRequest) -> CopyResult:
        with Progress(str(tmp_path / "progress.json")) as progress:
            return PostgreSQL().copy(request, progress)

    yield run
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("waba-migration-")] == []


@pytest.fixture
def fingerprint(
    source: Cluster, target_cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Fingerprint]:
    """database_fingerprint between both servers. Whatever a test held is released."""
    module = Fingerprint(source, target_cluster, tmp_path, capsys)
    yield module
    module("released")


@pytest.fixture
def replica(
    source: Cluster, target: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[ReplicaModules]:
    """The modules of live mode between both servers. Whatever a test left is removed."""
    modules = ReplicaModules(source, target, tmp_path, capsys)
    yield modules
    modules.remove()


@pytest.fixture(scope="session")
def live_template(source: Cluster) -> str:
    source.sql("CREATE DATABASE template_live")
    source.sql(CONTENT, "template_live")
    return "template_live"


@pytest.fixture
def live_pair(source: Cluster, live_template: str, replica: ReplicaModules) -> Iterator[list[str]]:
    """Two databases of a client."""
    names = ["live_messageStore", "live_configStore"]
    for name in names:
        source.sql(f'CREATE DATABASE "{name}" TEMPLATE {live_template}')
    yield names
    replica.remove()
    for name in names:
        source.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def live(source: Cluster, live_template: str, replica: ReplicaModules) -> Iterator[str]:
    """One database of a client."""
    source.sql(f"CREATE DATABASE live_one TEMPLATE {live_template}")
    yield "live_one"
    replica.remove()
    source.sql("DROP DATABASE live_one WITH (FORCE)")


@pytest.fixture
def in_use(source: Cluster) -> Callable[[str], AbstractContextManager[None]]:
    """Hold a session on a database of the source, as a client would."""

    @contextmanager
    def hold(database: str) -> Iterator[None]:
        argv = [str(source.binaries / "psql"), "-XAtq", "-h", "127.0.0.1", "-p", str(source.port), "-U", "postgres"]
        environment = {"PGPASSWORD": PASSWORD, "PGDATABASE": database}
        with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
            assert session.stdin
            assert session.stdout
            session.stdin.write(b"SELECT 1;\n")
            session.stdin.flush()
            session.stdout.readline()
            yield

    return hold


@pytest.fixture(scope="session")
def stores(source: Cluster) -> list[str]:
    """A small client: eight databases of some tables and 20,000 messages."""
    names = ["waweb", "messageStore", "callbackStore", "contactStore"]
    names += ["axolotlStore", "configStore", "clusterStore", "jobqueueStore"]
    for name in names:
        source.sql(f'CREATE DATABASE "acme_{name}" OWNER old_owner')
        for number in range(4):
            source.sql(
                f"CREATE TABLE t{number} (id bigserial PRIMARY KEY, a text, b jsonb); CREATE INDEX ON t{number} (a); "
                f"INSERT INTO t{number} (a, b) SELECT md5(g::text), '{{}}' FROM generate_series(1, 100) g",
                f"acme_{name}",
            )
    source.sql("CREATE TABLE users (id int); CREATE TABLE tokens (id int)", "acme_waweb")
    source.sql(
        "CREATE TABLE messages (id bigserial PRIMARY KEY, body jsonb); INSERT INTO messages (body) "
        "SELECT jsonb_build_object('text', repeat(md5(g::text), 6)) FROM generate_series(1, 20000) g",
        "acme_messageStore",
    )
    return [f"acme_{name}" for name in names]


@pytest.fixture(scope="session")
def nasty(source: Cluster) -> str:
    source.sql(
        "CREATE DATABASE \"acme_nasty Ünï.'x\" OWNER old_owner TEMPLATE template0 ENCODING 'UTF8' "
        "LOCALE_PROVIDER icu ICU_LOCALE 'sv' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
    )
    source.script(Path(__file__).with_name("nasty.sql"), "acme_nasty Ünï.'x")
    return "acme_nasty Ünï.'x"


@pytest.fixture(scope="session")
def bulky(source: Cluster) -> str:
    """About 150 MB in two tables: enough to be met in the middle of its copy."""
    source.sql("CREATE DATABASE acme_bulky")
    source.sql(
        "CREATE TABLE first (id bigint PRIMARY KEY, t text); CREATE TABLE second (LIKE first INCLUDING ALL); "
        "INSERT INTO first SELECT g, repeat(md5(g::text), 8) FROM generate_series(1, 230000) g; "
        "INSERT INTO second SELECT * FROM first",
        "acme_bulky",
    )
    return "acme_bulky"
