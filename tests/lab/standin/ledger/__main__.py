# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.ledger``: prints the ledger of a number; exit code 1 when it does not balance."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from standin.ledger.balance import balance, without
from standin.traffic.log import read


def collect(number: str, network: str, receiver: str, log: Path, grace: float) -> dict[str, Any]:
    with httpx.Client(timeout=20) as client:
        state = client.get(f"{network}/state").json()
        since = {"since": state["baseline"]}
        now = time.time()
        others = [other for other in state["numbers"] if other != number]
        # One receiver may serve several numbers. What belongs to another one is that one's business.
        foreign = {
            row["id"]
            for other in others
            for kind in ("inbound", "outbound")
            for row in client.get(f"{network}/{kind}", params={"number": other}).json()
        }
        return balance(
            number,
            read(log),
            client.get(f"{network}/outbound", params={"number": number, **since}).json(),
            client.get(f"{network}/inbound", params={"number": number}).json(),
            without(foreign, client.get(f"{receiver}/callbacks", params=since).json()),
            client.get(f"{network}/events", params={"number": number}).json(),
            state,
            now,
            grace,
        )


def lines(ledger: dict[str, Any]) -> list[str]:
    out, into, statuses = ledger["outbound"], ledger["inbound"], ledger["statuses"]
    return [
        f"number     ends in {ledger['number'][-4:]}",
        f"outbound   {out['accepted']} accepted, {out['delivered']} sent, {len(out['lost'])} lost, {len(out['duplicated'])} twice,"
        f" {out['refused_attempts']} attempts refused, {out['in_doubt']} in doubt",
        f"inbound    {into['sent']} sent, {into['received']} received, {len(into['lost'])} lost, {len(into['duplicated'])} twice",
        f"statuses   {statuses['expected']} expected, {len(statuses['missing'])} missing, {len(statuses['duplicated'])} twice",
        f"network    {ledger['kicks']} kicks, {ledger['registrations']} registrations, {ledger['identity_changes']} identity changes,"
        f" {len(ledger['incidents'])} incidents",
        f"downtime   {ledger['downtime']['seconds']} s",
        f"pending    {ledger['pending']}",
        "verdict    " + ("balanced" if ledger["balanced"] else "NOT BALANCED: " + "; ".join(ledger["reasons"])),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", required=True)
    parser.add_argument("--network", default="http://whatsapp:8080")
    parser.add_argument("--receiver", default="http://webhook:8080")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--grace", type=float, default=5.0, help="seconds before a missing message counts")
    parser.add_argument("--settle", type=float, default=0.0, help="seconds to wait until nothing is pending")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    deadline = time.time() + arguments.settle
    while True:
        ledger = collect(arguments.number, arguments.network, arguments.receiver, arguments.log, arguments.grace)
        settled = ledger["balanced"] and not ledger["pending"]
        if settled or time.time() >= deadline:
            break
        time.sleep(0.5)
    print(json.dumps(ledger) if arguments.json else "\n".join(lines(ledger)))
    return 0 if ledger["balanced"] else 1


if __name__ == "__main__":
    sys.exit(main())
