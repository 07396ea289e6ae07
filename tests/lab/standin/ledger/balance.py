# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what was sent against what arrived, judged from outside. A pure function; times are epoch seconds."""

from __future__ import annotations

from collections import Counter
from typing import Any

Json = dict[str, Any]


def gaps(events: list[Json], start: float, end: float) -> list[Json]:
    """The times in which no slot of the number was connected, after it had been connected once."""
    connected: set[tuple[int, str, str]] = set()
    since: float | None = None
    found = []
    for event in sorted(events, key=lambda e: e["time"]):
        if event["event"] not in ("connected", "disconnected", "kicked"):
            continue
        key = (event["slot"], event["node"], event["peer"])
        if event["event"] == "connected":
            connected.add(key)
            if since is not None:
                if event["time"] > start:
                    found.append({"from": since, "to": event["time"], "seconds": round(event["time"] - since, 3)})
                since = None
        else:
            connected.discard(key)
            if not connected and since is None:
                since = event["time"]
    if since is not None:
        found.append({"from": since, "to": None, "seconds": round(end - since, 3)})
    return found


def overlaps(events: list[Json]) -> list[Json]:
    """Moments in which two hosts held connections of the number: two clients at a time."""
    held: dict[tuple[int, str], str] = {}
    found = []
    for event in sorted(events, key=lambda e: e["time"]):
        if event["event"] == "connected":
            others = {peer for peer in held.values() if peer != event["peer"]}
            if others:
                found.append({"time": event["time"], "peers": sorted({event["peer"], *others})})
            held[(event["slot"], event["node"])] = event["peer"]
        elif event["event"] in ("disconnected", "kicked"):
            held.pop((event["slot"], event["node"]), None)
    return found


def without(foreign: set[str], callbacks: list[Json]) -> list[Json]:
    """The callbacks less the messages and statuses with these ids."""

    def rest(body: Json) -> Json:
        return {
            key: [row for row in rows if row.get("id") not in foreign] if key in ("messages", "statuses") else rows
            for key, rows in body.items()
        }

    return [{**callback, "body": rest(callback["body"])} for callback in callbacks]


def _acknowledged(callbacks: list[Json]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    messages: Counter[str] = Counter()
    statuses: Counter[tuple[str, str]] = Counter()
    for callback in callbacks:
        if not 200 <= callback["status"] < 300:
            continue
        messages.update(m["id"] for m in callback["body"].get("messages", []))
        statuses.update((s["id"], s["status"]) for s in callback["body"].get("statuses", []))
    return messages, statuses


def balance(
    number: str, traffic: list[Json], outbound: list[Json], inbound: list[Json], callbacks: list[Json], events: list[Json],
    state: Json, now: float, grace: float = 5.0,
) -> Json:  # fmt: skip
    """Compares the generator's log with what network and receiver saw since the network's baseline.

    ``grace`` is how old, in seconds, a message must be before its absence counts.
    """
    start = state["baseline"]
    attempts = [t for t in traffic if t["kind"] == "attempt" and t["number"] == number and t["time"] >= start]
    sent_in = [t for t in traffic if t["kind"] == "inbound" and t["number"] == number and t["time"] >= start]
    accepted = {t["ref"]: t for t in attempts if t["outcome"] == "accepted"}
    copies = Counter(m["ref"] for m in outbound if m["ref"])
    by_id = Counter(m["id"] for m in outbound)
    messages, statuses = _acknowledged(callbacks)
    known = {m["id"] for m in inbound}

    late = now - grace
    lost_out = sorted(ref for ref, t in accepted.items() if not copies[ref] and t["time"] < late)
    lost_in = sorted(t["ref"] for t in sent_in if not messages[t["id"]] and t["time"] < late)
    expected = [(m["id"], "delivered") for m in outbound if m["ref"] in accepted and m["time"] < late]
    pending = sum(not copies[ref] and t["time"] >= late for ref, t in accepted.items())
    pending += sum(not messages[t["id"]] and t["time"] >= late for t in sent_in)
    pending += sum(m["ref"] in accepted and m["time"] >= late and not statuses[(m["id"], "delivered")] for m in outbound)

    mine = [e for e in events if e["number"] == number]
    since = [e for e in mine if e["time"] >= start]
    closed = gaps(mine, start, now)
    longest = max(closed, key=lambda g: g["seconds"], default=None)
    result: Json = {
        "number": number,
        "outbound": {
            "accepted": len(accepted),
            "delivered": sum(1 for ref in accepted if copies[ref]),
            "lost": lost_out,
            "duplicated": sorted(ref for ref, count in copies.items() if count > 1),
            "refused_attempts": sum(t["outcome"] == "refused" for t in attempts),
            "in_doubt": len({t["ref"] for t in attempts if t["outcome"] == "in_doubt"}),
        },
        "inbound": {
            "sent": len(sent_in),
            "received": sum(1 for t in sent_in if messages[t["id"]]),
            "lost": lost_in,
            "duplicated": sorted(m for m, count in messages.items() if count > 1),
            "unknown": sorted(m for m in messages if m not in known and m.startswith("ABGG")),
        },
        "statuses": {
            "expected": len(expected),
            "missing": sorted(f"{m} {s}" for m, s in expected if not statuses[(m, s)]),
            "duplicated": sorted(f"{m} {s}" for (m, s), count in statuses.items() if count > 1 and by_id[m]),
        },
        "kicks": sum(e["event"] == "kicked" for e in since),
        "registrations": sum(e["event"] == "registration" for e in since),
        "identity_changes": sum(e["event"] == "identity_change" for e in since),
        "incidents": [e for e in since if e["event"] in ("stale_keys", "identity_mismatch")],
        "two_clients": overlaps(since),
        "pending": pending,
        "gaps": closed,
        "downtime": longest or {"seconds": 0.0, "from": None, "to": None},
    }
    result["reasons"] = reasons(result)
    result["balanced"] = not result["reasons"]
    return result


def reasons(ledger: Json) -> list[str]:
    """Why the ledger does not balance, a sentence each."""
    counts = {
        "outbound messages were accepted and never sent": ledger["outbound"]["lost"],
        "outbound messages were sent twice": ledger["outbound"]["duplicated"],
        "customers' messages never reached the webhook": ledger["inbound"]["lost"],
        "customers' messages reached the webhook twice": ledger["inbound"]["duplicated"],
        "messages at the webhook were never sent by a customer": ledger["inbound"]["unknown"],
        "delivery statuses never reached the webhook": ledger["statuses"]["missing"],
        "statuses reached the webhook twice": ledger["statuses"]["duplicated"],
        "moments with two clients": ledger["two_clients"],
    }
    found = [f"{len(rows)} {text}" for text, rows in counts.items() if rows]
    if ledger["kicks"]:
        found.append(f"{ledger['kicks']} times a client was kicked out by another")
    if ledger["registrations"]:
        found.append(f"{ledger['registrations']} registration calls")
    if ledger["identity_changes"]:
        found.append(f"{ledger['identity_changes']} identity changes (security code changed)")
    for incident in ledger["incidents"]:
        found.append(f"{incident['event']}: {incident['node']} from {incident['peer']}")
    return found
