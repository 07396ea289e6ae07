# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tools are told about the servers: option files that only we can read. Private; may change at any time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._copy_files import (
    PrivateDirectory,
    append_private,
    root_certificate,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server

MYSQL = "mysql"
MARIADB = "mariadb"
# A row travels as one statement, and this is the most that a server and a client ever take.
LARGEST_PACKET = 1024**3
# What a server may have set otherwise and what would change the text of a value or end a long copy. Strict, so that a
# value that does not fit is an error; and with dates that need not exist, since those are kept as they are.
PINNED_SETTINGS = {
    "sql_mode": "'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'",
    "time_zone": "'+00:00'",
    "wait_timeout": "86400",
    "net_read_timeout": "86400",
    "net_write_timeout": "86400",
    "lock_wait_timeout": "30",
}
READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
# A server of MySQL 8 would answer questions about sizes and counters from what it knew a day ago. MariaDB skips this.
FRESH_STATISTICS = "/*!80000 SET SESSION information_schema_stats_expiry = 0 */"
LOAD_SETTINGS = {**PINNED_SETTINGS, "foreign_key_checks": "0", "unique_checks": "0"}
# MariaDB's dumps name values for generated columns, which are ignored, but are errors to a strict session.
LENIENT_SETTINGS = {
    **LOAD_SETTINGS,
    "sql_mode": "'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'",
}
MYSQL_SSL_MODES = {
    "verify-full": "VERIFY_IDENTITY",
    "verify-ca": "VERIFY_CA",
    "require": "REQUIRED",
    "disable": "DISABLED",
}


@dataclass(frozen=True)
class Service:
    """A server and what holds for every session of ours on it."""

    server: Server
    settings: Mapping[str, str]
    statements: tuple[str, ...] = ()

    @property
    def first_statements(self) -> str:
        assignments = ", ".join(f"SESSION {name} = {value}" for name, value in self.settings.items())
        return "; ".join([f"SET {assignments}", *self.statements])


def option_file(service: Service, flavour: str) -> str:
    """The options of one server, in the words of one flavour's tools."""
    server = service.server
    where = {"socket": server.host} if server.host.startswith("/") else {"host": server.host, "protocol": "TCP"}
    client = {
        **where,
        "port": str(server.port),
        "user": server.user,
        "password": server.password,
        **ssl_options(server, flavour),
    }
    tools = {"default-character-set": "utf8mb4", "max-allowed-packet": str(LARGEST_PACKET)}
    sections = {
        "client": client,
        "mysql": {
            **tools,
            "connect-timeout": "10",
            "reconnect": "0",
            "local-infile": "0",
            # MariaDB's client would put the rows that it could not write into its error.
            "loose-print-query-on-error": "0",
            "init-command": service.first_statements,
        },
        "mysqldump": tools,
    }
    return "".join(_section(name, options, server) for name, options in sections.items())


def ssl_options(server: Server, flavour: str) -> dict[str, str]:
    """MariaDB's client cannot check the CA alone: there C(verify-ca) is as strict as C(verify-full)."""
    verified = {"ssl-ca": root_certificate(server)} if server.ssl_mode.startswith("verify") else {}
    if flavour == MYSQL:
        # Without TLS the password is encrypted with the server's key, which has to be asked for.
        public_key = {"get-server-public-key": "1"} if server.ssl_mode == "disable" else {}
        return {"ssl-mode": MYSQL_SSL_MODES[server.ssl_mode], **verified, **public_key}
    if server.ssl_mode == "disable":
        return {"ssl": "0"}
    return {"ssl": "1", "ssl-verify-server-cert": "1" if verified else "0", **verified}


def _section(name: str, options: Mapping[str, str], server: Server) -> str:
    return "\n".join([f"[{name}]", *(f"{key}={_value(key, value, server)}" for key, value in options.items())]) + "\n"


def _value(key: str, value: str, server: Server) -> str:
    if "\0" in value or "\n" in value or "\r" in value:
        raise DatabaseError(f"The {key} for {server} must not have a line break or a NUL character.")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Connections:
    """A private directory with one option file for each server, gone when this ends."""

    def __init__(self, parent: str) -> None:
        self._private = PrivateDirectory(parent)
        self._services: dict[str, Service] = {}
        self._flavour = MYSQL

    def __enter__(self) -> Connections:
        self._private.__enter__()
        return self

    def __exit__(self, *unused: object) -> None:
        self.forget()

    def forget(self) -> None:
        """Remove the files. Connections that are open go on; new ones cannot be made any more."""
        self._private.remove()

    @property
    def directory(self) -> Path:
        return self._private.path

    def add(self, name: str, service: Service) -> None:
        self._services[name] = service
        self._write(name)

    def speak(self, flavour: str) -> None:
        """From now on the option files are for the tools of this flavour."""
        if flavour != self._flavour:
            self._flavour = flavour
            for name in self._services:
                self._write(name)

    def server(self, name: str) -> Server:
        return self._services[name].server

    def environment(self) -> dict[str, str]:
        """The whole environment of a tool: nothing of the caller's own can change what it connects to."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(self.directory)}

    def options(self, name: str) -> str:
        """What a tool takes as its first argument."""
        return f"--defaults-file={self._file(name)}"

    def _file(self, name: str) -> Path:
        return self.directory / f"{name}.cnf"

    def _write(self, name: str) -> None:
        path = self._file(name)
        if path.exists():
            path.unlink()
        append_private(path, option_file(self._services[name], self._flavour))
