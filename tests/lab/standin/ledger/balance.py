# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what was sent against what arrived, judged from outside. A pure function; times are epoch seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from standin.ledger.connections import gaps, overlaps
from standin.network.registry import INCIDENTS, REGISTRATIONS

Json = dict[str, Any]
NO_GAP: Json = {"seconds": 0.0, "from": None, "to": None}


@dataclass(frozen=True)
class Evidence:
    """What the ledger is made from. All of it since ever: ``baseline`` says from when on it counts.

    ``traffic``: the generator's log. ``outbound``, ``inbound``: the number's messages as the network knows them.
    ``callbacks``: what the receiver got. ``events``: of the network. ``now``: when the rest was looked at.
    """

    number: str
    now: float
    baseline: float = 0.0
    traffic: list[Json] = field(default_factory=list)
    outbound: list[Json] = field(default_factory=list)
    inbound: list[Json] = field(default_factory=list)
    callbacks: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)


class Seen:
    """How often the receiver acknowledged each message and each status, and which of them since the baseline."""

    def __init__(self, callbacks: list[Json], baseline: float):
        self.messages: Counter[str] = Counter()
        self.statuses: Counter[tuple[str, str]] = Counter()
        self.late_messages: set[str] = set()
        self.late_statuses: set[tuple[str, str]] = set()
        for callback in callbacks:
            if not 200 <= callback["status"] < 300:
                continue
            messages = [m["id"] for m in callback["body"].get("messages", [])]
            statuses = [(s["id"], s["status"]) for s in callback["body"].get("statuses", [])]
            self.messages.update(messages)
            self.statuses.update(statuses)
            if callback["time"] >= baseline:
                self.late_messages.update(messages)
                self.late_statuses.update(statuses)


def without(foreign: set[str], callbacks: list[Json]) -> list[Json]:
    """The callbacks less the messages and statuses with these ids."""

    def rest(body: Json) -> Json:
        return {
            key: [row for row in rows if row.get("id") not in foreign] if key in ("messages", "statuses") else rows
            for key, rows in body.items()
        }

    return [{**callback, "body": rest(callback["body"])} for callback in callbacks]


def balance(evidence: Evidence, grace: float = 5.0, identity_changes: int = 0) -> Json:
    """Compares what was sent with what arrived.

    ``grace``: seconds before the absence of a message counts. ``identity_changes``: how many there must be; a client
    that is made anew has a new security code.
    """
    start, late = evidence.baseline, evidence.now - grace
    mine = [e for e in evidence.events if e["number"] == evidence.number]
    since = [e for e in mine if e["time"] >= start]
    seen = Seen(evidence.callbacks, start)
    own = [t for t in evidence.traffic if t.get("number") == evidence.number and t["time"] >= start]
    attempts = [t for t in own if t["kind"] == "attempt"]
    outbound, out_pending = _outbound(evidence, attempts, late)
    inbound, in_pending = _inbound(evidence, [t for t in own if t["kind"] == "inbound"], seen, late)
    statuses, status_pending = _statuses(evidence, {t["ref"] for t in attempts}, seen, late)
    closed = gaps(mine, start, evidence.now)
    downtime = max(closed, key=lambda g: g["seconds"], default=NO_GAP)
    result: Json = {
        "number": evidence.number,
        "outbound": outbound,
        "inbound": {**inbound, "pending": in_pending},
        "statuses": statuses,
        "kicks": sum(e["event"] == "kicked" for e in since),
        "registrations": sum(e["event"] in REGISTRATIONS for e in since),
        "identity_changes": sum(e["event"] == "identity_change" for e in since),
        "incidents": [e for e in since if e["event"] in INCIDENTS],
        "two_clients": overlaps(mine, start),
        "pending": out_pending + in_pending + status_pending,
        "gaps": closed,
        "downtime": downtime,
        "resumed": _resumed(attempts, downtime),
    }
    result["reasons"] = reasons(result, identity_changes)
    result["balanced"] = not result["reasons"]
    return result


def _outbound(evidence: Evidence, attempts: list[Json], late: float) -> tuple[Json, int]:
    accepted = {t["ref"]: t["time"] for t in attempts if t["outcome"] == "accepted"}
    copies: Counter[str] = Counter()
    recent = set()
    for message in evidence.outbound:
        if message["ref"]:
            copies[message["ref"]] += message["copies"]
            if message["time"] >= evidence.baseline:
                recent.add(message["ref"])
    missing = {ref: when for ref, when in accepted.items() if not copies[ref]}
    lost = sorted(ref for ref, when in missing.items() if when < late)
    outbound = {
        "accepted": len(accepted),
        "delivered": len(accepted) - len(missing),
        "lost": lost,
        "duplicated": sorted(ref for ref in recent if copies[ref] > 1),
        "refused_attempts": sum(t["outcome"] == "refused" for t in attempts),
        "in_doubt": len({t["ref"] for t in attempts if t["outcome"] == "in_doubt"}),
    }
    return outbound, len(missing) - len(lost)


def _resumed(attempts: list[Json], downtime: Json) -> int:
    """How many messages the API took since the downtime ended. None: the business cannot send at the new place."""
    end = downtime["to"]
    return 0 if end is None else sum(t["outcome"] == "accepted" and t["time"] >= end for t in attempts)


def _inbound(evidence: Evidence, log: list[Json], seen: Seen, late: float) -> tuple[Json, int]:
    """What the customers say they sent counts, and what the network took besides: other hands write to it too."""
    sent = {m["id"]: m for m in [*evidence.inbound, *log] if m["time"] >= evidence.baseline}
    known = {m["id"] for m in [*evidence.inbound, *log]}
    missing = [m for message_id, m in sent.items() if not seen.messages[message_id]]
    lost = sorted(m["ref"] for m in missing if m["time"] < late)
    inbound = {
        "sent": len(sent),
        "received": len(sent) - len(missing),
        "lost": lost,
        "duplicated": sorted(m for m in seen.late_messages if seen.messages[m] > 1),
        "unknown": sorted(m for m in seen.late_messages if m not in known),
    }
    return inbound, len(missing) - len(lost)


def _statuses(evidence: Evidence, refs: set[str], seen: Seen, late: float) -> tuple[Json, int]:
    """A message that reached the network has a status to come, also where its sender never saw the answer."""
    expected = [m for m in evidence.outbound if m["ref"] in refs]
    missing = [m for m in expected if not seen.statuses[(m["id"], "delivered")]]
    overdue = sorted(f"{m['id']} delivered" for m in missing if m["time"] < late)
    known = {m["id"] for m in evidence.outbound}
    statuses = {
        "expected": sum(m["time"] < late for m in expected),
        "missing": overdue,
        "duplicated": sorted(f"{m} {s}" for m, s in seen.late_statuses if seen.statuses[(m, s)] > 1),
        "unknown": sorted(f"{m} {s}" for m, s in seen.late_statuses if m not in known),
    }
    return statuses, len(missing) - len(overdue)


def reasons(ledger: Json, identity_changes: int = 0) -> list[str]:
    """Why the ledger does not balance, a sentence each."""
    counts = {
        "outbound messages were accepted and never sent": ledger["outbound"]["lost"],
        "outbound messages were sent twice": ledger["outbound"]["duplicated"],
        "customers' messages never reached the webhook": ledger["inbound"]["lost"],
        "customers' messages reached the webhook twice": ledger["inbound"]["duplicated"],
        "messages at the webhook were never sent by a customer": ledger["inbound"]["unknown"],
        "delivery statuses never reached the webhook": ledger["statuses"]["missing"],
        "statuses reached the webhook twice": ledger["statuses"]["duplicated"],
        "statuses at the webhook are of messages that were never sent": ledger["statuses"]["unknown"],
        "moments with two clients": ledger["two_clients"],
    }
    found = [f"{len(rows)} {text}" for text, rows in counts.items() if rows]
    if ledger["kicks"]:
        found.append(f"{ledger['kicks']} times a client was kicked out by another")
    if ledger["registrations"]:
        found.append(f"{ledger['registrations']} registration calls")
    if ledger["identity_changes"] != identity_changes:
        wanted = f" instead of {identity_changes}" if identity_changes else ""
        found.append(f"{ledger['identity_changes']} identity changes (security code changed){wanted}")
    for incident in ledger["incidents"]:
        found.append(f"{incident['event']}: {incident['node']} from {incident['peer']}")
    return found
