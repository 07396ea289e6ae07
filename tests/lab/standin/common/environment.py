# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container's environment, read once."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION_FILE = Path("/opt/whatsapp/version")


def _flag(value: str | None) -> bool:
    return (value or "0").strip() in {"1", "true", "yes"}


@dataclass(frozen=True)
class Environment:
    """What the published environment variables say. Times are seconds."""

    version: str
    db_engine: str
    db_host: str
    db_port: int
    db_user: str
    db_password: str
    db_prefix: str
    multiconnect: bool
    master: bool
    config_on_db: bool
    db_upgrade: bool
    core_hostname: str
    node_hostname: str
    container_id: str
    jwt_key: str | None
    api_key: str | None
    server_name: str
    media: Path
    data: Path
    network: tuple[tuple[str, int], ...]
    start_seconds: float
    connect_seconds: float
    db_url: str | None = None

    @property
    def node(self) -> str:
        """The node's key in the health answer."""
        return f"{self.node_hostname}:{self.container_id}"


def _networks(value: str | None) -> tuple[tuple[str, int], ...]:
    if value:
        host, _, port = value.rpartition(":")
        return ((host, int(port)),)
    # Documented: port 5222 first, 443 when that is closed.
    return (("g.whatsapp.net", 5222), ("g.whatsapp.net", 443))


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Reads the environment; raises KeyError on a missing database variable."""
    url = environ.get("STANDIN_DB_URL")
    version = environ.get("STANDIN_VERSION") or (
        VERSION_FILE.read_text().strip() if VERSION_FILE.exists() else "2.57.2"
    )
    hostname = socket.gethostname()
    return Environment(
        version=version,
        db_engine=environ.get("WA_DB_ENGINE", "PGSQL"),
        db_host=environ.get("WA_DB_HOSTNAME", "") if url else environ["WA_DB_HOSTNAME"],
        db_port=int(environ.get("WA_DB_PORT", "5432")),
        db_user=environ.get("WA_DB_USERNAME", ""),
        db_password=environ.get("WA_DB_PASSWORD", ""),
        db_prefix=environ.get("WA_DB_NAME_PREFIX", ""),
        multiconnect=_flag(environ.get("WA_APP_MULTICONNECT")),
        master=_flag(environ.get("WA_MASTER_NODE")),
        config_on_db=_flag(environ.get("WA_CONFIG_ON_DB", "1")),
        db_upgrade=_flag(environ.get("WA_DB_UPGRADE")),
        core_hostname=environ.get("WACORE_HOSTNAME", "wacore"),
        node_hostname=environ.get("COREAPP_HOSTNAME") or hostname,
        # Docker names the host of a container after its short id unless told otherwise.
        container_id=environ.get("STANDIN_CONTAINER_ID") or hostname[:12],
        jwt_key=environ.get("WA_WEB_JWT_CRYPTO_KEY") or None,
        api_key=environ.get("WA_API_KEY") or None,
        server_name=environ.get("WA_WEB_SERVERNAME", "localhost"),
        media=Path(environ.get("STANDIN_MEDIA", "/usr/local/wamedia")),
        data=Path(environ.get("STANDIN_DATA", "/usr/local/waent/data")),
        network=_networks(environ.get("STANDIN_NETWORK")),
        start_seconds=float(environ.get("STANDIN_START_SECONDS", "2")),
        connect_seconds=float(environ.get("STANDIN_CONNECT_SECONDS", "1")),
        db_url=url,
    )
