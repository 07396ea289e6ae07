# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and statements of replication that both flavours take alike. Private; may change at any time.

Facts: MySQL manual, "SHOW REPLICA STATUS", "SHOW BINARY LOGS", and MariaDB's "SHOW REPLICA STATUS". The columns that
are read here have had these places in every release of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import json_rows, listed, literal

# From these releases on the server calls it so.
BINARY_LOG_STATUS = (8, 2)
USER, RECEIVED_FILE, APPLIED_FILE, RECEIVING, APPLYING, FILTERED, APPLIED_OFFSET = 2, 5, 9, 10, 11, 12, 21
RECEIVE_ERROR, RECEIVE_TEXT, APPLY_ERROR = 34, 35, 36
YES = "Yes"
NO = "No"
FIRST_OFFSET = 4

VARIABLE_NAMES = [
    "log_bin",
    "binlog_format",
    "server_id",
    "server_uuid",
    "gtid_mode",
    "gtid_strict_mode",
    "gtid_slave_pos",
    "binlog_expire_logs_seconds",
    "expire_logs_days",
]
VARIABLES = f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({listed(VARIABLE_NAMES)})"
BINARY_LOGS = "SHOW BINARY LOGS"
# The password of the account is in statements that follow, and shall be in no log of the server.
LOG_NOTHING = ("SET SESSION sql_log_off = 1", "SET SESSION long_query_time = 31536000")
UNLOCK = "UNLOCK TABLES"
# The server gives the lock back by itself after so long, when the host that holds it is gone without a word.
LOCKED_SECONDS = 15
# What a connection does that runs a statement, and who the server's own threads are that apply another one's changes.
RUNNING = ("Query", "Execute", "Fetch")
REPLICATION_USER = "system user"
SNAPSHOT = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


def lock(seconds: int) -> list[str]:
    """Nobody writes meanwhile. Not to be waited for longer, since others wait behind it."""
    return [
        f"SET SESSION lock_wait_timeout = {seconds}, SESSION wait_timeout = {LOCKED_SECONDS}",
        "FLUSH TABLES WITH READ LOCK",
    ]


def long_statements(processes: Sequence[Sequence[str]], seconds: int) -> list[str]:
    """From SHOW PROCESSLIST, who has a statement that runs for so long; its text may have values of rows in it."""
    return [
        f"connection {row[0]} of {row[1]} for {row[5]} s"
        for row in processes
        if row[4] in RUNNING and row[1] != REPLICATION_USER and row[5].isdigit() and int(row[5]) >= seconds
    ]


@dataclass(frozen=True)
class Position:
    """A place in a server's binary log."""

    file: str
    offset: int

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}"


@dataclass(frozen=True)
class Channel:
    """What the new server says of its replication under one name."""

    user: str
    received_file: str
    applied: Position
    receiving: bool
    applying: bool
    stopped: bool
    filtered: bool
    receive_error: int
    receive_text: str
    apply_error: int


def channel_of(rows: Sequence[Sequence[str]]) -> Channel | None:
    """From SHOW REPLICA STATUS of one channel; None when there is none of that name."""
    if not rows:
        return None
    row = rows[0]
    return Channel(
        user=row[USER],
        received_file=row[RECEIVED_FILE],
        # Before anything has been received, the file has no name yet.
        applied=Position(row[APPLIED_FILE] or row[RECEIVED_FILE], int(row[APPLIED_OFFSET])),
        receiving=row[RECEIVING] == YES,
        applying=row[APPLYING] == YES,
        stopped=row[RECEIVING] == NO and row[APPLYING] == NO,
        filtered=bool(row[FILTERED]),
        receive_error=int(row[RECEIVE_ERROR]),
        receive_text=row[RECEIVE_TEXT],
        apply_error=int(row[APPLY_ERROR]),
    )


def log_status(release: Release) -> str:
    """The statement whose row begins with the last position, and names databases that the log leaves out."""
    modern = release.flavour == MYSQL and release.series >= BINARY_LOG_STATUS
    return "SHOW BINARY LOG STATUS" if modern else "SHOW MASTER STATUS"


def position_of(rows: Sequence[Sequence[str]]) -> Position:
    return Position(rows[0][0], int(rows[0][1]))


def log_sizes(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """From SHOW BINARY LOGS, by file in the order in which they were written."""
    return {row[0]: int(row[1]) for row in rows}


def bytes_after(sizes: Mapping[str, int], position: Position) -> int | None:
    """How much the log holds after a position; None when the position is in it no more."""
    if position.file not in sizes:
        return None
    files = list(sizes)
    later = files[files.index(position.file) + 1 :]
    return max(sizes[position.file] - position.offset, 0) + sum(sizes[name] - FIRST_OFFSET for name in later)


def tables_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.TABLES WHERE TABLE_SCHEMA = {literal(database)} AND TABLE_TYPE = 'BASE TABLE' "
        "ORDER BY TABLE_NAME",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        engine="COALESCE(ENGINE, '')",
        bytes="COALESCE(DATA_LENGTH, 0)",
    )


def keys_of(database: str) -> str:
    """Indexes by which a row is found, with their columns in order: unique, and no column of them can be NULL."""
    return json_rows(
        f"FROM information_schema.STATISTICS s WHERE TABLE_SCHEMA = {literal(database)} AND NON_UNIQUE = 0 "  # noqa: S608
        "AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS n WHERE n.TABLE_SCHEMA = s.TABLE_SCHEMA "
        "AND n.TABLE_NAME = s.TABLE_NAME AND n.INDEX_NAME = s.INDEX_NAME AND n.NULLABLE = 'YES') "
        "ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        index="INDEX_NAME",
        column="COLUMN_NAME",
    )


# By their tables, however they are called. Names are all that is read.
WITH_USERS = """
SELECT MIN(TABLE_SCHEMA) FROM information_schema.TABLES WHERE LOWER(TABLE_NAME) IN ('users', 'tokens')
GROUP BY CAST(TABLE_SCHEMA AS BINARY) HAVING COUNT(*) = 2
"""


def account_exists(user: str, host: str) -> str:
    return f"SELECT COUNT(*) FROM mysql.user WHERE User = {literal(user)} AND Host = {literal(host)}"  # noqa: S608


def senders_of(processes: Sequence[Sequence[str]], user: str) -> list[int]:
    """From SHOW PROCESSLIST, the connections through which changes leave for one account."""
    return [int(row[0]) for row in processes if row[1] == user and row[4].startswith("Binlog Dump")]
