# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's databases: the eight that it has, three of them large."""

from __future__ import annotations

from dataclasses import dataclass

ROWS = 100_000
"""How many are made by one statement."""


@dataclass(frozen=True)
class Table:
    """A table, and how many rows of it are in a gigabyte of data."""

    database: str
    name: str
    columns: str
    values: str
    """Of row number n, where {hash} is a long text that looks random."""
    indexes: tuple[str, ...]
    per_gigabyte: int = 0

    def rows(self, gigabytes: float) -> int:
        return int(self.per_gigabyte * gigabytes) or 50


_PAYLOAD = 'CONCAT(\'{{"type": "text", "text": {{"body": "\', {hash}, \' \', {hash}, \' \', {hash}, \'"}}}}\')'

LARGE = (
    Table(
        "acme_messageStore",
        "messages",
        "message_id varchar(64) NOT NULL, wa_id varchar(20) NOT NULL, status int NOT NULL, created bigint NOT NULL, "
        "payload text NOT NULL",
        f"{{hash}}, CONCAT('1555', n % 9973), n % 5, 1600000000 + n, {_PAYLOAD}",
        (
            "CREATE UNIQUE INDEX messages_id ON messages (message_id)",
            "CREATE INDEX messages_of ON messages (wa_id, created)",
            "CREATE INDEX messages_open ON messages (status, created)",
        ),
        1_040_000,
    ),
    Table(
        "acme_callbackStore",
        "callbacks",
        "message_id varchar(64) NOT NULL, created bigint NOT NULL, payload text NOT NULL",
        f"{{hash}}, 1600000000 + n, {_PAYLOAD}",
        (
            "CREATE INDEX callbacks_of ON callbacks (message_id)",
            "CREATE INDEX callbacks_created ON callbacks (created)",
        ),
        624_000,
    ),
    Table(
        "acme_contactStore",
        "contacts",
        "wa_id varchar(20) NOT NULL, payload text NOT NULL",
        f"CONCAT('1555', n), {_PAYLOAD}",
        ("CREATE UNIQUE INDEX contacts_id ON contacts (wa_id)",),
        156_000,
    ),
)
SMALL = tuple(
    Table(f"acme_{name}", "settings", "name varchar(64) NOT NULL, value text NOT NULL", "CONCAT('s', n), {hash}", ())
    for name in ("waweb", "axolotlStore", "configStore", "clusterStore", "jobqueueStore")
)
TABLES = (*LARGE, *SMALL)
DATABASES = tuple(table.database for table in TABLES)

MESSAGES, CALLBACKS = LARGE[0].database, LARGE[1].database
WRITES = (
    (
        MESSAGES,
        (
            "INSERT INTO messages (message_id, wa_id, status, created, payload) "
            "VALUES (%(id)s, '15550100', 0, %(at)s, %(text)s)",
            "UPDATE messages SET status = 4 WHERE message_id = %(before)s",
        ),
    ),
    (CALLBACKS, ("INSERT INTO callbacks (message_id, created, payload) VALUES (%(id)s, %(at)s, %(text)s)",)),
)
"""What the writer does again and again: one transaction in each of two databases."""


def batches(rows: int) -> list[tuple[int, int]]:
    """First and last row of each statement."""
    return [(first, min(first + ROWS - 1, rows)) for first in range(1, rows + 1, ROWS)]
