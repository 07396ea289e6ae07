# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.ledger``: prints the ledger of a number; exit code 1 when it does not balance."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from standin.ledger.balance import Evidence, balance, without
from standin.traffic.log import read


def collect(
    number: str, network: str, receiver: str, log: Path, grace: float, identity_changes: int = 0
) -> dict[str, Any]:
    """Asks everybody, and makes the ledger. The receiver first: what it has, the network must know when it is asked."""
    with httpx.Client(timeout=20, trust_env=False) as client:

        def messages(kind: str, whose: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.get(f"{network}/{kind}", params={"number": whose}).json()
            return found

        now = time.time()
        state = client.get(f"{network}/state").json()
        traffic = read(log)
        callbacks = client.get(f"{receiver}/callbacks").json()
        # One receiver may serve several numbers. What belongs to another one is that one's business.
        others = [other for other in state["numbers"] if other != number]
        foreign = {row["id"] for other in others for kind in ("inbound", "outbound") for row in messages(kind, other)}
        return balance(
            Evidence(
                number=number,
                now=now,
                baseline=state["baseline"],
                traffic=traffic,
                outbound=messages("outbound", number),
                inbound=messages("inbound", number),
                callbacks=without(foreign, callbacks),
                events=client.get(f"{network}/events", params={"number": number}).json(),
            ),
            grace,
            identity_changes,
        )


def lines(ledger: dict[str, Any]) -> list[str]:
    """The ledger for people."""
    out, into, statuses = ledger["outbound"], ledger["inbound"], ledger["statuses"]
    rows = {
        "number": [f"ends in {ledger['number'][-4:]}"],
        "outbound": [
            f"{out['accepted']} accepted",
            f"{out['delivered']} sent",
            f"{len(out['lost'])} lost",
            f"{len(out['duplicated'])} twice",
            f"{out['refused_attempts']} attempts refused",
            f"{out['in_doubt']} in doubt",
        ],
        "inbound": [
            f"{into['sent']} sent",
            f"{into['received']} received",
            f"{len(into['lost'])} lost",
            f"{len(into['duplicated'])} twice",
            f"{len(into['unknown'])} unknown",
        ],
        "statuses": [
            f"{statuses['expected']} expected",
            f"{len(statuses['missing'])} missing",
            f"{len(statuses['duplicated'])} twice",
            f"{len(statuses['unknown'])} unknown",
        ],
        "network": [
            f"{ledger['kicks']} kicks",
            f"{ledger['registrations']} registration calls",
            f"{ledger['identity_changes']} identity changes",
            f"{len(ledger['incidents'])} incidents",
        ],
        "downtime": [f"{ledger['downtime']['seconds']} s"],
        "pending": [str(ledger["pending"])],
        "verdict": ["balanced" if ledger["balanced"] else "NOT BALANCED: " + "; ".join(ledger["reasons"])],
    }
    return [f"{name:<11}{', '.join(parts)}" for name, parts in rows.items()]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", required=True)
    parser.add_argument("--network", default="http://whatsapp:8080")
    parser.add_argument("--receiver", default="http://webhook:8080")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--grace", type=float, default=5.0, help="seconds before a missing message counts")
    parser.add_argument("--settle", type=float, default=0.0, help="seconds to wait until nothing is pending")
    parser.add_argument("--identity-changes", type=int, default=0, help="how many the move makes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    deadline = time.time() + arguments.settle
    while True:
        ledger = collect(
            arguments.number,
            arguments.network,
            arguments.receiver,
            arguments.log,
            arguments.grace,
            arguments.identity_changes,
        )
        settled = ledger["balanced"] and not ledger["pending"]
        if settled or time.time() >= deadline:
            break
        time.sleep(0.5)
    sys.stdout.write((json.dumps(ledger) if arguments.json else "\n".join(lines(ledger))) + "\n")
    return 0 if ledger["balanced"] else 1


if __name__ == "__main__":
    sys.exit(main())
