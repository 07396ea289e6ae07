# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL server for a test, and what it says when asked by the stock clients."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from freezing import freeze

MARKER = "waba.migration test-1"
PASSWORD = r"pass'word \ with: \"everything\" ü"


def find_binaries() -> Path:
    """The directory with initdb; PG_BIN_DIRECTORY names it where the packages do not put it into the usual place."""
    named = os.environ.get("PG_BIN_DIRECTORY")
    found = [Path(named)] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in found:
        if (directory / "initdb").exists():
            return directory
    pytest.fail("There is no PostgreSQL server here: install the package postgresql or set PG_BIN_DIRECTORY.")


def unprivileged() -> dict[str, Any]:
    """How to start a server, which refuses to be run by root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if getpass.getuser() == "root" else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """One server with its data directory."""

    binaries: Path
    directory: Path
    port: int
    wal_directory: Path | None = None
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> Server:
        return Server("127.0.0.1", self.port, "postgres", PASSWORD, ssl_mode="disable")

    def initialise(self) -> None:
        password_file = self.directory.parent / f"{self.directory.name}.password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        if self.wal_directory:
            options.append(f"--waldir={self.wal_directory}")
        self._run("initdb", f"--pgdata={self.directory}", f"--pwfile={password_file}", *options)

    @property
    def certificate(self) -> Path:
        return self.directory / "server.crt"

    def make_certificate(self) -> None:
        """Have the server speak TLS from the next start on, with a certificate that is its own CA."""
        options = ["-x509", "-nodes", "-days", "1", "-newkey", "rsa:2048", "-subj", "/CN=test", "-batch"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(self.directory / "server.key"), "-out", str(self.certificate)]
        subprocess.run(
            ["/usr/bin/openssl", "req", *options, *names, *files],
            capture_output=True,
            check=True,
            umask=0o077,
            **unprivileged(),
        )

    def start(self) -> None:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.directory),
            "fsync": "off",
            "max_connections": "50",
            "ssl": "on" if self.certificate.exists() else "off",
            **self.settings,
        }
        argv = [str(self.binaries / "postgres"), "-D", str(self.directory)]
        argv += [f"--{name}={value}" for name, value in settings.items()]
        with (self.directory.parent / f"{self.directory.name}.log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True, **unprivileged())
        self._run("pg_isready", "--timeout=20", f"--host={self.directory}", f"--port={self.port}", until=0)

    def kill(self) -> None:
        """End the server as a power cut would, with all its backends, which are groups of their own."""
        assert self.process
        freeze(self.process.pid)
        backends = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for backend in backends:
            with suppress(ProcessLookupError):
                os.kill(backend, signal.SIGKILL)
        # As long as one of them is there, so is its shared memory, and a new server refuses to start.
        deadline = time.monotonic() + 10
        while any(is_alive(backend) for backend in backends):
            assert time.monotonic() < deadline, "backends of the killed server live on"
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)

    def restart(self) -> None:
        """Start the server anew, whether it has died or is trying to come back."""
        if self.process and self.process.poll() is None:
            self.kill()
        self.start()

    def sql(self, statement: str, database: str = "postgres") -> list[str]:
        """Ask with the stock client, independently of the code under test."""
        output = self._client("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, database=database)
        return output.splitlines()

    def script(self, path: Path, database: str) -> None:
        self._client(
            "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", f"database={database}", "-f", str(path), database=database
        )

    def dump(self, database: str) -> list[str]:
        """A stock dump, without what the copy leaves out and without the order of rows."""
        left_out = ["--no-owner", "--no-privileges", "--no-publications"]
        lines = self._client("pg_dump", "--create", *left_out, database=database).split("\n")
        return sorted_rows(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))

    def databases(self) -> list[str]:
        return self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1")

    def drop_all(self) -> None:
        for name in self.databases():
            quoted = name.replace('"', '""')
            self.sql(f'DROP DATABASE "{quoted}" WITH (FORCE)')

    def _client(self, tool: str, *arguments: str, database: str) -> str:
        argv = [str(self.binaries / tool), *arguments, "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        environment = {"PGPASSWORD": PASSWORD, "PGDATABASE": database, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run(argv, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "surrogateescape")

    def _run(self, tool: str, *arguments: str, until: int | None = None) -> None:
        for _attempt in range(100):
            done = subprocess.run(
                [str(self.binaries / tool), *arguments], capture_output=True, check=False, cwd="/", **unprivileged()
            )
            if until is None or done.returncode == until:
                break
            (self.process and self.process.poll() is None) or pytest.fail("The server ended while it was starting.")
        assert done.returncode == 0, done.stderr.decode()


def children_of(process: int) -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and parent_of(entry) == process
    ]


def is_alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def sorted_rows(lines: Iterator[str]) -> list[str]:
    """Sort the rows within each COPY block: pipes that run side by side put them down in another order."""
    result: list[str] = []
    rows: list[str] | None = None
    for line in lines:
        if rows is None:
            result.append(line)
            if line.startswith("COPY ") and line.endswith("FROM stdin;"):
                rows = []
        elif line == "\\.":
            result += [*sorted(rows), line]
            rows = None
        else:
            rows.append(line)
    return result


def new_cluster(directory: Path, wal_directory: Path | None = None, with_tls: bool = False, **settings: str) -> Cluster:
    cluster = Cluster(find_binaries(), directory, free_port(), wal_directory, settings)
    cluster.initialise()
    if with_tls:
        cluster.make_certificate()
    cluster.start()
    return cluster


def assert_same(source: Cluster, target: Cluster, database: str) -> None:
    """Compare stock dumps of both sides. Only the databases' comments differ, since the target's is the marker."""
    question = "SELECT quote_nullable(shobj_description(oid, 'pg_database')) FROM pg_database"
    comment = source.sql(f"{question} WHERE datname = current_database()", database)
    quoted = database.replace('"', '""')
    target.sql(f'COMMENT ON DATABASE "{quoted}" IS ' + "\n".join(comment))
    assert target.dump(database) == source.dump(database)
