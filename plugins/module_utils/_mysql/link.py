# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one server connects to another by itself. Private to this collection; may change at any time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from ansible_collections.waba.migration.plugins.module_utils._copy_files import root_certificate
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import channel_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Channel, Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import Words
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session

# How long a server may take to connect to the other one, or to say why it does not.
CONNECT_SECONDS = 15.0
PASSWORD_BYTES = 12
EVERY_KIND = "-Aa1"
LOOK_SECONDS = 0.05


def new_password() -> str:
    """Of all kinds of characters that a server's policy may ask for."""
    return secrets.token_hex(PASSWORD_BYTES) + EVERY_KIND


def certificate_of(link: Server) -> str | None:
    """A file of the server that connects, which this host may not have."""
    return (link.ca_path or root_certificate(link)) if link.ssl_mode.startswith("verify") else None


def try_link(
    session: Session, words: Words, link: Server, position: Position, anonymous: bool
) -> tuple[int, str] | None:
    """From the server that will have to connect: the error that it meets, or None. Nothing is left of it.

    The channel is the one of the words.
    """
    if link.host.startswith("/"):
        return 0, "a server follows no directory of a socket; link says how it reaches the other one"
    try:
        connect = words.connect(link, certificate_of(link), position)
        session.execute(connect, *words.identify(anonymous), words.start_receiver())
        channel = channel_once(session, words, lambda found: found.receiving or bool(found.receive_error))
    finally:
        session.execute(words.stop(), words.forget())
    if channel.receiving:
        return None
    return channel.receive_error, channel.receive_text or f"no answer within {CONNECT_SECONDS:g} s"


def channel_once(session: Session, words: Words, is_so: Callable[[Channel], bool]) -> Channel:
    """The channel when it is so, or as it is when that takes too long."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        channel = channel_on(session, words)
        if channel is None:
            raise ToolError(f"the channel {words.name} is gone")
        if is_so(channel) or time.monotonic() > deadline:
            return channel
        time.sleep(LOOK_SECONDS)
