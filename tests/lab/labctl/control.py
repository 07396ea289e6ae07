# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the WhatsApp network and the webhook receiver tell the lab."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from labctl.errors import LabError
from labctl.layout import CONTROL_PORT, VERIFICATION_CODE, WIRE_PORT
from labctl.state import State

TIMEOUT_SECONDS = 10


def _ask(state: State, host: str, path: str, body: object = None) -> Any:
    """One question over HTTP; a POST when there is a body."""
    connection = http.client.HTTPConnection("127.0.0.1", state.port(host, CONTROL_PORT), timeout=TIMEOUT_SECONDS)
    try:
        content = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise LabError(f"Asking {host} for {path}", str(error) or type(error).__name__, "Run `lab up`.") from error
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        raise LabError(f"Asking {host} for {path}", f"HTTP {response.status} {text[:300]}", f"Read the log of {host}.")
    return json.loads(text) if text.strip() else None


def missing(state: State, host: str) -> str:
    """Empty when a host answers on its control port."""
    try:
        _ask(state, host, "/state" if host == "whatsapp" else "/callbacks?since=1e12")
    except LabError as error:
        return error.found
    return ""


def network(state: State, path: str, body: object = None) -> Any:
    """A question to the WhatsApp network, or an order when there is a body."""
    return _ask(state, "whatsapp", path, body)


def receiver(state: State, path: str, body: object = None) -> Any:
    """The same for the webhook receiver."""
    return _ask(state, "webhook", path, body)


def numbers(state: State) -> dict[str, Any]:
    """What the network knows of each number."""
    known: dict[str, Any] = network(state, "/state")["numbers"]
    return known


def connected_slots(state: State, wa_id: str) -> dict[str, Any]:
    """The slots of a number that are connected now."""
    slots: dict[str, Any] = numbers(state).get(wa_id, {}).get("slots", {})
    return slots


def baseline(state: State) -> None:
    """Kicks, registrations and incidents count from here on."""
    network(state, "/baseline", {})


def forget(state: State, wa_id: str) -> None:
    """The network forgets a number, as if it had never been registered."""
    network(state, "/reset", {"number": wa_id})


def snapshot(state: State, wa_id: str) -> dict[str, Any]:
    """What must be the same again for the network to know a client that is brought back."""
    known = numbers(state)[wa_id]
    return {"identity": known["identity"]}


def restore(state: State, wa_id: str, kept: dict[str, Any], pin: str) -> None:
    """Registers a number anew with the identity and the PIN that its pristine client has."""
    forget(state, wa_id)
    with socket.create_connection(
        ("127.0.0.1", state.port("whatsapp", WIRE_PORT)), timeout=TIMEOUT_SECONDS
    ) as connection:
        stream = connection.makefile("rwb")
        for message, wanted in (
            ({"type": "register", "pin": None}, "code_sent"),
            ({"type": "verify", "code": VERIFICATION_CODE, "identity": kept["identity"]}, "registered"),
            ({"type": "two_step", "pin": pin}, "ok"),
        ):
            stream.write(json.dumps({**message, "number": wa_id}).encode() + b"\n")
            stream.flush()
            answer = json.loads(stream.readline() or b"{}")
            if answer.get("type") != wanted:
                raise LabError(
                    f"Registering {wa_id} with the lab's network",
                    f"{message['type']}: {answer}",
                    "Run `lab down` and `lab up`.",
                )
