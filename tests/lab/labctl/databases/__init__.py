# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's two database servers, of whichever engine the lab has."""

from __future__ import annotations

from labctl.databases.mysql import MySQL
from labctl.databases.postgresql import PostgreSQL
from labctl.databases.server import FOREIGN_DATABASES, FOREIGN_OWNER, Database, Server
from labctl.layout import POSTGRESQL, Lab
from labctl.state import State

__all__ = ["FOREIGN_DATABASES", "FOREIGN_OWNER", "Database", "Server", "server"]


def server(lab: Lab, state: State, host: str) -> Server:
    """The database server of a host."""
    engine = state.database_engine
    return PostgreSQL(lab, host, engine) if engine is POSTGRESQL else MySQL(lab, host, engine)
