# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WhatsApp network over its sockets: the wire protocol, the control interface, a restart from the journal."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from standin.network import wire
from standin.network.control import application
from standin.network.registry import Registry
from standin.network.wire import WireServer
from standin.tests.harness import CUSTOMER, NUMBER, until
from standin.tests.sockets import Json, Wire, served

pytestmark = pytest.mark.anyio
OTHER = "15550100002"
IDENTITY = "ab" * 32
NODE = "wacore:aaaaaaaaaaaa"
SECOND = "wacore:bbbbbbbbbbbb"


class Whatsapp:
    """The network as the lab runs it: a journal, a port for clients, a port for the lab."""

    def __init__(self, journal: Path):
        self._journal = journal
        self._end = contextlib.AsyncExitStack()
        self._wires: list[Wire] = []

    async def start(self) -> None:
        self.registry = Registry(self._journal)
        self.server = WireServer(self.registry)
        listening = await self.server.listen("127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        self._end.callback(self.registry.close)
        self._end.callback(listening.close)
        url = await self._end.enter_async_context(served(application(self.server)))
        self.http = await self._end.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False))

    async def stop(self) -> None:
        for line in self._wires:
            await line.close()
        await until(lambda: not self.server.lines, "all lines have ended")
        await self._end.aclose()

    async def restart(self, silently: bool = False) -> None:
        """``silently``: as a process that is killed, which notes nothing any more."""
        kept = self._journal.read_text(encoding="utf-8")
        await self.stop()
        if silently:
            self._journal.write_text(kept, encoding="utf-8")
        await self.start()

    async def dial(self) -> Wire:
        self._wires.append(await Wire.open(self.port))
        return self._wires[-1]

    async def register(self, number: str = NUMBER, identity: str = IDENTITY) -> None:
        line = await self.dial()
        assert await line.ask("register", number=number, pin=None) == {"type": "code_sent"}
        assert await line.ask("verify", number=number, code="123456", identity=identity) == {"type": "registered"}
        await line.close()

    async def connect(self, **more: Any) -> Wire:
        line = await self.dial()
        assert await line.ask("connect", **hello(**more)) == {"type": "connected"}
        return line

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.http.get(path, params=query)).raise_for_status().json()

    async def post(self, path: str, body: Any = None) -> Any:
        return (await self.http.post(path, json=body or {})).raise_for_status().json()

    async def customer_writes(self, ref: str, number: str = NUMBER, **more: str) -> str:
        body = {"to": number, "ref": ref, "body": f"ref:{ref} hello", **more}
        answer = await self.http.post(f"/customers/{CUSTOMER}/messages", json=body)
        assert answer.status_code == 201
        return str(answer.json()["id"])

    async def events(self, *kinds: str, number: str = NUMBER) -> list[Json]:
        return [event for event in await self.get("/events", number=number) if event["event"] in kinds]

    async def counts(self) -> tuple[int, int, int, int]:
        """Kicks, registrations, identity changes, incidents since the baseline."""
        state = await self.get("/state")
        return state["kicks"], state["registrations"], state["identity_changes"], len(state["incidents"])


def hello(number: str = NUMBER, slot: int = 0, node: str = NODE, identity: str = IDENTITY, epoch: int = 0) -> Json:
    return {"number": number, "slot": slot, "node": node, "identity": identity, "epoch": epoch}


def text(ref: str) -> Json:
    return {"type": "text", "text": {"body": f"ref:{ref} hi"}}


@pytest.fixture
async def whatsapp(anyio_backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Whatsapp]:
    monkeypatch.setattr(wire, "DELIVERED_AFTER", 0.01)
    whatsapp = Whatsapp(tmp_path / "network.jsonl")
    await whatsapp.start()
    yield whatsapp
    await whatsapp.stop()


# -- registration -----------------------------------------------------------------------------------------------------


async def test_registration(whatsapp: Whatsapp) -> None:
    line = await whatsapp.dial()
    assert await line.ask("connect", **hello()) == {"type": "refused", "reason": "not_registered"}
    assert await line.receive() is None, "the network hangs up"
    line = await whatsapp.dial()
    await line.ask("register", number=NUMBER, pin=None)
    wrong = await line.ask("verify", number=NUMBER, code="000000", identity=IDENTITY)
    assert wrong == {"type": "error", "reason": "bad_code"}
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["registered"] is False
    await whatsapp.register()
    await whatsapp.connect()
    known = (await whatsapp.get("/state"))["numbers"][NUMBER]
    assert (known["registered"], known["identity"], known["two_step"]) == (True, IDENTITY, False)
    assert (await whatsapp.counts())[1] == 4, "asking for a code counts, and so does a wrong one"


async def test_two_step(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.dial()
    assert await line.ask("two_step", number=NUMBER, pin="123456") == {"type": "ok"}
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["two_step"] is True
    for pin, answer in (
        (None, {"type": "error", "reason": "pin_required"}),
        ("654321", {"type": "error", "reason": "pin_mismatch"}),
        ("123456", {"type": "code_sent"}),
    ):
        assert await line.ask("register", number=NUMBER, pin=pin) == answer
    assert await line.ask("two_step", number=NUMBER, pin=None) == {"type": "ok"}
    assert await line.ask("register", number=NUMBER, pin=None) == {"type": "code_sent"}


async def test_identity_change(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.dial()
    assert await line.ask("identity", number=NUMBER, identity="cd" * 32) == {"type": "ok"}
    await whatsapp.connect(identity="cd" * 32)
    assert await whatsapp.counts() == (0, 2, 1, 0)
    await whatsapp.connect(identity=IDENTITY, slot=1)
    assert [i["event"] for i in (await whatsapp.get("/state"))["incidents"]] == ["identity_mismatch"]


# -- connections ------------------------------------------------------------------------------------------------------


async def test_connection_and_its_end_are_seen(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    slots = (await whatsapp.get("/state"))["numbers"][NUMBER]["slots"]
    assert (list(slots), slots["0"]["node"], slots["0"]["peer"]) == (["0"], NODE, "127.0.0.1")
    await line.close()
    await until(lambda: whatsapp.events("disconnected"), "the end is seen")
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["slots"] == {}
    seen = await whatsapp.events("connected", "disconnected", "kicked")
    assert [(e["event"], e["slot"], e["node"], e["peer"]) for e in seen] == [
        ("connected", 0, NODE, "127.0.0.1"),
        ("disconnected", 0, NODE, "127.0.0.1"),
    ]


async def test_second_connection_kicks_the_first(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    first = await whatsapp.connect()
    second = await whatsapp.connect(node=SECOND)
    assert await first.receive() == {"type": "kicked"}
    assert await first.receive() is None
    await second.quiet()
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["slots"]["0"]["node"] == SECOND
    kicked = await whatsapp.events("kicked")
    assert [(e["node"], e["by"]) for e in kicked] == [(NODE, SECOND)]
    assert not await whatsapp.events("disconnected"), "who was kicked did not hang up"
    assert (await whatsapp.counts())[0] == 1


async def test_message_right_after_a_kick_goes_to_the_new_line(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    await whatsapp.connect()
    for index in range(5):
        line = await whatsapp.dial()
        await line.send("connect", **hello(node=f"wacore:{index:012x}"))
        assert await line.receive() == {"type": "connected"}
        message = whatsapp.registry.accept_inbound(NUMBER, CUSTOMER, f"k{index}", text(f"k{index}"))
        whatsapp.server.deliver(NUMBER, message)
        received = [await line.receive() for _ in range(index + 1)]
        assert received[-1] is not None
        assert received[-1]["id"] == message.id


async def test_slots_do_not_disturb_each_other(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    lines = [await whatsapp.connect(slot=slot) for slot in (-1, 0, 1)]
    assert set((await whatsapp.get("/state"))["numbers"][NUMBER]["slots"]) == {"-1", "0", "1"}
    for line in lines:
        await line.quiet()
    await whatsapp.customer_writes("m1")
    frame = await lines[1].receive()
    assert frame is not None
    assert frame["type"] == "message", "the primary master's line carries no messages"
    await lines[0].quiet()


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("send", {"id": "gB1", "to": CUSTOMER, "payload": {}}, "not_connected"),
        ("ack", {"id": "ABGG1"}, "not_connected"),
        ("dance", {}, "unknown_type"),
    ],
)
async def test_frames_that_cannot_be(whatsapp: Whatsapp, kind: str, more: Json, reason: str) -> None:
    line = await whatsapp.dial()
    assert await line.ask(kind, **more) == {"type": "error", "reason": reason}
    assert (await whatsapp.get("/state"))["numbers"] == {}


async def test_a_line_has_one_slot(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    assert await line.ask("connect", **hello(slot=1)) == {"type": "error", "reason": "already_connected"}
    await line.close()
    await until(lambda: whatsapp.events("disconnected"), "the end is seen")
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["slots"] == {}


async def test_refusing_connections_for_a_while(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    await whatsapp.post("/faults", {"refuse_connections": True})
    line = await whatsapp.dial()
    assert (await line.ask("connect", **hello()) or {})["type"] == "refused"
    assert len(await whatsapp.events("refused")) == 1
    await whatsapp.post("/faults", {"refuse_connections": False})
    await whatsapp.connect()


# -- messages ---------------------------------------------------------------------------------------------------------


async def test_inbound_message_is_delivered_until_it_is_acknowledged(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    waiting = await whatsapp.customer_writes("before")
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["queued"] == 1
    line = await whatsapp.connect()
    frame = await line.receive() or {}
    assert frame.pop("timestamp").isdigit()
    assert frame == {
        "type": "message",
        "id": waiting,
        "from": CUSTOMER,
        "profile": "Customer 0077",
        "epoch": 1,
        "payload": {"type": "text", "text": {"body": "ref:before hello"}},
    }
    await line.close()
    line = await whatsapp.connect()
    assert (await line.receive() or {})["id"] == waiting, "delivered again"
    await line.send("ack", id=waiting)
    await line.quiet()
    row = (await whatsapp.get("/inbound", number=NUMBER))[0]
    assert (row["id"], row["ref"], row["deliveries"], row["acknowledged"] >= row["time"]) == (
        waiting,
        "before",
        2,
        True,
    )
    await line.close()
    line = await whatsapp.connect(epoch=1)
    await line.quiet()
    assert (await whatsapp.get("/state"))["numbers"][NUMBER]["queued"] == 0


async def test_picture(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    picture = base64.b64encode(b"\x89PNG" + bytes(range(256)) * 400).decode()
    await whatsapp.customer_writes("p", image_base64=picture)
    frame = await line.receive() or {}
    assert frame["payload"]["type"] == "image"
    assert frame["payload"]["image"] == {"mime_type": "image/png", "data_base64": picture, "caption": "ref:p hello"}


async def test_outbound_message_and_its_receipt(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    assert await line.ask("send", id="gB1", to=CUSTOMER, payload=text("o1")) == {
        "type": "sent",
        "id": "gB1",
        "epoch": 1,
    }
    receipt = await line.receive() or {}
    assert (receipt["type"], receipt["id"], receipt["status"], receipt["epoch"]) == ("receipt", "gB1", "delivered", 2)
    await line.close()
    line = await whatsapp.connect(epoch=1)
    assert await line.receive() == receipt, "delivered again"
    await line.send("ack", id="gB1", status="delivered")
    await line.quiet()
    await line.close()
    line = await whatsapp.connect(epoch=2)
    await line.quiet()
    row = (await whatsapp.get("/outbound", number=NUMBER))[0]
    assert row == {"id": "gB1", "ref": "o1", "to": CUSTOMER, "time": row["time"], "copies": 1}


async def test_same_id_again_is_the_same_message_and_another_id_is_a_copy(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    for _ in range(2):
        assert (await line.ask("send", id="gB1", to=CUSTOMER, payload=text("o1")) or {})["epoch"] == 1
    assert (await line.receive() or {})["type"] == "receipt"
    await line.quiet()
    await line.send("send", id="gB2", to=CUSTOMER, payload=text("o1"))
    await line.receive()
    assert [row["ref"] for row in await whatsapp.get("/outbound", number=NUMBER)] == ["o1", "o1"]


@pytest.mark.parametrize("payload", [{"type": "text", "text": {"body": "hello"}}, {"type": "template"}, {"text": None}])
async def test_messages_without_a_reference(whatsapp: Whatsapp, payload: Json) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    await line.ask("send", id="gB1", to=CUSTOMER, payload=payload)
    assert [row["ref"] for row in await whatsapp.get("/outbound", number=NUMBER)] == [""]


# -- the ratchet ------------------------------------------------------------------------------------------------------


async def _acknowledge_one(whatsapp: Whatsapp, line: Wire, kind: str) -> int:
    """Lets one message or receipt be stored; returns the epoch that came with it."""
    if kind == "message":
        await whatsapp.customer_writes("e")
        frame = await line.receive() or {}
        await line.send("ack", id=frame["id"])
    else:
        await line.ask("send", id="gBe", to=CUSTOMER, payload=text("e"))
        frame = await line.receive() or {}
        await line.send("ack", id=frame["id"], status="delivered")
    await line.quiet()
    return int(frame["epoch"])


@pytest.mark.parametrize("kind", ["message", "receipt"])
@pytest.mark.parametrize(("behind", "incidents"), [(0, []), (1, ["stale_keys"])])
async def test_keys_older_than_what_was_acknowledged(
    whatsapp: Whatsapp, kind: str, behind: int, incidents: list[str]
) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    epoch = await _acknowledge_one(whatsapp, line, kind)
    await line.close()
    await whatsapp.connect(epoch=epoch - behind)
    assert [i["event"] for i in (await whatsapp.get("/state"))["incidents"]] == incidents


async def test_keys_need_not_know_what_was_not_acknowledged(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    await whatsapp.customer_writes("unseen")
    await line.close()
    await whatsapp.connect(epoch=0)
    assert (await whatsapp.counts())[3] == 0


# -- control ----------------------------------------------------------------------------------------------------------


async def test_events_by_number_and_time(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    await whatsapp.register(OTHER)
    await whatsapp.connect()
    await whatsapp.post("/baseline")
    await whatsapp.connect(number=OTHER)
    assert {e["number"] for e in await whatsapp.get("/events")} == {NUMBER, OTHER, ""}
    assert {e["number"] for e in await whatsapp.get("/events", number=NUMBER)} == {NUMBER, ""}
    since = (await whatsapp.get("/state"))["baseline"]
    assert [e["event"] for e in await whatsapp.get("/events", since=since)] == ["baseline", "connected"]
    times = [e["time"] for e in await whatsapp.get("/events")]
    assert times == sorted(times)


async def test_messages_by_time(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    line = await whatsapp.connect()
    for name in ("a", "b"):
        await whatsapp.customer_writes(name)
        await line.send("send", id=f"gB{name}", to=CUSTOMER, payload=text(name))
    await until(lambda: len(whatsapp.registry.number(NUMBER).outbound) == 2, "both are there")
    for kind in ("inbound", "outbound"):
        rows = await whatsapp.get(f"/{kind}", number=NUMBER)
        assert [row["ref"] for row in rows] == ["a", "b"]
        later = await whatsapp.get(f"/{kind}", number=NUMBER, since=rows[1]["time"])
        assert [row["ref"] for row in later] == ["b"]


async def test_looking_at_an_unknown_number_changes_nothing(whatsapp: Whatsapp) -> None:
    for kind in ("inbound", "outbound", "events"):
        assert await whatsapp.get(f"/{kind}", number=OTHER) == []
    assert (await whatsapp.get("/state"))["numbers"] == {}


async def test_baseline_starts_the_counts_anew(whatsapp: Whatsapp) -> None:
    await whatsapp.register()
    await whatsapp.connect()
    await whatsapp.connect(node=SECOND, identity="ef" * 32)
    assert await whatsapp.counts() == (1, 2, 0, 1)
    answer = await whatsapp.post("/baseline")
    assert answer == {"baseline": (await whatsapp.get("/state"))["baseline"]}
    assert await whatsapp.counts() == (0, 0, 0, 0)
    await whatsapp.connect()
    assert await whatsapp.counts() == (1, 0, 0, 0)


async def test_reset_forgets_one_number(whatsapp: Whatsapp) -> None:
    for number in (NUMBER, OTHER):
        await whatsapp.register(number)
    line, other = await whatsapp.connect(), await whatsapp.connect(number=OTHER)
    await line.send("send", id="gB1", to=CUSTOMER, payload=text("o1"))
    await line.receive()
    await whatsapp.post("/reset", {"number": NUMBER})
    await other.quiet()
    state = await whatsapp.get("/state")
    assert (set(state["numbers"]), state["registrations"]) == ({OTHER}, 2)
    assert [e["event"] for e in await whatsapp.get("/events", number=NUMBER)] == ["reset"]
    again = await whatsapp.dial()
    assert (await again.ask("connect", **hello()) or {})["type"] == "refused"
    await asyncio.sleep(0.05)  # the receipt of the message that was forgotten is due by now
    assert not whatsapp.registry.number(NUMBER).receipts


# -- restart ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silently", [False, True], ids=["in order", "killed"])
async def test_restart_knows_everything_again(whatsapp: Whatsapp, silently: bool) -> None:
    await whatsapp.register()
    await whatsapp.register(OTHER)
    control = await whatsapp.dial()
    await control.ask("two_step", number=NUMBER, pin="123456")
    await control.ask("identity", number=NUMBER, identity="cd" * 32)
    await control.ask("identity", number="15550100003", identity="cd" * 32)
    line = await whatsapp.connect(identity="cd" * 32)
    await _acknowledge_one(whatsapp, line, "message")
    epoch = await _acknowledge_one(whatsapp, line, "receipt")
    open_message = await whatsapp.customer_writes("open")
    assert (await line.receive() or {})["id"] == open_message
    await line.send("send", id="gBopen", to=CUSTOMER, payload=text("open"))
    assert [(await line.receive() or {})["type"] for _ in range(2)] == ["sent", "receipt"]
    await whatsapp.post("/baseline")
    before = await whatsapp.get("/state")
    inbound, outbound = [await whatsapp.get(f"/{kind}", number=NUMBER) for kind in ("inbound", "outbound")]

    await whatsapp.restart(silently)

    after = await whatsapp.get("/state")
    for number in (NUMBER, OTHER, "15550100003"):
        assert after["numbers"][number] == {**before["numbers"][number], "slots": {}}
    assert after["numbers"]["15550100003"]["registered"] is False
    assert {**after, "numbers": 0} == {**before, "numbers": 0}
    forgotten = {"deliveries": 0}
    assert [{**row, **forgotten} for row in inbound] == await whatsapp.get("/inbound", number=NUMBER)
    assert outbound == await whatsapp.get("/outbound", number=NUMBER)
    assert [e["event"] for e in await whatsapp.events("connected", "disconnected")] == ["connected", "disconnected"]
    line = await whatsapp.connect(identity="cd" * 32, epoch=epoch)
    frames = [await line.receive() or {} for _ in range(2)]
    assert [(f["type"], f["id"]) for f in frames] == [("message", open_message), ("receipt", "gBopen")]
    await line.quiet()
    assert (await whatsapp.counts())[3] == 0
    await whatsapp.connect(identity="cd" * 32, epoch=epoch - 1, slot=1)
    assert [i["event"] for i in (await whatsapp.get("/state"))["incidents"]] == ["stale_keys"]


async def test_receipt_that_was_due_comes_after_the_restart(
    whatsapp: Whatsapp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "DELIVERED_AFTER", 60)
    await whatsapp.register()
    line = await whatsapp.connect()
    assert (await line.ask("send", id="gB1", to=CUSTOMER, payload=text("o1")) or {})["epoch"] == 1
    await whatsapp.restart()
    line = await whatsapp.connect(epoch=1)
    receipt = await line.receive() or {}
    assert (receipt["id"], receipt["status"], receipt["epoch"]) == ("gB1", "delivered", 2)


async def test_restart_after_a_reset(whatsapp: Whatsapp, tmp_path: Path) -> None:
    await whatsapp.register()
    await whatsapp.customer_writes("gone")
    await whatsapp.post("/reset", {"number": NUMBER})
    await whatsapp.restart()
    assert (await whatsapp.get("/state"))["numbers"] == {}
    assert await whatsapp.get("/inbound", number=NUMBER) == []
    for line in (tmp_path / "network.jsonl").read_text(encoding="utf-8").splitlines():
        assert {"time", "event", "number"} <= set(json.loads(line))
