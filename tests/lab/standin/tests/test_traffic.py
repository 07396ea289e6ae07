# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in both directions, receipts, deduplication, the ratchet, media (3.15 to 3.17, 4, 10)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from standin.network.registry import Number
from standin.stores.axolotl import Ratchet
from standin.stores.contact import Contact
from standin.stores.message import Chat, Media, Message, Receipt
from standin.tests.harness import CUSTOMER, NUMBER, Api, Host, Network, until
from standin.tests.receiver import Receiver

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20


async def _with_webhook(host: Host, api: Api, receiver: Receiver, **message: bool) -> None:
    """Webhook and its authority set, and the restart that makes the client read the latter."""
    webhooks: dict[str, Any] = {"url": receiver.url, "message": {"sent": True, "delivered": True, **message}}
    assert (await api.call("PATCH", "/v1/settings/application", {"webhooks": webhooks})).status_code == 200
    assert (await api.call("POST", "/v1/certificates/webhooks/ca", content=receiver.authority)).status_code == 200
    await host.stop()
    await host.start()
    await until(lambda: host.nodes["wacore"].status == "connected", "the client is connected")


async def test_inbound_message_becomes_a_callback(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    message_id = network.customer_writes("r1")
    await until(lambda: receiver.accepted, "the callback is there")
    document = receiver.accepted[0]
    assert set(document) == {"contacts", "messages"}
    assert document["contacts"] == [{"profile": {"name": "Customer 0077"}, "wa_id": CUSTOMER}]
    message = document["messages"][0]
    assert message.pop("timestamp").isdigit()
    assert message == {"from": CUSTOMER, "id": message_id, "type": "text", "text": {"body": "ref:r1 hello"}}
    assert [contact.wa_id for contact in host.rows("contactStore", Contact)] == [CUSTOMER]
    assert [chat.key_remote_jid for chat in host.rows("messageStore", Chat)] == [f"{CUSTOMER}@s.whatsapp.net"]


async def test_outbound_message_and_its_statuses(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    api = host.web()
    api.token = registered.token
    message_id = await api.send("r2")
    assert message_id.startswith("gB")
    await until(lambda: len(receiver.statuses(message_id)) == 2, "both statuses are there")
    assert sorted(receiver.statuses(message_id)) == ["delivered", "sent"]
    status = receiver.accepted[0]["statuses"][0]
    assert set(status) == {"id", "recipient_id", "status", "timestamp", "conversation", "pricing"}
    assert (status["recipient_id"], status["timestamp"].isdigit()) == (CUSTOMER, True)
    assert status["pricing"] == {"billable": False, "pricing_model": "NBP"}
    assert [message.ref for message in network.registry.number(NUMBER).outbound.values()] == ["r2"]
    await until(lambda: host.rows("messageStore", Message)[0].status == "delivered", "the message is delivered")
    assert sorted(r.status for r in host.rows("messageStore", Receipt)) == ["delivered", "sent"]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"type": "text", "text": {"body": "x"}}, 400, 1008),
        ({"to": CUSTOMER, "type": "text"}, 400, 1008),
        ({"to": CUSTOMER, "text": {"body": ""}}, 400, 1008),
        ({"to": CUSTOMER, "text": {"body": "x" * 4097}}, 400, 1001),
        ({"to": CUSTOMER, "recipient_type": "crowd", "text": {"body": "x"}}, 400, 1002),
        ({"to": CUSTOMER, "type": "template", "template": {"name": "x"}}, 400, 1008),
        ({"to": "nobody", "text": {"body": "x"}}, 404, 1006),
        ({"to": NUMBER, "text": {"body": "x"}}, 400, 1021),
    ],
)
async def test_messages_that_are_refused(registered: Api, message: dict[str, Any], status: int, code: int) -> None:
    answer = await registered.call("POST", "/v1/messages", message)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


@pytest.mark.parametrize(
    "message",
    [
        {"text": {"body": "x" * 4096}},
        {"type": "text", "recipient_type": "individual", "preview_url": True, "text": {"body": "grüße 你好 🎉"}},
        {
            "type": "template",
            "template": {"namespace": "n", "name": "t", "language": {"policy": "deterministic", "code": "en"}},
        },
    ],
)
async def test_messages_that_are_accepted(registered: Api, network: Network, message: dict[str, Any]) -> None:
    answer = await registered.call("POST", "/v1/messages", {"to": f"+{CUSTOMER}", **message})
    assert answer.status_code == 201
    await until(lambda: network.registry.number(NUMBER).outbound, "the network has it")


async def test_nothing_is_accepted_without_a_registration(api: Api) -> None:
    assert (await api.call("POST", "/v1/messages", {"to": CUSTOMER, "text": {"body": "x"}})).status_code == 503


async def test_contacts(registered: Api) -> None:
    answer = await registered.call(
        "POST", "/v1/contacts", {"blocking": "wait", "contacts": [f"+{CUSTOMER}", "letters"]}
    )
    assert answer.json()["contacts"] == [
        {"input": f"+{CUSTOMER}", "status": "valid", "wa_id": CUSTOMER},
        {"input": "letters", "status": "invalid"},
    ]


async def test_inbound_message_is_marked_as_read(host: Host, registered: Api, network: Network) -> None:
    message_id = network.customer_writes("r3")
    await until(lambda: host.rows("messageStore", Message), "the message is stored")
    assert (await registered.call("PUT", f"/v1/messages/{message_id}", {"status": "read"})).status_code == 200
    assert (await registered.call("PUT", "/v1/messages/unknown", {"status": "read"})).status_code == 404


async def test_messages_wait_for_the_number_to_come_back(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    await host.stop()
    ids = [network.customer_writes(f"offline-{index}") for index in range(5)]
    await host.start()
    await until(lambda: len(receiver.messages()) == 5, "all callbacks are there")
    assert sorted(receiver.messages()) == sorted(ids)


async def test_second_delivery_changes_nothing(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    message_id = network.customer_writes("twice")
    await until(lambda: receiver.messages(), "the callback is there")
    inbound = network.registry.number(NUMBER).inbound[message_id]
    for _ in range(3):
        network.wire.deliver(NUMBER, inbound)
    marker = network.customer_writes("marker")
    await until(lambda: marker in receiver.messages(), "the callback after it is there")
    assert receiver.messages() == [message_id, marker]
    assert len(host.rows("messageStore", Message)) == 2


async def test_second_receipt_changes_nothing(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    api = host.web()
    api.token = registered.token
    message_id = await api.send("r4")
    await until(lambda: len(receiver.statuses(message_id)) == 2, "both statuses are there")
    for _ in range(3):
        network.wire.receipt(NUMBER, message_id, "delivered")
    marker = network.customer_writes("marker")
    await until(lambda: marker in receiver.messages(), "the callback after it is there")
    assert sorted(receiver.statuses(message_id)) == ["delivered", "sent"]


async def test_data_and_ratchet_are_stored_before_the_acknowledgement(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, int]] = []
    acknowledge = network.registry.acknowledge

    def look(state: Number, message_id: str, status: str | None, when: float | None = None) -> None:
        if status is None:
            stored = sum(row.key_id == message_id for row in host.rows("messageStore", Message))
            seen.append((stored, host.rows("axolotlStore", Ratchet)[0].epoch, state.inbound[message_id].epoch))
        acknowledge(state, message_id, status, when)

    monkeypatch.setattr(network.registry, "acknowledge", look)
    for index in range(5):
        network.customer_writes(f"epoch-{index}")
    await until(lambda: len(seen) == 5, "all are acknowledged")
    assert all(stored == 1 and ratchet >= epoch for stored, ratchet, epoch in seen)


async def test_accepted_messages_survive_a_restart_and_are_sent_once(
    host: Host, registered: Api, network: Network
) -> None:
    await network.stop()
    await until(lambda: host.nodes["wacore"].status != "connected", "the line is gone")
    ids = [await registered.send(f"later-{index}") for index in range(5)]
    await host.stop()
    await network.start()
    await host.start()
    await until(lambda: len(network.registry.number(NUMBER).outbound) == 5, "all are sent")
    assert sorted(network.registry.number(NUMBER).outbound) == sorted(ids)
    await until(
        lambda: {row.status for row in host.rows("messageStore", Message)} == {"delivered"}, "all are delivered"
    )


async def test_client_reconnects_when_the_line_breaks(host: Host, registered: Api, network: Network) -> None:
    for line in list(network.wire.lines):
        line._writer.close()
    await until(lambda: len(network.events("connected")) == 2, "the client is connected again")
    assert not network.events("kicked")


async def test_kicked_client_stays_away(host: Host, registered: Api, network: Network) -> None:
    first = {"number": NUMBER, "slot": 0, "node": "other:000000000000", "identity": "", "epoch": 0}
    network.registry.connect(first, "10.0.0.9", lambda: None)
    await until(lambda: host.nodes["wacore"].status == "disconnected", "the client is kicked")
    await until(lambda: len(network.events("connected")) == 2, "only the other one connected", 2)
    assert network.slots() == {0: "other:000000000000"}
    assert await registered.health() == {"gateway_status": "disconnected"}


async def test_media_up_and_down(host: Host, api: Api) -> None:
    uploaded = await api.call("POST", "/v1/media", content=JPEG, headers={"Content-Type": "image/jpeg"})
    assert uploaded.status_code == 201
    media_id = uploaded.json()["media"][0]["id"]
    row = host.rows("messageStore", Media)[0]
    assert (host.directory / "media" / row.path).read_bytes() == JPEG
    downloaded = await api.call("GET", f"/v1/media/{media_id}")
    assert (downloaded.content, downloaded.headers["content-type"]) == (JPEG, "image/jpeg")
    assert (await api.call("DELETE", f"/v1/media/{media_id}")).status_code == 200
    assert (await api.call("GET", f"/v1/media/{media_id}")).status_code == 404
    assert not (host.directory / "media" / row.path).exists()


async def test_inbound_picture_lands_on_the_volume(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _with_webhook(host, registered, receiver)
    payload = {"type": "image", "image": {"mime_type": "image/jpeg", "data_base64": base64.b64encode(JPEG).decode()}}
    network.customer_writes("picture", payload=payload)
    await until(lambda: receiver.accepted, "the callback is there")
    image = receiver.accepted[0]["messages"][0]["image"]
    assert "data_base64" not in image
    api = host.web()
    api.token = registered.token
    assert (await api.call("GET", f"/v1/media/{image['id']}")).content == JPEG


@pytest.mark.parametrize(("chosen", "files"), [(["image"], 1), (["document"], 0)])
async def test_auto_download_is_a_choice(
    host: Host, registered: Api, network: Network, chosen: list[str], files: int
) -> None:
    await registered.call("PATCH", "/v1/settings/application", {"media": {"auto_download": chosen}})
    payload = {"type": "image", "image": {"mime_type": "image/jpeg", "data_base64": base64.b64encode(JPEG).decode()}}
    message_id = network.customer_writes("picture", payload=payload)
    await until(lambda: network.registry.number(NUMBER).inbound[message_id].acknowledged, "the message is acknowledged")
    assert len(host.rows("messageStore", Media)) == files


async def test_receipt_of_an_unknown_message_is_acknowledged(host: Host, registered: Api, network: Network) -> None:
    """After a settings migration the history is gone, but the receipts of it still come."""
    network.wire.receipt(NUMBER, "gBunknown", "delivered")
    await until(lambda: not network.registry.number(NUMBER).receipts, "the receipt is acknowledged")
    assert host.nodes["wacore"].status == "connected"
