# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic, and the ledger over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labctl import control, docker, hosts
from labctl.docker import File
from labctl.errors import LabError
from labctl.layout import ACME, CONTROL_PORT, CUSTOMERS, ENGINE_HOSTS, NUMBERS, TRAFFIC_LOG, Lab, Number
from labctl.session import Session

LEDGER_SECONDS = 60.0
Rates = Mapping[str, tuple[float, float]]
"""Messages a second, out and in, by number."""

RATES: Rates = {"acme": (3.0, 1.5), "beta": (1.0, 0.5)}


def traffic_config(secrets: dict[str, str], new_platform: bool = False, rates: Rates = RATES) -> dict[str, Any]:
    """What the traffic knows: where the API may be found, and who sends. Nothing of a migration.

    ``new_platform``: the new host has users of its own, and so number A's sender another password there.
    """

    def address(number: Number, host: str) -> dict[str, str]:
        own_users = new_platform and number is ACME and host == "new"
        return {
            "url": f"https://{host}:{number.api_port}",
            "username": "sender",
            "password": secrets[f"{number.key}_{'new_' if own_users else ''}sender_password"],
        }

    def entry(number: Number) -> dict[str, Any]:
        outbound, inbound = rates[number.key]
        return {
            "number": number.wa_id,
            "addresses": [address(number, host) for host in ENGINE_HOSTS],
            "customers": list(CUSTOMERS[number.key]),
            "outbound_rate": outbound,
            "inbound_rate": inbound,
        }

    return {"network": f"http://whatsapp:{CONTROL_PORT}", "numbers": [entry(number) for number in NUMBERS]}


def configure(session: Session, new_platform: bool = False, rates: Rates = RATES) -> None:
    """Hands the traffic its configuration. It takes effect at the next start."""
    content = json.dumps(traffic_config(session.secrets, new_platform, rates), indent=2).encode()
    docker.put(session.lab.container("traffic"), [File("/etc/lab/traffic.json", content, 0o600)])


def start_traffic(session: Session, new_platform: bool = False, rates: Rates = RATES) -> None:
    configure(session, new_platform, rates)
    hosts.start(session.lab, "traffic")


def stop_traffic(lab: Lab) -> None:
    hosts.stop(lab, "traffic")


def forget(session: Session) -> None:
    """Nothing of earlier traffic counts from here on."""
    docker.execute(session.lab.container("whatsapp"), "rm", "-f", TRAFFIC_LOG, tried="Removing the traffic's log")
    control.receiver(session.state, "/reset", {})


def ledger(lab: Lab, number: Number = ACME, settle: int = 0, identity_changes: int = 0) -> dict[str, Any]:
    """The ledger of a number. Waits up to ``settle`` seconds until nothing is pending.

    ``identity_changes``: as many must have been. A move of the settings only makes one, the new security code.
    """
    hosts.require_running(lab, "whatsapp")
    result = docker.call(
        "exec", lab.container("whatsapp"), "python3", "-m", "standin.ledger", "--json",
        "--number", number.wa_id, "--log", TRAFFIC_LOG, "--settle", str(settle),
        "--identity-changes", str(identity_changes),
        timeout=LEDGER_SECONDS + settle,
    )  # fmt: skip
    try:
        document: dict[str, Any] = json.loads(result.output)
    except json.JSONDecodeError as error:
        raise LabError(
            "Balancing the ledger", result.complaint, "See that whatsapp and webhook are up: `lab status`."
        ) from error
    return document


def sentence(ledger: dict[str, Any]) -> str:
    """The ledger in one line."""
    out, inbound = ledger["outbound"], ledger["inbound"]
    lost = len(out["lost"]) + len(inbound["lost"])
    doubled = len(out["duplicated"]) + len(inbound["duplicated"])
    parts = [
        f"{out['accepted']} out, {inbound['sent']} in",
        f"{lost} lost",
        f"{doubled} duplicated",
        f"{ledger['kicks']} kicks",
        f"{ledger['registrations']} registrations",
        f"longest gap {ledger['downtime']['seconds']:.1f} s",
    ]
    return ", ".join(parts) + ("" if ledger["balanced"] else f" ({'; '.join(ledger['reasons'])})")
