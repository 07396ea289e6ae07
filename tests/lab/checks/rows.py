# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all that an old database held at the fence is in the new one, where a client has been at work since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.dump import Dump, Row, Table

EVERYTHING = "*"


@dataclass(frozen=True)
class Rule:
    """What a running client may do to a row: ``may_change`` columns, ``may_grow`` numbers, ``may_go`` rows."""

    may_change: frozenset[str] = frozenset()
    may_grow: frozenset[str] = frozenset()
    may_go: bool = False


STRICT = Rule()
FLEETING = Rule(may_change=frozenset({EVERYTHING}), may_go=True)
RULES: Mapping[tuple[str, str], Rule] = {
    ("messageStore", "messages"): Rule(may_change=frozenset({"status", "callback_queued"})),
    ("messageStore", "chats"): Rule(may_change=frozenset({"last_message"})),
    ("messageStore", "messages_pending_actions"): Rule(may_go=True),
    ("callbackStore", "queue"): Rule(may_change=frozenset({"attempts", "due"}), may_go=True),
    ("contactStore", "contacts"): Rule(may_change=frozenset({"profile_name", "checked"})),
    ("axolotlStore", "ratchet"): Rule(may_grow=frozenset({"epoch"})),
    ("axolotlStore", "sessions"): Rule(may_change=frozenset({"record"})),
    ("jobqueueStore", "jobs"): Rule(may_change=frozenset({"state", "updated"})),
    ("clusterStore", "lease"): FLEETING,
    ("clusterStore", "nodes"): FLEETING,
    ("clusterStore", "shard_map"): FLEETING,
}
"""By store and table. What is not named here must be there as it was."""
IDENTITIES: Mapping[str, Mapping[str, str]] = {
    "messageStore": {"messages": "key_id", "media": "id"},
    "waweb": {"users": "password_hash", "tokens": "digest"},
}
"""By store and table the column whose values no two clients ever share."""


def missing(store: str, old: Dump, new: Dump) -> list[str]:
    """A sentence for each row of the old database that the new one lacks or has with another content."""
    findings = []
    for name, table in old.tables.items():
        there = new.tables.get(name)
        if there is None:
            findings.append(f"{store}: there is no table {name}")
        elif there.columns != table.columns:
            findings.append(f"{store}: the columns of {name} differ")
        else:
            findings += [f"{store}: {name} {text}" for text in _missing_rows(table, there, _rule(store, name))]
    return findings


def _rule(store: str, table: str) -> Rule:
    return RULES.get((store, table), STRICT)


def _missing_rows(old: Table, new: Table, rule: Rule) -> list[str]:
    findings = []
    for key, row in old.rows.items():
        now = new.rows.get(key)
        if now is None:
            if not rule.may_go:
                findings.append(f"lacks the row {', '.join(key)}")
        elif now != row:
            changed = [
                column for column in _changed(old.columns, row, now) if not _allowed(old, rule, column, row, now)
            ]
            if changed:
                findings.append(f"has another {', '.join(changed)} in the row {', '.join(key)}")
    return findings


def _changed(columns: tuple[str, ...], row: Row, now: Row) -> list[str]:
    return [column for column, was, value in zip(columns, row, now, strict=True) if was != value]


def _allowed(table: Table, rule: Rule, column: str, row: Row, now: Row) -> bool:
    if column in rule.may_grow:
        place = table.columns.index(column)
        return int(now[place]) > int(row[place])
    return column in rule.may_change or EVERYTHING in rule.may_change


def behind(store: str, old: Dump, new: Dump) -> list[str]:
    """A sentence for each sequence that would give out a number again."""
    findings = []
    for name, value in old.sequences.items():
        now = new.sequences.get(name)
        if now is None:
            findings.append(f"{store}: there is no sequence {name}")
        elif now < value:
            findings.append(f"{store}: {name} goes on with {now}, the old one with {value}")
    return findings


def shared(store: str, old: Dump, new: Dump) -> list[str]:
    """A sentence for each row of the old database that is in the new one all the same."""
    findings = []
    for name, column in IDENTITIES[store].items():
        before, now = (_values(dump.tables[name], column) for dump in (old, new))
        if not before:
            findings.append(f"{store}: the old {name} were empty, so none can be found")
        findings += [f"{store}: {name} has the old {column} {value[:20]}" for value in sorted(before & now)]
    return findings


def less(dump: Dump, table: str, key: Row) -> Dump:
    """A dump without one row, which is judged otherwise."""
    there = dump.tables[table]
    kept = Table(there.columns, {other: row for other, row in there.rows.items() if other != key})
    return Dump({**dump.tables, table: kept}, dump.sequences)


def _values(table: Table, column: str) -> set[str]:
    place = table.columns.index(column)
    return {row[place] for row in table.rows.values()}
