# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one server connects to the other to fetch changes, and the account for it. Private; may change at any time."""

from __future__ import annotations

import secrets

from ansible_collections.waba.migration.plugins.module_utils._copy_files import root_certificate
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._scram import verifier

SALT_BYTES = 16
ITERATIONS = 4096
PASSWORD_BYTES = 24


def new_password() -> str:
    return secrets.token_hex(PASSWORD_BYTES)


def salted(password: str) -> str:
    """What a server is told instead of the password."""
    return verifier(password, secrets.token_bytes(SALT_BYTES), ITERATIONS)


def link_conninfo(link: Server, database: str) -> str:
    # A file of the server that connects, which this host may not have.
    certificate = (link.ca_path or root_certificate(link)) if link.ssl_mode.startswith("verify") else None
    return replica_sql.source_conninfo(link, certificate, database)


def try_link(session: Session, name: str, link: Server, database: str) -> None:
    """From the server that will have to connect, whose session this is. Nothing is left of it.

    Where a publication of that name is there already, its tables would be looked for in the session's own database.
    """
    session.execute(*replica_sql.LOG_NOTHING, *replica_sql.try_subscription(name, link_conninfo(link, database)))
