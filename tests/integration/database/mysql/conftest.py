# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real servers of one flavour, the one that is installed, started and removed by the tests themselves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from ansible_collections.waba.migration.plugins.module_utils._mysql.engine import MySQL
from mysql_server import MARIADB, MARKER, Instance, new_instance, unprivileged
from replica_mysql import CONTENT, ReplicaModules

# What the one flavour has and the other has not.
collect_ignore = ["test_way_back_mysql.py" if MARIADB else "test_way_back_mariadb.py"]
NASTY = "acme_nasty Ünï.x%"
GTID_OFF = () if MARIADB else ("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="waba-mysql-", dir="/tmp"))
    if unprivileged():
        shutil.chown(directory, "mysql")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def source(server_directory: Path) -> Iterator[Instance]:
    logged = ["--log-bin=binary"] if MARIADB else []
    instance = new_instance(server_directory / "source", 1, "--max-allowed-packet=256M", *logged)
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def target_instance(server_directory: Path) -> Iterator[Instance]:
    instance = new_instance(server_directory / "target", 2, "--log-bin=binary", *GTID_OFF)
    yield instance
    instance.stop()


@pytest.fixture
def target(target_instance: Instance) -> Iterator[Instance]:
    """The target, empty before and after each test."""
    yield target_instance
    if target_instance.process is None or target_instance.process.poll() is not None:
        target_instance.start()
    target_instance.drop_all()


@pytest.fixture
def request_for(source: Instance, target: Instance, tmp_path: Path) -> Callable[..., CopyRequest]:
    """A request to copy the named databases, with any option replaced."""

    def make(*databases: str, **options: Any) -> CopyRequest:
        values: dict[str, Any] = {
            "source": source.server,
            "target": target.server,
            "databases": list(databases),
            "owner": "acme",
            "jobs": 2,
            "marker": MARKER,
            "replace_marker": None,
            "require_idle_source": True,
            "bin_directory": None,
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
            return MySQL().copy(request, progress)

    yield run
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("waba-migration-")] == []


@pytest.fixture(scope="session")
def stores(source: Instance) -> list[str]:
    """A small client: eight databases of some tables and 20,000 messages."""
    names = ["waweb", "messageStore", "callbackStore", "contactStore"]
    names += ["axolotlStore", "configStore", "clusterStore", "jobqueueStore"]
    numbers = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {}) "
    for name in names:
        source.sql(f"CREATE DATABASE `acme_{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        for number in range(4):
            source.sql(
                f"CREATE TABLE t{number} (id bigint AUTO_INCREMENT PRIMARY KEY, a varchar(64), b json, KEY (a)); "
                f"INSERT INTO t{number} (a, b) {numbers.format(100)} SELECT SHA2(n, 256), '{{}}' FROM s",
                f"acme_{name}",
            )
    source.sql("CREATE TABLE users (id int); CREATE TABLE tokens (id int)", "acme_waweb")
    recursion = (
        "SET SESSION max_recursive_iterations = 30000" if MARIADB else "SET SESSION cte_max_recursion_depth = 30000"
    )
    source.sql(
        "CREATE TABLE messages (id bigint AUTO_INCREMENT PRIMARY KEY, body json); "
        f"{recursion}; INSERT INTO messages (body) {numbers.format(20000)} "
        "SELECT JSON_OBJECT('text', REPEAT(SHA2(n, 224), 6)) FROM s",
        "acme_messageStore",
    )
    return [f"acme_{name}" for name in names]


@pytest.fixture(scope="session")
def nasty(source: Instance) -> str:
    source.script(Path(__file__).with_name("nasty.sql").read_text(encoding="utf-8"))
    return NASTY


@pytest.fixture(scope="session")
def bulky(source: Instance) -> str:
    """About 150 MB in two tables: enough to be met in the middle of its copy."""
    source.sql("CREATE DATABASE acme_bulky")
    doubling = "; ".join(["INSERT INTO first (t) SELECT t FROM first"] * 16)
    source.sql(
        "CREATE TABLE first (id bigint AUTO_INCREMENT PRIMARY KEY, t varchar(2000), KEY (t(20))); "
        "CREATE TABLE second LIKE first; INSERT INTO first (t) VALUES (REPEAT('x', 900)), (REPEAT('y', 900)); "
        f"{doubling}; INSERT INTO second SELECT * FROM first; ANALYZE TABLE first, second",
        "acme_bulky",
    )
    return "acme_bulky"


@pytest.fixture
def replica(
    source: Instance, target: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[ReplicaModules]:
    """database_replica and database_cut between both servers. Whatever a test left is removed."""
    if MARIADB:
        source.sql("SET GLOBAL binlog_format = 'ROW'")
    else:
        target.sql("SET GLOBAL gtid_mode = OFF_PERMISSIVE")
    modules = ReplicaModules(source, target, tmp_path, capsys)
    yield modules
    modules.remove()
    if not MARIADB:
        target.sql("SET GLOBAL gtid_mode = OFF")


@pytest.fixture
def live_pair(source: Instance, replica: ReplicaModules) -> Iterator[list[str]]:
    """Two databases of a client."""
    names = ["live_messageStore", "live_configStore"]
    for name in names:
        source.sql(f"CREATE DATABASE {name}; USE {name}; {CONTENT}")
    yield names
    replica.remove()
    for name in names:
        source.sql(f"DROP DATABASE {name}")


@pytest.fixture
def live(source: Instance, replica: ReplicaModules) -> Iterator[str]:
    """One database of a client."""
    source.sql(f"CREATE DATABASE live_one; USE live_one; {CONTENT}")
    yield "live_one"
    replica.remove()
    source.sql("DROP DATABASE live_one")
