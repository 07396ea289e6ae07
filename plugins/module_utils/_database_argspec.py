# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that the database modules share. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql.engine import MySQL
from ansible_collections.waba.migration.plugins.module_utils._postgresql.engine import PostgreSQL

if TYPE_CHECKING:
    from ansible_collections.waba.migration.plugins.module_utils._database import Engine

SSL_MODES = ["verify-full", "verify-ca", "require", "disable"]
ENGINES: dict[str, Callable[[], Engine]] = {"postgresql": PostgreSQL, "mysql": MySQL}
PORTS = {"postgresql": 5432, "mysql": 3306}


def server_argument_spec() -> dict[str, Any]:
    return {
        "login_host": {"type": "str", "required": True},
        "login_port": {"type": "int"},
        "login_user": {"type": "str", "required": True},
        "login_password": {"type": "str", "required": True, "no_log": True},
        "ssl_mode": {"type": "str", "choices": SSL_MODES, "default": "verify-full"},
        "ca_path": {"type": "path"},
    }


def link_argument_spec() -> dict[str, Any]:
    return {
        "type": "dict",
        "options": {
            "host": {"type": "str"},
            "port": {"type": "int"},
            "ssl_mode": {"type": "str", "choices": SSL_MODES},
            "ca_path": {"type": "path"},
        },
    }


def engine_argument_spec() -> dict[str, Any]:
    return {
        "engine": {"type": "str", "choices": list(ENGINES), "default": "postgresql"},
        "bin_directory": {"type": "path"},
    }


def server_from(options: Mapping[str, Any], engine: str) -> Server:
    return Server(
        host=options["login_host"],
        port=options["login_port"] or PORTS[engine],
        user=options["login_user"],
        password=options["login_password"],
        ssl_mode=options["ssl_mode"],
        ca_path=options["ca_path"],
    )


def link_from(options: Mapping[str, Any] | None, server: Server) -> Server:
    """How another server reaches this one. Its account is put in when it is known."""
    given = options or {}
    return Server(
        host=given.get("host") or server.host,
        port=given.get("port") or server.port,
        user="",
        password="",
        ssl_mode=given.get("ssl_mode") or server.ssl_mode,
        ca_path=given.get("ca_path") or server.ca_path,
    )


def engine_named(name: str) -> Engine:
    return ENGINES[name]()
