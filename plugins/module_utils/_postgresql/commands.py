# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of pg_dump, pg_restore and psql, as argument lists. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import BigTable, Piece
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import psql_arguments
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier, literal
from ansible_collections.waba.migration.plugins.module_utils._postgresql.tools import Tools

# Replication belongs to a server, not to the client's data: a copied subscription would take the first one's changes.
LEFT_OUT = ["--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions"]
# Entries of an archive that an administrator has to restore.
PRIVILEGED_ENTRIES = ("EXTENSION", "COMMENT - EXTENSION", "EVENT TRIGGER", "COMMENT - EVENT TRIGGER")


def dump(tools: Tools, address: str, snapshot: str, *more: str) -> list[str]:
    return [
        tools.path("pg_dump"),
        *LEFT_OUT,
        "--no-password",
        "--lock-wait-timeout=30s",
        f"--snapshot={snapshot}",
        f"--dbname={address}",
        *more,
    ]


def dump_schema(tools: Tools, address: str, snapshot: str, path: str) -> list[str]:
    """What stands before and after the data, from one reading of the catalogue, for several passes of pg_restore."""
    sections = ["--section=pre-data", "--section=post-data", "--blobs"]
    return dump(tools, address, snapshot, *sections, "--format=custom", "--compress=0", f"--file={path}")


def dump_small_data(tools: Tools, address: str, snapshot: str, big_tables: Sequence[BigTable]) -> list[str]:
    """Rows of all but the big tables, large objects, and the states of sequences."""
    excluded = [f"--exclude-table-data={identifier(big.table.schema, big.table.name)}" for big in big_tables]
    return dump(tools, address, snapshot, "--section=data", "--blobs", *excluded)


def dump_archive(tools: Tools, address: str) -> list[str]:
    """All of a database, for C(pg_restore). Compressed as little as takes no time."""
    waiting = ["--no-password", "--lock-wait-timeout=30s"]
    return [tools.path("pg_dump"), "--format=custom", "--compress=1", "--blobs", *waiting, f"--dbname={address}"]


def restore(tools: Tools, address: str, path: str, *more: str) -> list[str]:
    return [
        tools.path("pg_restore"),
        *LEFT_OUT,
        "--no-password",
        "--exit-on-error",
        f"--dbname={address}",
        *more,
        path,
    ]


def list_entries(tools: Tools, path: str, section: str) -> list[str]:
    return [tools.path("pg_restore"), "--list", *LEFT_OUT, f"--section={section}", path]


def load_script(tools: Tools, address: str) -> list[str]:
    """Run what pg_dump writes. The echo tells which table is being written when something breaks."""
    return [*psql_arguments(tools.path("psql")), "--echo-queries", f"--dbname={address}", "--file=-"]


def read_piece(tools: Tools, address: str, snapshot: str, big: BigTable, piece: Piece) -> list[str]:
    return [
        *psql_arguments(tools.path("psql")),
        "--quiet",
        f"--dbname={address}",
        "--command=BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        f"--command=SET TRANSACTION SNAPSHOT {literal(snapshot)}",
        f"--command=COPY {_rows(big, piece)} TO STDOUT ({_format(big)})",
    ]


def write_piece(tools: Tools, address: str, big: BigTable) -> list[str]:
    copy = f"COPY {identifier(big.table.schema, big.table.name)} {_columns(big)} FROM STDIN ({_format(big)})"
    return [*psql_arguments(tools.path("psql")), f"--dbname={address}", f"--command={copy}"]


@dataclass(frozen=True)
class Entries:
    """An archive's table of contents, sorted by how its entries have to be restored."""

    schemas: list[str]
    privileged: list[str]
    indexes: list[str]
    others: list[str]

    @property
    def attach_indexes(self) -> bool:
        """Whether indexes become parts of a partitioned one, which locks several tables at once."""
        return any(_kind(entry).startswith("INDEX ATTACH ") for entry in self.others)


def sort_entries(listing: str) -> Entries:
    entries = Entries([], [], [], [])
    for line in listing.splitlines():
        if not line or line.startswith(";"):
            continue
        kind = _kind(line)
        if kind.startswith("SCHEMA "):
            entries.schemas.append(line)
        elif kind.startswith(PRIVILEGED_ENTRIES):
            entries.privileged.append(line)
        elif kind.startswith(("INDEX ", "CONSTRAINT ")) and not kind.startswith("INDEX ATTACH "):
            entries.indexes.append(line)
        else:
            entries.others.append(line)
    return entries


def _kind(entry: str) -> str:
    """What follows the three numbers that every entry begins with."""
    return entry.split(" ", 3)[3]


def _columns(big: BigTable) -> str:
    return "(" + ", ".join(identifier(column) for column in big.columns) + ")"


def _format(big: BigTable) -> str:
    return "FORMAT binary" if big.binary else "FORMAT text"


def _rows(big: BigTable, piece: Piece) -> str:
    table = identifier(big.table.schema, big.table.name)
    if piece.whole:
        return f"{table} {_columns(big)}"
    conditions = [f"ctid >= '({piece.first},0)'::tid"]
    if piece.end is not None:
        conditions.append(f"ctid < '({piece.end},0)'::tid")
    columns = ", ".join(identifier(column) for column in big.columns)
    return f"(SELECT {columns} FROM ONLY {table} WHERE {' AND '.join(conditions)})"  # noqa: S608 - quoted above
