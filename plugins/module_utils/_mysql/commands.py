# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the dump program and of the client, as argument lists. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.tools import Tools

# The line that a dump ends with when it is whole.
COMPLETE = b"-- Dump completed"
# What a dump program that tells what it does says as soon as it sees the moment that it dumps. The first comes with
# newer releases, the second with all.
BEGUN = (b"-- Setting savepoint", b"-- Retrieving table structure")


def dump(tools: Tools, options: str, *more: str) -> list[str]:
    # Where the source stands in its replication belongs to it, and the target may stand elsewhere.
    gtid = ["--set-gtid-purged=OFF"] if tools.flavour == MYSQL else []
    return [tools.dump, options, "--single-transaction", "--skip-lock-tables", "--no-tablespaces", *gtid, *more]


def dump_rows(tools: Tools, options: str, database: str, *more: str) -> list[str]:
    """Rows and nothing else: what a session has to know about them is set by the session that writes them."""
    settings = ["--quick", "--compact", "--no-create-info", "--skip-triggers", "--hex-blob", "--no-autocommit"]
    packets = ["--extended-insert", "--net-buffer-length=1000000"]
    return dump(tools, options, *settings, *packets, *more, "--", database)


def dump_tables(tools: Tools, options: str, database: str, tables: Sequence[str]) -> list[str]:
    return [*dump_rows(tools, options, database), *tables]


def dump_piece(tools: Tools, options: str, database: str, table: str, condition: str | None) -> list[str]:
    where = [f"--where={condition}"] if condition else []
    return [*dump_rows(tools, options, database, *where), table]


def dump_held(tools: Tools, options: str, database: str, tables: Sequence[str], condition: str | None) -> list[str]:
    """Rows of tables, or of a part of one. It tells what it does, so that its beginning can be waited for."""
    where = [f"--where={condition}"] if condition else []
    return [*dump_rows(tools, options, database, "--verbose", *where), *tables]


def dump_programs(tools: Tools, options: str, database: str, kind: str, tables: Sequence[str]) -> list[str]:
    """Definitions of routines, triggers or events. Tables are named so that not each one is looked at."""
    wanted = [f"--{each}s" if each == kind else f"--skip-{each}s" for each in ("routine", "trigger", "event")]
    return [*dump(tools, options, "--no-data", "--no-create-info", *wanted, "--", database), *tables]


def dump_view(tools: Tools, options: str, database: str, view: str) -> list[str]:
    return dump(tools, options, "--no-data", "--skip-triggers", "--skip-add-drop-table", "--", database, view)


def dump_database(tools: Tools, options: str, database: str) -> list[str]:
    """All of a database, for the client, with the database itself."""
    everything = ["--routines", "--events", "--triggers", "--hex-blob", "--quick", "--databases"]
    return dump(tools, options, *everything, "--", database)


def load(tools: Tools, options: str, database: str) -> list[str]:
    """Run what the dump program writes."""
    return [tools.client, options, "--batch", "--binary-mode", f"--database={database}"]
