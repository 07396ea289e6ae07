# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps databases from being copied, in sentences. Pure; private; may change at any time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.gate import modern
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Inventory
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import PRODUCTS, Release

OLDEST_SOURCE = {MYSQL: (5, 7), MARIADB: (10, 3)}
# The first ones whose RENAME TABLE happens at once, for all tables or none.
OLDEST_TARGET = {MYSQL: (8, 0), MARIADB: (10, 6)}
# From here on MySQL's catalogue, collations and stored programs have gone another way than MariaDB's.
PARTED = (8, 0)
# Without these the catalogue hides things instead of refusing to show them, and a copy would lack them.
SOURCE_RIGHTS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
TARGET_RIGHTS = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "PROCESS",
    "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "TRIGGER", "EVENT",
)  # fmt: skip


def releases(source: Release, target: Release) -> list[str]:
    found = [
        f"the {side} runs {release}; {'.'.join(map(str, oldest[release.flavour]))} is the oldest known here"
        for side, release, oldest in (("source", source, OLDEST_SOURCE), ("target", target, OLDEST_TARGET))
        if release.series < oldest[release.flavour]
    ]
    if source.flavour == target.flavour:
        if source.series > target.series:
            found.append(
                f"the source runs {source}, the target only {target}: {PRODUCTS[source.flavour]} cannot be moved to "
                "an older release"
            )
    elif source.flavour == MARIADB:
        found.append(f"the source runs {source}, the target {target}: MariaDB cannot be moved to MySQL")
    elif source.series >= PARTED:
        found.append(f"the source runs {source}, the target {target}: MySQL 8 and newer cannot be moved to MariaDB")
    return found


def letter_case(source: int, target: int, names: Iterable[str]) -> list[str]:
    """By lower_case_table_names: 0 keeps and tells apart, 1 makes small letters, 2 keeps and does not tell apart."""
    if source and not target:
        return [
            f"lower_case_table_names is {source} on the source and 0 on the target, which would no more find names "
            "that are written with other letters than they are stored with"
        ]
    changed = sorted({name for name in names if name != name.lower()})
    if target == 1 and source != 1 and changed:
        return [
            f"lower_case_table_names is {source} on the source and 1 on the target, which would change the names "
            f"{some(changed)}"
        ]
    return []


def things(
    database: str,
    collation: str,
    inventory: Inventory,
    collations: Collection[str],
    engines: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """What a database holds and the target does not know, or nobody can copy."""
    found = []
    unknown = sorted(({modern(collation)} | used_collations(inventory)) - {modern(name) for name in collations})
    if unknown:
        found.append(f"{database} uses collations that the target does not know: {some(unknown)}")
    used = {table.engine for table in inventory.tables}
    missing = sorted(engine for engine in used if not engines.get(engine, {}).get("usable"))
    if missing:
        found.append(f"{database} uses storage engines that the target does not have: {some(missing)}")
    return found + not_carried(database, inventory)


def not_carried(database: str, inventory: Inventory) -> list[str]:
    """What keeps a database from being copied to whatever server."""
    if not inventory.others:
        return []
    kinds = sorted(f"{table.name} ({table.kind.lower()})" for table in inventory.others)
    return [f"{database} holds tables of kinds that a dump does not carry as they are: {some(kinds)}"]


def used_collations(inventory: Inventory) -> set[str]:
    named = [table.collation for table in inventory.tables] + [column["collation"] for column in inventory.columns]
    return {modern(name) for name in named if name}


def flavour_features(database: str, inventory: Inventory, source: Release, target: Release) -> list[str]:
    """MySQL's own JSON type is text in MariaDB."""
    if source.flavour == target.flavour:
        return []
    json_columns = sorted(f"{row['table']}.{row['name']}" for row in inventory.columns if row["type"] == "json")
    return [f"{database} has columns of MySQL's JSON type: {some(json_columns)}"] if json_columns else []


def not_transactional(
    database: str, inventory: Inventory, engines: Mapping[str, Mapping[str, Any]], idle_source: bool
) -> list[str]:
    if idle_source:
        return []
    names = [table.name for table in inventory.tables if not engines.get(table.engine, {}).get("transactional")]
    if not names:
        return []
    return [
        f"{database} has tables that are not transactional, of which nobody gets one moment while others write: "
        f"{some(names)}; stop the clients and set require_idle_source"
    ]


def rights(granted: Rights, databases: Sequence[str]) -> list[str]:
    """What the source's account lacks."""
    found = []
    for database in databases:
        missing = [right for right in SOURCE_RIGHTS if not granted.covers(right, database)]
        if not granted.covers("SELECT", None) and not granted.covers("EXECUTE", database):
            missing.append("EXECUTE")
        if missing:
            found.append(f"{granted.account} lacks {', '.join(missing)} on {database} and might not see all of it")
    return found


class Rights:
    """What an account may, as the catalogue says it of the account itself."""

    def __init__(
        self, account: str, everywhere: Iterable[Mapping[str, Any]], by_database: Iterable[Mapping[str, Any]]
    ) -> None:
        user, _at, host = account.rpartition("@")
        self.account = account
        grantee = f"'{user}'@'{host}'"
        own = [row for row in everywhere if row["grantee"] == grantee]
        self.everywhere = {row["privilege"] for row in own}
        self.grantable = any(row["grantable"] for row in own)
        self._by_database = [
            (re.compile(like_pattern(row["pattern"])), row["privilege"])
            for row in by_database
            if row["grantee"] == grantee
        ]

    def covers(self, right: str, database: str | None) -> bool:
        if right in self.everywhere:
            return True
        return database is not None and any(
            privilege == right and pattern.fullmatch(database) for pattern, privilege in self._by_database
        )

    def missing_on_target(self) -> list[str]:
        missing = [right for right in TARGET_RIGHTS if right not in self.everywhere]
        return missing if self.grantable else [*missing, "GRANT OPTION"]

    def any_of(self, *rights: str) -> bool:
        return not self.everywhere.isdisjoint(rights)


def like_pattern(pattern: str) -> str:
    """A regular expression for a database in GRANT."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    translated = {"_": ".", "%": ".*"}
    return "".join(re.escape(part[1]) if len(part) > 1 else translated.get(part, re.escape(part)) for part in parts)


def some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
