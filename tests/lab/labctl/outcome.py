# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a demonstration ended: what must hold after the move, and the screen that tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labctl.layout import ACME
from labctl.screen import Paint, phone, size, table

KEEP_FOR = "14 days"
RULE = 72 * "─"
Json = dict[str, Any]
Verdict = tuple[bool, str]
Rows = list[list[str]]


def verdicts(report: Json, seen: Json, ledger: Json) -> list[Verdict]:
    """What must hold after the move, by the lab's own truth."""
    addresses = {address: host for host, address in seen["addresses"].items()}
    slots = seen["network"]["state"]["numbers"][ACME.wa_id]["slots"].values()
    places = {addresses.get(slot["peer"], "an unknown host") for slot in slots}
    fenced = [row for row in seen["containers"]["old"] if "-fenced-" in row["name"]]
    return [
        (report["verdict"] == "succeeded", f"the run's own verdict is {report['verdict']}"),
        (places == {"new"}, f"the network sees {phone(ACME.wa_id)} on {', '.join(sorted(places)) or 'no host'}"),
        (
            bool(fenced) and not any(row["status"] == "running" for row in fenced),
            f"{len(fenced)} containers of the old client are fenced, none of them runs",
        ),
        (ledger["resumed"] > 0, f"{ledger['resumed']} messages have gone out through the new client"),
        (ledger["balanced"], balance(ledger)),
    ]


def balance(ledger: Json) -> str:
    """The ledger in one line, and what is wrong with it."""
    sentence = (
        f"{ledger['outbound']['accepted']} messages out and {ledger['inbound']['sent']} in during the run: "
        f"{len(ledger['outbound']['lost']) + len(ledger['inbound']['lost'])} lost, "
        f"{len(ledger['outbound']['duplicated']) + len(ledger['inbound']['duplicated'])} duplicated, "
        f"{ledger['kicks']} kicks, {ledger['registrations']} registrations"
    )
    return sentence if ledger["balanced"] else f"{sentence} ({'; '.join(ledger['reasons'])})"


def media_rows(report: Json) -> Rows:
    media = report["phases"]["move"]["facts"]["media"]
    return [["Media", f"{media['files']} files with {size(media['bytes'])} compared, equal"]]


def copied_rows(report: Json) -> Rows:
    databases = report["phases"]["move"]["facts"]["databases"]
    rows, tables = (sum(database[key] for database in databases) for key in ("rows", "tables"))
    return [["Databases", f"{len(databases)}, with {tables} tables and {rows} rows counted, equal"]]


def settings_rows(report: Json) -> Rows:
    left = report["phases"]["drain"]["facts"]
    changed = report["phases"]["verify"]["facts"]["changed_settings"]
    return [
        ["Settings", f"restored from a backup of {size(report['phases']['backup']['facts']['size'])}"],
        ["Changed", ", ".join(changed) or "no setting"],
        ["Left behind", f"{left['pending_messages']} messages and {left['pending_callbacks']} callbacks"],
        ["Not moved", "databases, media, users and tokens"],
        ["Security", "a new security code, which customers may see: documented for this option"],
    ]


def messages_rows(report: Json) -> Rows:
    users = ["Not moved", "the database with users and tokens, which was not read either"]
    return [*copied_rows(report), users, *media_rows(report)]


def full_rows(report: Json) -> Rows:
    return [*copied_rows(report), *media_rows(report)]


def client_only_rows(report: Json) -> Rows:
    return [["Databases", f"none copied: the client uses those on {ACME.database_host} as before"], *media_rows(report)]


ROWS: dict[str, Callable[[Json], Rows]] = {
    "settings": settings_rows,
    "messages": messages_rows,
    "full": full_rows,
    "client_only": client_only_rows,
}
KEEP = {
    "settings": "the old database and media",
    "messages": "the old database and media",
    "full": "the old database and media",
    "client_only": "the old media and containers",
}


def summary(option: str, report: Json, held: list[Verdict], ledger: Json, paint: Paint) -> str:
    """The screen at the end."""
    good = all(ok for ok, _ in held)
    title = f"{phone(ACME.wa_id)} has moved from old to new" if good else "The move went wrong"
    phases = report["phases"].items()
    lines = [
        RULE,
        f"  {paint('bold' if good else 'red', title)}",
        RULE,
        *table([[name, phase["status"], f"{phase['seconds']:6.1f} s"] for name, phase in phases if "seconds" in phase]),
        "",
        *table(
            [
                ["Downtime", f"{ledger['downtime']['seconds']:.1f} s, as the WhatsApp network saw it"],
                *ROWS[option](report),
            ]
        ),
        "",
        *(f"  {paint('green', '✓') if ok else paint('red', '✗')} {sentence}" for ok, sentence in held),
        "",
        f"  {paint('bold', 'Next')}  Keep {KEEP[option]} for at least {KEEP_FOR}.",
        RULE,
    ]
    return "\n".join(lines)
