# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the WhatsApp network knows of each number. Pure state; every change is also an event in a journal [P]."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
CODE = "123456"
REGISTRATIONS = ("registration_call", "registration")
INCIDENTS = ("stale_keys", "identity_mismatch")
UNLISTED = ("inbound", "inbound_acknowledged", "outbound", "two_step", "receipt", "receipt_acknowledged")
"""Events that are in the journal only: there are as many as messages."""


@dataclass
class Slot:
    node: str
    peer: str
    since: float
    close: Callable[[], None]


@dataclass
class Inbound:
    """A customer's message on its way to the number. ``acknowledged`` is when the client had stored it."""

    id: str
    ref: str
    sender: str
    payload: Json
    time: float
    epoch: int = 0
    acknowledged: float | None = None
    deliveries: int = 0


@dataclass
class Outbound:
    """A message of the number that the network took."""

    id: str
    ref: str
    to: str
    time: float
    copies: int = 1


@dataclass
class Number:
    number: str
    registered: bool = False
    identity: str = ""
    pin: str | None = None
    epoch: int = 0
    acknowledged_epoch: int = 0
    slots: dict[int, Slot] = field(default_factory=dict)
    inbound: dict[str, Inbound] = field(default_factory=dict)
    outbound: dict[str, Outbound] = field(default_factory=dict)
    receipts: dict[tuple[str, str], Json] = field(default_factory=dict)
    receipted: set[str] = field(default_factory=set)

    def register(self, identity: str) -> None:
        """Its keys are new, and owe nothing to what older ones had seen. (Those of a restored backup are not new.)"""
        self.registered, self.identity, self.acknowledged_epoch = True, identity, 0


class Registry:
    """All numbers, the events, and the journal file that lets a restart know them again."""

    def __init__(self, journal: Path | None = None):
        self.numbers: dict[str, Number] = {}
        self.events: list[Json] = []
        self.baseline = 0.0
        self.refuse_connections = False
        self._journal = None
        if journal is not None:
            if journal.exists():
                for line in journal.read_text(encoding="utf-8").splitlines():
                    self._replay(json.loads(line))
            self._journal = journal.open("a", encoding="utf-8")
            self._catch_up()

    # -- journal ------------------------------------------------------------------------------------------------------

    def note(self, event: str, number: str, **more: Any) -> Json:
        entry = {"time": time.time(), "event": event, "number": number, **more}
        self.events.append(entry)
        self._write(entry)
        return entry

    def _write(self, entry: Json) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps(entry) + "\n")
            self._journal.flush()

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _replay(self, entry: Json) -> None:
        event = entry["event"]
        state = self.number(entry["number"]) if entry["number"] else None
        if event == "baseline":
            self.baseline = entry["time"]
        elif event == "reset":
            self._forget(entry["number"])
        elif state is not None:
            self._replay_number(state, event, entry)
        if event not in UNLISTED:
            self.events.append(entry)

    def _replay_number(self, state: Number, event: str, entry: Json) -> None:
        if event == "registration":
            state.register(entry["identity"])
        elif event == "identity_change":
            state.identity = entry["identity"]
        elif event == "two_step":
            state.pin = entry["pin"]
        elif event == "inbound":
            message = Inbound(**{k: entry[k] for k in ("id", "ref", "sender", "payload", "time", "epoch")})
            state.inbound[message.id] = message
        elif event == "outbound":
            state.outbound[entry["id"]] = Outbound(entry["id"], entry["ref"], entry["to"], entry["time"])
        elif event == "receipt":
            receipt = entry["receipt"]
            state.receipts[receipt["id"], receipt["status"]] = receipt
            state.receipted.add(receipt["id"])
        elif event == "inbound_acknowledged":
            self.acknowledge(state, entry["id"], None, entry["time"])
        elif event == "receipt_acknowledged":
            self.acknowledge(state, entry["id"], entry["status"], entry["time"])
        state.epoch = max(state.epoch, entry["epoch"] if event in ("inbound", "outbound", "receipt") else 0)

    def _catch_up(self) -> None:
        """What the end of the earlier life left undone: connections that it took along, receipts still to come."""
        open_slots: dict[tuple[str, int], Json] = {}
        for event in self.events:
            if event["event"] == "connected":
                open_slots[event["number"], event["slot"]] = event
            elif event["event"] == "disconnected":
                open_slots.pop((event["number"], event["slot"]), None)
        for (number, index), event in open_slots.items():
            self.note("disconnected", number, slot=index, node=event["node"], peer=event["peer"])
        for number, state in self.numbers.items():
            for message_id in state.outbound:
                if message_id not in state.receipted:
                    self.receipt(number, message_id, "delivered")

    # -- numbers ------------------------------------------------------------------------------------------------------

    def number(self, number: str) -> Number:
        return self.numbers.setdefault(number, Number(number))

    def reset(self, number: str) -> None:
        """Forgets a number. Its connections are closed."""
        for slot in list(self.number(number).slots.values()):
            slot.close()
        self._forget(number)
        self.note("reset", number)

    def _forget(self, number: str) -> None:
        self.numbers.pop(number, None)
        self.events = [e for e in self.events if e["number"] != number]

    def set_baseline(self) -> None:
        self.baseline = self.note("baseline", "")["time"]

    def register(self, number: str, pin: str | None) -> str | None:
        """None when a code was sent, else the reason why not. Asking is a registration call already."""
        state = self.number(number)
        self.note("registration_call", number)
        if state.pin and not pin:
            return "pin_required"
        if state.pin and pin != state.pin:
            return "pin_mismatch"
        return None

    def verify(self, number: str, code: str, identity: str) -> bool:
        if code != CODE:
            self.note("registration_call", number)
            return False
        state = self.number(number)
        state.register(identity)
        self.note("registration", number, identity=identity)
        return True

    def change_identity(self, number: str, identity: str) -> None:
        self.number(number).identity = identity
        self.note("identity_change", number, identity=identity)

    def set_pin(self, number: str, pin: str | None) -> None:
        self.number(number).pin = pin
        self._write({"time": time.time(), "event": "two_step", "number": number, "pin": pin})

    # -- connections --------------------------------------------------------------------------------------------------

    def connect(self, hello: Json, peer: str, close: Callable[[], None]) -> Slot | None:
        """Takes a slot, and throws out whoever has it. None for a number that nobody registered."""
        state = self.number(hello["number"])
        number, index = state.number, int(hello["slot"])
        if not state.registered or self.refuse_connections:
            self.note("refused", number, slot=index, node=hello["node"], peer=peer)
            return None
        if int(hello["epoch"]) < state.acknowledged_epoch:
            self.note(
                "stale_keys",
                number,
                slot=index,
                node=hello["node"],
                peer=peer,
                epoch=hello["epoch"],
                known=state.acknowledged_epoch,
            )
        if hello["identity"] != state.identity:
            self.note("identity_mismatch", number, slot=index, node=hello["node"], peer=peer)
        older = state.slots.get(index)
        slot = Slot(hello["node"], peer, time.time(), close)
        state.slots[index] = slot
        if older is not None:
            self.note("kicked", number, slot=index, node=older.node, peer=older.peer, by=hello["node"], by_peer=peer)
            older.close()
        self.note("connected", number, slot=index, node=slot.node, peer=peer)
        return slot

    def disconnect(self, number: str, index: int, slot: Slot) -> None:
        state = self.numbers.get(number)
        if state is not None and state.slots.get(index) is slot:
            del state.slots[index]
            self.note("disconnected", number, slot=index, node=slot.node, peer=slot.peer)

    # -- messages -----------------------------------------------------------------------------------------------------

    def accept_inbound(self, number: str, sender: str, ref: str, payload: Json) -> Inbound:
        state = self.number(number)
        state.epoch += 1
        message = Inbound("ABGG" + secrets.token_urlsafe(18), ref, sender, payload, time.time(), state.epoch)
        state.inbound[message.id] = message
        self._write(
            {
                "time": message.time,
                "event": "inbound",
                "number": number,
                "id": message.id,
                "ref": ref,
                "sender": sender,
                "payload": payload,
                "epoch": message.epoch,
            }
        )
        return message

    def accept_outbound(self, number: str, message: Json) -> int:
        """The same id again is the same message: the recipient sees it once. A copy has another id and the same ref."""
        state = self.number(number)
        if message["id"] not in state.outbound:
            state.epoch += 1
            taken = Outbound(message["id"], reference(message["payload"]), message["to"], time.time())
            state.outbound[taken.id] = taken
            self._write(
                {
                    "time": taken.time,
                    "event": "outbound",
                    "number": number,
                    "id": taken.id,
                    "ref": taken.ref,
                    "to": taken.to,
                    "epoch": state.epoch,
                }
            )
        return state.epoch

    def receipt(self, number: str, message_id: str, status: str) -> Json:
        state = self.number(number)
        state.epoch += 1
        entry = {
            "type": "receipt",
            "id": message_id,
            "status": status,
            "timestamp": str(int(time.time())),
            "epoch": state.epoch,
        }
        state.receipts[(message_id, status)] = entry
        state.receipted.add(message_id)
        self._write({"time": time.time(), "event": "receipt", "number": number, "receipt": entry, "epoch": state.epoch})
        return entry

    def acknowledge(self, state: Number, message_id: str, status: str | None, when: float | None = None) -> None:
        """The client has stored it, and its keys have moved on. ``when`` is given where it comes from the journal."""
        stamp = time.time() if when is None else when
        entry: Json = {"time": stamp, "number": state.number, "id": message_id}
        if status is not None:
            receipt = state.receipts.pop((message_id, status), None)
            if receipt is None:
                return
            state.acknowledged_epoch = max(state.acknowledged_epoch, receipt["epoch"])
            entry |= {"event": "receipt_acknowledged", "status": status}
        else:
            message = state.inbound.get(message_id)
            if message is None or message.acknowledged is not None:
                return
            message.acknowledged = stamp
            state.acknowledged_epoch = max(state.acknowledged_epoch, message.epoch)
            entry |= {"event": "inbound_acknowledged"}
        if when is None:
            self._write(entry)

    # -- views --------------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        since = [e for e in self.events if e["time"] >= self.baseline]
        return {
            "numbers": {
                n.number: {
                    "registered": n.registered,
                    "two_step": n.pin is not None,
                    "identity": n.identity,
                    "epoch": n.epoch,
                    "slots": {str(i): {"node": s.node, "peer": s.peer, "since": s.since} for i, s in n.slots.items()},
                    "queued": sum(m.acknowledged is None for m in n.inbound.values()),
                }
                for n in self.numbers.values()
            },
            "baseline": self.baseline,
            "kicks": sum(e["event"] == "kicked" for e in since),
            "registrations": sum(e["event"] in REGISTRATIONS for e in since),
            "identity_changes": sum(e["event"] == "identity_change" for e in since),
            "incidents": [e for e in since if e["event"] in INCIDENTS],
        }


def reference(payload: Json) -> str:
    """The generator's own mark in a text: ``ref:<ref> ...``."""
    body = str((payload.get("text") or {}).get("body", ""))
    return body.split(" ", 1)[0][4:] if body.startswith("ref:") else ""
