# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MySQL or MariaDB server for a test, and what it says when asked by the stock clients."""

from __future__ import annotations

import getpass
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from freezing import freeze

MARKER = "waba.migration test-1"
PASSWORD = r"pass'word \ with: \"everything\" # ü"
MARIADB = bool(shutil.which("mariadbd"))
CLIENT = "mariadb" if MARIADB else "mysql"
DUMP = "mariadb-dump" if MARIADB else "mysqldump"
# The server's own databases, and what a copy remembers of itself.
NOT_OURS = ("information_schema", "mysql", "performance_schema", "sys", "waba_migration")
FAST = ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--innodb-buffer-pool-size=256M"]
FAST += [] if MARIADB else ["--mysqlx=OFF", "--innodb-doublewrite=OFF", "--secure-file-priv=NULL"]


def unprivileged() -> dict[str, Any]:
    """How to start a server, which refuses to be run by root."""
    return {"user": "mysql", "group": "mysql", "extra_groups": []} if getpass.getuser() == "root" else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Instance:
    """One server with its data directory."""

    directory: Path
    number: int
    options: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> Server:
        return Server("127.0.0.1", self.port, "root", PASSWORD, "verify-full", str(self.certificate))

    @property
    def certificate(self) -> Path:
        return self.directory / "cert.pem"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def initialise(self) -> None:
        self.directory.mkdir(exist_ok=True)
        if unprivileged():
            shutil.chown(self.directory, "mysql", "mysql")
        if MARIADB:
            program = [
                "mariadb-install-db",
                "--no-defaults",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ]
        else:
            program = ["mysqld", "--no-defaults", "--initialize-insecure", *FAST]
        self._run(*program, f"--datadir={self.directory / 'data'}")
        options = ["-x509", "-nodes", "-days", "1", "-newkey", "rsa:2048", "-subj", "/CN=test", "-batch"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(self.directory / "key.pem"), "-out", str(self.certificate)]
        self._run("openssl", "req", *options, *names, *files)

    def start(self) -> None:
        settings = {
            "datadir": self.directory / "data",
            "socket": self.directory / "socket",
            "pid-file": self.directory / "pid",
            "port": self.port,
            "bind-address": "127.0.0.1",
            "skip-name-resolve": "ON",
            "server-id": self.number,
            "ssl-cert": self.certificate,
            "ssl-key": self.directory / "key.pem",
        }
        argv = ["mariadbd" if MARIADB else "mysqld", "--no-defaults", *FAST]
        argv += [*(f"--{name}={value}" for name, value in settings.items()), *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True, **unprivileged())
        deadline = time.monotonic() + 30
        while self._answers() != 0:
            running = self.process.poll() is None and time.monotonic() < deadline
            running or pytest.fail("The server did not start: " + self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.05)

    def secure(self) -> None:
        """Give root a password, and a way in over TCP."""
        quoted = "'" + PASSWORD.replace("\\", "\\\\").replace("'", "\\'") + "'"
        accounts = [
            f"CREATE USER root@'%' IDENTIFIED BY {quoted} REQUIRE SSL",
            "GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION",
            # MariaDB makes an account for this address, which would be the nearer one.
            "DROP USER IF EXISTS root@'127.0.0.1'",
            "CREATE USER acme@'%' IDENTIFIED BY 'secret'",
            f"ALTER USER root@localhost IDENTIFIED BY {quoted}",
        ]
        argv = [
            CLIENT,
            "--no-defaults",
            f"--socket={self.directory / 'socket'}",
            "--user=root",
            "--batch",
            "--default-character-set=utf8mb4",
        ]
        subprocess.run([*argv, "--execute=" + ";".join(accounts)], check=True)
        # The code under test gets its password into a file; this one must not depend on how.
        value = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        self._client_file.write_text(f'[client]\nuser=root\npassword="{value}"\n', encoding="utf-8")

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        assert self.process
        freeze(self.process.pid)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def sql(self, statement: str, database: str = "mysql") -> list[str]:
        """Ask with the stock client, independently of the code under test."""
        return self._client(CLIENT, "--batch", "-N", f"--database={database}", f"--execute={statement}").splitlines()

    def script(self, text: str) -> None:
        self._client(CLIENT, "--batch", "--binary-mode", given=text.encode())

    def restore(self, path: Path) -> None:
        """Run what a dump program has written."""
        self._client(CLIENT, "--binary-mode", given=path.read_bytes())

    def dump(self, database: str, but_for: Sequence[str] = ()) -> list[str]:
        """A stock dump of all that a database holds."""
        left_out = [f"--ignore-table={database}.{name}" for name in but_for]
        more = [] if MARIADB else ["--set-gtid-purged=OFF"]
        contents = ["--routines", "--events", "--triggers", "--hex-blob", "--order-by-primary", "--skip-comments"]
        rows = ["--skip-extended-insert", "--single-transaction", "--max-allowed-packet=1G"]
        return self._client(DUMP, *contents, *rows, *more, *left_out, "--databases", database).split("\n")

    def databases(self) -> list[str]:
        found = self.sql("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY CAST(SCHEMA_NAME AS BINARY)")
        return [name for name in found if name not in NOT_OURS]

    def ledger(self) -> list[str]:
        return self.sql("SELECT name, marker, state FROM waba_migration.copies ORDER BY name")

    def drop_all(self) -> None:
        for name in self.databases():
            self.sql("SET foreign_key_checks = 0; DROP DATABASE `" + name.replace("`", "``") + "`")
        self.sql("DROP DATABASE IF EXISTS waba_migration")

    def client_arguments(self, database: str) -> list[str]:
        """A client that stays open and answers at once."""
        options = [f"--defaults-file={self._client_file}", f"--socket={self.directory / 'socket'}"]
        return [CLIENT, *options, "--batch", "-N", "--unbuffered", f"--database={database}"]

    @property
    def _client_file(self) -> Path:
        return self.directory / "client.cnf"

    def _answers(self) -> int:
        argv = [f"{CLIENT}-admin" if MARIADB else "mysqladmin", "--no-defaults", "--silent", "ping"]
        return subprocess.run(
            [*argv, f"--socket={self.directory / 'socket'}"], capture_output=True, check=False
        ).returncode

    def _client(self, tool: str, *arguments: str, given: bytes | None = None) -> str:
        options = [f"--defaults-file={self._client_file}", f"--socket={self.directory / 'socket'}"]
        argv = [tool, *options, "--default-character-set=utf8mb4", *arguments]
        done = subprocess.run(argv, input=given, capture_output=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{tool} failed: " + done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "surrogateescape")

    @staticmethod
    def _run(*argv: str) -> None:
        done = subprocess.run(argv, capture_output=True, check=False, cwd="/", **unprivileged())
        assert done.returncode == 0, done.stderr.decode()


def new_instance(directory: Path, number: int, *options: str) -> Instance:
    instance = Instance(directory, number, options)
    instance.initialise()
    instance.start()
    instance.secure()
    return instance


def assert_same(
    source: Instance, target: Instance, database: str, definers: Sequence[str] = (), but_for: Sequence[str] = ()
) -> None:
    """Compare stock dumps of both sides. Definers that the target does not know are the owner there."""
    there = [without_charset(line) for line in source.dump(database, but_for)]
    for definer in definers:
        there = [line.replace(f"DEFINER={definer}", "DEFINER=`acme`@`%`") for line in there]
    here = [without_charset(line) for line in target.dump(database, but_for)]
    different = [(a[:300], b[:300]) for a, b in zip_longest(there, here, fillvalue="") if a != b]
    if different:
        pytest.fail(f"{len(different)} lines of the dumps of {database} differ: {different[:5]}")


def without_charset(line: str) -> str:
    """MySQL shows the character set of a column whose collation was named when it was made, as dumps do."""
    return re.sub(r"^(  `.*?)CHARACTER SET \w+ (COLLATE \w+)", r"\1\2", line)
