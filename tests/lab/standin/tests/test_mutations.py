# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's mutation suite: a move that goes wrong in one way makes the ledger name that way, and nothing else.

The clients, the network and the receiver are real; what is broken is broken on purpose.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from standin.common.times import now
from standin.core.callbacks import Callbacks
from standin.core.configuration import Configuration
from standin.core.connection import Connection
from standin.core.traffic import Traffic
from standin.network.registry import Registry, reference
from standin.receiver.application import Receiver, webhook
from standin.stores.callback import Callback
from standin.stores.message import Message
from standin.tests.harness import NUMBER, Host, Network, until
from standin.tests.receiver import make_certificates
from standin.tests.sockets import served
from standin.tests.stage import Stage, stranger

pytestmark = pytest.mark.anyio
LOST_IN = "customers' messages never reached the webhook"
LOST_OUT = "outbound messages were accepted and never sent"
TWICE_IN = "customers' messages reached the webhook twice"
TWICE_OUT = "outbound messages were sent twice"
UNKNOWN_IN = "messages at the webhook were never sent by a customer"
MISSING = "delivery statuses never reached the webhook"
TWICE_STATUS = "statuses reached the webhook twice"
UNKNOWN_STATUS = "statuses at the webhook are of messages that were never sent"
KICK = "times a client was kicked out by another"
MARK = "victim"
"""In the reference of the message that a broken part mistreats."""


@pytest.fixture
async def stage(
    network: Network, make_host: Callable[..., Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("standin.network.wire.DELIVERED_AFTER", 0.02)
    authority, certificate, key = make_certificates(tmp_path)
    receiver = Receiver()
    async with served(webhook(receiver), certificate, key) as url:
        stage = Stage(network, make_host, receiver, f"{url}/acme", authority)
        await stage.set_up()
        yield stage
        await stage.old.stop_all()
        await stage.new.stop_all()


def _incident(stage: Stage, event: str) -> str:
    return f"{event}: {stage.new.nodes['wacore'].environment.node} from 127.0.0.1"


def _about(message: dict[str, Any]) -> bool:
    return MARK in str(message)


# -- what must not be found -------------------------------------------------------------------------------------------


async def test_move_without_a_fault(stage: Stage) -> None:
    await stage.talk(stage.old, "before")
    await stage.move()
    await stage.talk(stage.new, "after")
    await stage.verdict()
    ledger = stage.ledger()
    assert (ledger["outbound"]["accepted"], ledger["inbound"]["sent"], ledger["statuses"]["expected"]) == (4, 5, 4)
    assert len(ledger["gaps"]) == 1
    assert ledger["downtime"]["seconds"] > 0


async def test_what_waits_at_the_stop_is_taken_along(stage: Stage) -> None:
    stage.receiver.behave(503, 10**6)
    stage.customer_writes("queued")
    await until(lambda: stage.old.rows("callbackStore", Callback), "the callback is queued")
    await stage.network.stop()
    await until(lambda: stage.old.nodes["wacore"].status != "connected", "the line is gone")
    await stage.business_sends(stage.old, "pending")
    await stage.old.stop()
    await stage.network.start()
    stage.receiver.behave(200, 0)
    stage.copy()
    await stage.start(stage.new)
    await stage.verdict()


# -- the move goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_table", [False, True], ids=["a row", "the table"])
async def test_dropped_rows_of_messages(stage: Stage, whole_table: bool) -> None:
    await stage.talk(stage.old, "before")
    await stage.network.stop()
    await until(lambda: stage.old.nodes["wacore"].status != "connected", "the line is gone")
    await stage.business_sends(stage.old, "pending")
    await stage.old.stop()
    await stage.network.start()
    stage.copy()
    databases = stage.databases("messageStore")
    with databases.session("messageStore") as session:
        statement = delete(Message) if whole_table else delete(Message).where(Message.status == "pending")
        session.execute(statement)
    databases.dispose()
    await stage.start(stage.new)
    await stage.verdict(f"1 {LOST_OUT}")


async def test_dropped_rows_of_callbacks(stage: Stage) -> None:
    stage.receiver.behave(503, 10**6)
    stage.customer_writes("queued")
    await until(lambda: stage.old.rows("callbackStore", Callback), "the callback is queued")
    await stage.old.stop()
    stage.receiver.behave(200, 0)
    stage.copy()
    databases = stage.databases("callbackStore")
    with databases.session("callbackStore") as session:
        session.execute(delete(Callback))
    databases.dispose()
    await stage.start(stage.new)
    await stage.talk(stage.new, "after")
    await stage.verdict(f"1 {LOST_IN}")


async def test_copy_from_before_the_stop_replays_a_callback(stage: Stage) -> None:
    stage.receiver.behave(503, 10**6)
    message_id = stage.customer_writes("queued")
    await until(lambda: any(row.attempts for row in stage.old.rows("callbackStore", Callback)), "it waits")
    await until(lambda: not stage.network.registry.number(NUMBER).receipts, "nothing else is under way")
    stage.copy()
    stage.receiver.behave(200, 0)
    await stage.arrived(message_id)
    await stage.old.stop()
    await stage.start(stage.new)
    await stage.verdict(f"1 {TWICE_IN}")


async def test_copy_from_before_the_stop_has_stale_keys(stage: Stage) -> None:
    await stage.talk(stage.old, "before")
    stage.copy()
    await stage.talk(stage.old, "missed")
    await stage.old.stop()
    await stage.start(stage.new)
    await stage.talk(stage.new, "after")
    await stage.verdict(_incident(stage, "stale_keys"))


async def test_second_client_for_a_moment(stage: Stage) -> None:
    await stage.talk(stage.old, "before")
    stage.copy()
    await stage.start(stage.new)
    await stage.talk(stage.new, "after")
    await stage.verdict(f"1 {KICK}")


async def test_second_client_on_another_slot(stage: Stage) -> None:
    registry = stage.network.registry
    slot = registry.connect({**stranger(1), "identity": registry.number(NUMBER).identity}, "10.0.0.9", lambda: None)
    assert slot is not None
    registry.disconnect(NUMBER, 1, slot)
    await stage.verdict("1 moments with two clients")


async def test_old_client_comes_back(stage: Stage) -> None:
    """As after a restart of its engine, when it was stopped but not fenced."""
    await stage.move()
    await stage.talk(stage.new, "after")
    await stage.start(stage.old)
    node = stage.old.nodes["wacore"].environment.node
    await stage.verdict(f"1 {KICK}", f"stale_keys: {node} from 127.0.0.1")


async def test_registration_done_again(stage: Stage) -> None:
    await stage.talk(stage.old, "before")
    await stage.old.stop()
    await stage.new.start()
    api = stage.new.web()
    await api.sign_in()
    await api.register()
    await until(lambda: stage.new.nodes["wacore"].status == "connected", "the new client is connected")
    await stage.verdict("2 registration calls")


async def test_registration_only_asked_for(stage: Stage) -> None:
    await stage.new.start()
    api = stage.new.web()
    await api.sign_in()
    answer = await api.call(
        "POST", "/v1/account", {"cc": "1", "phone_number": NUMBER[1:], "method": "sms", "cert": "AQID"}
    )
    assert answer.status_code == 202
    await stage.verdict("1 registration calls")


async def test_keys_left_behind(stage: Stage) -> None:
    def new_keys() -> None:
        databases = stage.databases("axolotlStore")
        Configuration(databases).new_identity()
        databases.dispose()

    await stage.talk(stage.old, "before")
    await stage.move(new_keys)
    await stage.verdict(_incident(stage, "identity_mismatch"))


async def test_settings_restored_in_place_of_a_copy(stage: Stage) -> None:
    await stage.talk(stage.old, "before")
    old = stage.old.web()
    await old.sign_in()
    backup = (await old.call("POST", "/v1/settings/backup", {"password": "Backup!pass1"})).json()["settings"]["data"]
    await stage.old.stop()
    await stage.new.start()
    new = stage.new.web()
    await new.sign_in()
    answer = await new.call("POST", "/v1/settings/restore", {"password": "Backup!pass1", "data": backup})
    assert answer.status_code == 200
    await until(lambda: stage.new.nodes["wacore"].status == "connected", "the new client is connected")
    await stage.verdict("1 identity changes (security code changed)")


@pytest.mark.parametrize(
    ("event", "body", "reason"),
    [
        ("message:ABGGold", {"messages": [{"id": "ABGGold"}]}, UNKNOWN_IN),
        ("status:gBold:sent", {"statuses": [{"id": "gBold", "status": "sent"}]}, UNKNOWN_STATUS),
    ],
    ids=["message", "status"],
)
async def test_history_is_reported_anew(stage: Stage, event: str, body: dict[str, Any], reason: str) -> None:
    def requeue() -> None:
        databases = stage.databases("callbackStore")
        with databases.session("callbackStore") as session:
            session.add(Callback(event=event, key_remote_jid="x@y", payload=body, due=now(), created=now()))
        databases.dispose()

    await stage.move(requeue)
    await stage.verdict(f"1 {reason}")


# -- a part is broken -------------------------------------------------------------------------------------------------


async def test_client_acknowledges_and_forgets(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Traffic.store_inbound
    monkeypatch.setattr(Traffic, "store_inbound", lambda self, m: None if _about(m) else store(self, m))
    stage.customer_writes(MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {LOST_IN}")


async def test_client_cannot_store(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a sequence that was set too low: each insert collides, and the network goes on delivering in vain."""
    store = Traffic.store_inbound

    def collide(self: Traffic, message: dict[str, Any]) -> None:
        if _about(message):
            raise IntegrityError("insert", {}, ValueError("duplicate key"))
        store(self, message)

    monkeypatch.setattr(Traffic, "store_inbound", collide)
    inbound = stage.network.registry.number(NUMBER).inbound[stage.customer_writes(MARK)]
    await until(lambda: inbound.deliveries >= 2, "it is delivered again")
    assert inbound.acknowledged is None
    await stage.verdict(f"1 {LOST_IN}")


@pytest.mark.parametrize(("kind", "reason"), [("messages", TWICE_IN), ("statuses", TWICE_STATUS)])
async def test_client_posts_a_callback_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str, reason: str
) -> None:
    post = Callbacks._post
    done: list[int] = []

    async def twice(self: Callbacks, client: Any, url: str, row: Callback) -> bool:
        if kind in row.payload and not done:
            done.append(row.id)
            await post(self, client, url, row)
        return await post(self, client, url, row)

    monkeypatch.setattr(Callbacks, "_post", twice)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {reason}")


async def test_client_sends_under_two_ids(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Connection.send

    async def twice(self: Connection, message: dict[str, Any]) -> dict[str, Any] | None:
        if _about(message):
            await send(self, {**message, "id": f"{message['id']}x"})
        return await send(self, message)

    monkeypatch.setattr(Connection, "send", twice)
    await stage.business_sends(stage.old, MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {TWICE_OUT}", f"1 {MISSING}")


async def test_client_forgets_receipts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    store, outbound = Traffic.store_receipt, stage.network.registry.number(NUMBER).outbound
    monkeypatch.setattr(
        Traffic, "store_receipt", lambda self, r: None if outbound[r["id"]].ref == MARK else store(self, r)
    )
    await stage.business_sends(stage.old, MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {MISSING}")


async def test_client_accepts_and_does_not_send(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = Traffic.pending
    monkeypatch.setattr(Traffic, "pending", lambda *a: [row for row in pending(*a) if not _about(row.payload)])
    await stage.business_sends(stage.old, MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {LOST_OUT}")


async def test_network_loses_what_it_took(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = Registry.accept_outbound

    def lose(self: Registry, number: str, message: dict[str, Any]) -> int:
        if reference(message["payload"]) == MARK:
            return self.number(number).epoch
        return accept(self, number, message)

    monkeypatch.setattr(Registry, "accept_outbound", lose)
    await stage.business_sends(stage.old, MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {LOST_OUT}", f"1 {UNKNOWN_STATUS}")


async def test_network_loses_what_a_customer_wrote(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.network.wire, "deliver", lambda _number, _message: None)
    lost = stage.customer_writes(MARK)
    monkeypatch.undo()
    del stage.network.registry.number(NUMBER).inbound[lost]
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {LOST_IN}")


async def test_generator_repeats_what_is_in_doubt(stage: Stage) -> None:
    await stage.business_sends(stage.old, MARK)
    stage.note_doubt(MARK)
    await stage.business_sends(stage.old, MARK)
    await stage.talk(stage.old, "after")
    await stage.verdict(f"1 {TWICE_OUT}")
