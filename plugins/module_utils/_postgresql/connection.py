# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tools are told about the servers: files that only we can read. Private; may change at any time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._copy_files import (
    PrivateDirectory,
    append_private,
    root_certificate,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import conninfo, startup_options

# What the servers see us as; each run adds something of its own, by which it can find what it left running there.
APPLICATION_PREFIX = "waba.migration "
# What a server or a role may have set otherwise and what would change the text of a value or end a long copy.
PINNED_SETTINGS = {
    "search_path": "",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "0",
    "client_min_messages": "warning",
}
READ_ONLY_SETTINGS = {**PINNED_SETTINGS, "default_transaction_read_only": "on"}
# The copy is hidden until a synchronous commit shows it, and that one flushes all that was written before.
LOAD_SETTINGS = {**PINNED_SETTINGS, "synchronous_commit": "off"}
# A dead server or a cut link is noticed within half a minute, in whatever a connection is waiting for.
LINK_PARAMETERS = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "gssencmode": "disable",
}


def service_section(
    name: str, server: Server, settings: Mapping[str, str], password_file: str, application: str
) -> str:
    """One section of the service file. Values stand in it as they are: it knows no quoting, only lines."""
    parameters = {
        "host": server.host,
        "port": str(server.port),
        "user": server.user,
        "passfile": password_file,
        "sslmode": server.ssl_mode,
        **({"sslrootcert": root_certificate(server)} if server.ssl_mode.startswith("verify") else {}),
        "application_name": application,
        **LINK_PARAMETERS,
        "options": startup_options(settings),
    }
    for key, value in parameters.items():
        if "\n" in value:
            raise DatabaseError(f"The parameter {key} of the connection to {server} must not have a line break.")
    return "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in parameters.items())]) + "\n"


def password_line(server: Server) -> str:
    if "\n" in server.password or "\0" in server.password:
        raise DatabaseError(f"The password for {server} must not have a line break or a NUL character.")
    return "*:*:*:*:" + server.password.replace("\\", "\\\\").replace(":", "\\:") + "\n"


class Connections:
    """A private directory with a service file and password files, gone when this ends."""

    def __init__(self, parent: str) -> None:
        self._private = PrivateDirectory(parent)
        self.application = APPLICATION_PREFIX + secrets.token_hex(8)

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

    def add(self, name: str, server: Server, settings: Mapping[str, str]) -> None:
        password_file = self.directory / f"{name}.pass"
        append_private(password_file, password_line(server))
        append_private(
            self._service_file, service_section(name, server, settings, str(password_file), self.application)
        )

    def environment(self) -> dict[str, str]:
        """The whole environment of a tool: nothing of the caller's own can change what it connects to."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "HOME": str(self.directory),
            "PGSERVICEFILE": str(self._service_file),
        }

    @staticmethod
    def address(name: str, database: str, **more: str) -> str:
        """What a tool takes as its database."""
        return conninfo({"service": name, "dbname": database, **more})

    @property
    def _service_file(self) -> Path:
        return self.directory / "pg_service.conf"
