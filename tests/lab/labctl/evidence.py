# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic, and the ledger over it."""

from __future__ import annotations

import json
from typing import Any

from labctl import control, docker, hosts
from labctl.docker import File
from labctl.errors import LabError
from labctl.layout import ACME, CONTROL_PORT, CUSTOMERS, ENGINE_HOSTS, NUMBERS, TRAFFIC_LOG, Lab, Number
from labctl.session import Session

LEDGER_SECONDS = 60.0
RATES = {"acme": (3.0, 1.5), "beta": (1.0, 0.5)}
"""Messages a second, out and in."""


def traffic_config(secrets: dict[str, str]) -> dict[str, Any]:
    """What the traffic knows: where the API may be found, and who sends. Nothing of a migration."""

    def entry(number: Number) -> dict[str, Any]:
        outbound, inbound = RATES[number.key]
        return {
            "number": number.wa_id,
            "urls": [f"https://{host}:{number.api_port}" for host in ENGINE_HOSTS],
            "username": "sender",
            "password": secrets[f"{number.key}_sender_password"],
            "customers": list(CUSTOMERS[number.key]),
            "outbound_rate": outbound,
            "inbound_rate": inbound,
        }

    return {"network": f"http://whatsapp:{CONTROL_PORT}", "numbers": [entry(number) for number in NUMBERS]}


def configure(session: Session) -> None:
    """Hands the traffic its configuration. It takes effect at the next start."""
    content = json.dumps(traffic_config(session.secrets), indent=2).encode()
    docker.put(session.lab.container("traffic"), [File("/etc/lab/traffic.json", content, 0o600)])


def start_traffic(session: Session) -> None:
    configure(session)
    hosts.start(session.lab, "traffic")


def stop_traffic(lab: Lab) -> None:
    hosts.stop(lab, "traffic")


def forget(session: Session) -> None:
    """Nothing of earlier traffic counts from here on."""
    docker.execute(session.lab.container("whatsapp"), "rm", "-f", TRAFFIC_LOG, tried="Removing the traffic's log")
    control.receiver(session.state, "/reset", {})


def ledger(lab: Lab, number: Number = ACME, settle: int = 0) -> dict[str, Any]:
    """The ledger of a number. Waits up to ``settle`` seconds until nothing is pending."""
    hosts.require_running(lab, "whatsapp")
    result = docker.call(
        "exec", lab.container("whatsapp"), "python3", "-m", "standin.ledger", "--json",
        "--number", number.wa_id, "--log", TRAFFIC_LOG, "--settle", str(settle),
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
