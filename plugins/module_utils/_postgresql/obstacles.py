# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server lacks for its databases to be followed, and the statement that mends it. Pure; private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier, printable
from ansible_collections.waba.migration.plugins.module_utils._replica import TARGET, Obstacle

# From this release on a server can be told how much it may keep for a slot.
SLOT_LIMIT = 130000
SUGGESTED_SLOT_LIMIT = "10GB"
# The launcher and room for others.
OTHER_PROCESSES = 4


def of_source(facts: Mapping[str, Any], databases: int, require_slot_limit: bool) -> list[Obstacle]:
    """What the server that changes come from lacks as a whole to have so many databases followed."""
    found = []
    if facts["wal_level"] != "logical":
        found.append(
            _server(
                "wal_level",
                f"wal_level is {facts['wal_level']}, and only with logical do changes leave the server",
                "ALTER SYSTEM SET wal_level = 'logical'",
                restart=True,
            )
        )
    for what, title in (("slots", "max_replication_slots"), ("senders", "max_wal_senders")):
        needed = facts[f"used_{what}"] + databases
        if facts[f"max_{what}"] < needed:
            found.append(
                _server(
                    title,
                    f"{title} is {facts[f'max_{what}']}, of which {facts[f'used_{what}']} are in use, and {databases} "
                    "more are needed, one for each database",
                    f"ALTER SYSTEM SET {title} = {needed}",
                    restart=True,
                )
            )
    if not facts["replication"]:
        found.append(
            _server(
                "rights",
                f"{facts['user']} may not replicate",
                f"ALTER ROLE {identifier(facts['user'])} REPLICATION",
            )
        )
    return found + (_slot_limit(facts) if require_slot_limit else [])


def own_account(facts: Mapping[str, Any]) -> list[Obstacle]:
    """Who may make no account would have the new server keep the password of its own."""
    if facts["superuser"]:
        return []
    return [
        _server(
            "own_account",
            f"{facts['user']} is no superuser and may not make an account that replicates, so that the new server "
            "would follow with this one and keep its password. Connect to the old server as a superuser",
        )
    ]


def of_database(name: str, facts: Mapping[str, Any]) -> list[Obstacle]:
    """What is in a database of the old server that replication does not carry."""
    found = [_keyless(name, table) for table in facts["keyless"]]
    for parts in facts["unlogged"]:
        found.append(
            Obstacle(
                name,
                "unlogged",
                f"The table {_shown(parts)} of {name} is unlogged and has rows, whose changes leave no trace",
                f"ALTER TABLE {_quoted(parts)} SET LOGGED",
            )
        )
    if facts["large_objects"]:
        found.append(
            Obstacle(
                name,
                "large_objects",
                f"{name} has {facts['large_objects']} large objects, which only a bulk copy carries. If nothing refers "
                f"to them any more, the program vacuumlo removes them",
            )
        )
    user = facts["user"]
    if not facts["may_create"]:
        found.append(
            Obstacle(
                name,
                "rights",
                f"{user} may not create a publication in {name}",
                f"GRANT CREATE ON DATABASE {identifier(name)} TO {identifier(user)}",
            )
        )
    for owner in facts["other_owners"]:
        found.append(
            Obstacle(
                name,
                "rights",
                f"Tables of {name} belong to {owner}, and {user} may not publish them",
                f"GRANT {identifier(owner)} TO {identifier(user)}",
            )
        )
    return found


def of_target(facts: Mapping[str, Any], databases: int, server: str = "the new server") -> list[Obstacle]:
    """What the server that changes go to lacks to follow so many databases."""
    found = []
    if not facts["superuser"]:
        found.append(_server("rights", f"Only a superuser may have {server} follow another one"))
    limits = (
        ("max_logical_replication_workers", facts["max_workers"], facts["used_workers"] + databases),
        ("max_worker_processes", facts["max_processes"], facts["used_workers"] + databases + OTHER_PROCESSES),
        ("max_replication_slots", facts["max_origins"], facts["used_origins"] + databases),
    )
    for title, limit, needed in limits:
        if limit < needed:
            found.append(
                _server(
                    title,
                    f"{title} is {limit} on {server}, and to follow {databases} databases it has to be {needed}",
                    f"ALTER SYSTEM SET {title} = {needed}",
                    restart=True,
                )
            )
    return [replace(obstacle, server=TARGET) for obstacle in found]


def reaches_the_password(answer: str, user: str) -> bool:
    """Whether a server that was asked with a wrong password has let the question come as far as the password.

    In any language it names the user then, and where its rules do not let that host in, their file as well.
    """
    return user in answer and "pg_hba.conf" not in answer


def of_link(target: str, link: str, answer: str, server: str = "The new server") -> Obstacle:
    text = f"{server} {target} cannot connect to {link}: {answer}".rstrip(".")
    return replace(_server("link", text), server=TARGET)


def _slot_limit(facts: Mapping[str, Any]) -> list[Obstacle]:
    if facts["version_num"] < SLOT_LIMIT:
        return [
            _server(
                "max_slot_wal_keep_size",
                "A server before release 13 keeps what has not been fetched until its disk is full. Somebody or "
                "something has to watch it, which require_slot_limit set to false says",
            )
        ]
    if facts["slot_limit"] == -1:
        return [
            _server(
                "max_slot_wal_keep_size",
                "max_slot_wal_keep_size is not set, so the server would keep what has not been fetched until its disk "
                "is full. It may be less than what is suggested, but not less than what is written while nothing is "
                "fetched, as during the seed",
                f"ALTER SYSTEM SET max_slot_wal_keep_size = '{SUGGESTED_SLOT_LIMIT}'; SELECT pg_reload_conf()",
            )
        ]
    return []


def _keyless(name: str, table: Mapping[str, Any]) -> Obstacle:
    parts = [table["schema"], table["name"]]
    if table["has_key"]:
        choice = "DEFAULT"
    elif table["index"]:
        choice = f"USING INDEX {identifier(table['index'])}"
    else:
        choice = "FULL"
    return Obstacle(
        name,
        "keyless",
        f"The table {_shown(parts)} of {name} has nothing by which a changed row is found again, so that a client "
        "could not change it any more once it is published",
        f"ALTER TABLE {_quoted(parts)} REPLICA IDENTITY {choice}",
    )


def _server(what: str, text: str, statement: str | None = None, restart: bool = False) -> Obstacle:
    return Obstacle(None, what, text, statement, restart)


def _quoted(parts: Sequence[str]) -> str:
    return printable(identifier(*parts))


def _shown(parts: Sequence[str]) -> str:
    return printable(".".join(parts))
