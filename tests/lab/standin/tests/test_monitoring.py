# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics, metrics, garbage collection (3.19), and the seeder of histories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from standin.common.times import now
from standin.core.seed import seed
from standin.stores.axolotl import Session
from standin.stores.callback import Callback
from standin.stores.contact import Contact
from standin.stores.database import Databases
from standin.stores.message import Chat, Media, Message, Receipt
from standin.tests.harness import Api, Host, Network, until

pytestmark = pytest.mark.anyio


def _value(stats: dict[str, Any], name: str) -> int:
    return int(stats[name]["data"][0]["value"])


async def test_database_statistics(host: Host, registered: Api, network: Network) -> None:
    network.customer_writes("r1")
    await until(lambda: host.rows("callbackStore", Callback), "the callback is queued")
    stats = (await registered.call("GET", "/v1/stats/db")).json()["stats"]["db"]
    assert {"db_contacts", "db_message_receipts", "db_messages", "db_pending_callbacks", "db_pending_messages"} == set(
        stats
    )
    assert (
        _value(stats, "db_messages"),
        _value(stats, "db_pending_callbacks"),
        _value(stats, "db_pending_messages"),
    ) == (1, 1, 0)
    assert stats["db_contacts"]["data"][0]["labels"] == {"type": "whatsapp_user"}


async def test_pending_messages_are_counted(registered: Api, network: Network, host: Host) -> None:
    await network.stop()
    await until(lambda: host.nodes["wacore"].status != "connected", "the line is gone")
    await registered.send("waiting")
    stats = (await registered.call("GET", "/v1/stats/db")).json()["stats"]["db"]
    assert _value(stats, "db_pending_messages") == 1


@pytest.mark.parametrize("path", ["/v1/stats/app", "/v1/stats/db", "/v1/stats/db/internal", "/metrics"])
async def test_prometheus_form(api: Api, path: str) -> None:
    answer = await api.call("GET", f"{path}?format=prometheus")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0].startswith("# HELP ")
    assert lines[1].startswith("# TYPE ")
    assert all(line.startswith("#") or line.rpartition(" ")[2].isdigit() for line in lines)


async def test_metrics_count_requests(api: Api) -> None:
    for _ in range(3):
        await api.call("GET", "/v1/health")
    metrics = (await api.call("GET", "/metrics")).json()["metrics"]
    counts = {point["labels"]["method"]: point["value"] for point in metrics["web_requests"]["data"]}
    assert counts["GET_v1_health"] == 3
    assert metrics["web_uptime"]["data"][0]["value"] >= 0


@pytest.mark.parametrize("kind", ["message", "media"])
async def test_garbage_collection_answers_at_once(api: Api, kind: str) -> None:
    answer = await api.call("PUT", f"/v1/services/{kind}/gc")
    assert (answer.status_code, answer.json()["services"]) == (200, {kind: {"gc": {"status": "processing"}}})


async def _report(host: Host, api: Api, kind: str) -> dict[str, Any]:
    """Collects, and returns what the webhook will say."""
    assert (await api.call("PUT", f"/v1/services/{kind}/gc")).status_code == 200
    # Callbacks of messages may still be coming in behind it.
    told = [row.payload for row in host.rows("callbackStore", Callback) if "services" in row.payload]
    report: dict[str, Any] = told[-1]["services"][0][kind]["gc"]
    assert report.pop("node") == host.nodes["wacore"].environment.node
    return report


def _age(host: Host, model: type[Any], **times: Any) -> None:
    databases = Databases(host.environment(), ("messageStore",))
    with databases.session("messageStore") as session:
        session.execute(update(model).values(times))
    databases.dispose()


async def test_garbage_collection_deletes_old_messages(host: Host, registered: Api, network: Network) -> None:
    _seed(host, 1)
    _age(host, Message, timestamp=now() - timedelta(days=31))
    await network.stop()
    await until(lambda: host.nodes["wacore"].status != "connected", "the line is gone")
    await registered.send("recent")
    assert await _report(host, registered, "message") == {"status": "complete", "messages_deleted": 600}
    assert [row.status for row in host.rows("messageStore", Message)] == ["pending"]
    assert host.rows("messageStore", Receipt) == []
    _age(host, Message, timestamp=now() - timedelta(days=31))
    assert await _report(host, registered, "message") == {"status": "complete", "messages_deleted": 0}


async def test_garbage_collection_deletes_unused_media(host: Host, registered: Api) -> None:
    _seed(host, 1)
    kept = (await registered.call("POST", "/v1/media", content=b"x", headers={"Content-Type": "image/png"})).json()
    media_id = kept["media"][0]["id"]
    message = {"to": "15550100078", "type": "image", "image": {"id": media_id}}
    assert (await registered.call("POST", "/v1/messages", message)).status_code == 201
    _age(host, Media, created=now() - timedelta(days=31))
    _age(host, Message, media_id=None)
    assert await _report(host, registered, "media") == {"status": "complete", "files_deleted": 5}
    assert [row.id for row in host.rows("messageStore", Media)] == [media_id]
    assert len([path for path in (host.directory / "media").rglob("*") if path.is_file()]) == 1


async def test_garbage_collection_that_fails(host: Host, registered: Api) -> None:
    _seed(host, 1, media=1)
    _age(host, Media, created=now() - timedelta(days=31))
    _age(host, Message, media_id=None)
    file = host.directory / "media" / host.rows("messageStore", Media)[0].path
    file.unlink()
    file.mkdir()
    failure = {"errors": [{"code": 1014, "details": "Could not delete media files"}], "status": "failed"}
    assert await _report(host, registered, "media") == failure
    assert len(host.rows("messageStore", Media)) == 1


def _seed(host: Host, number: int, **more: int) -> dict[str, int]:
    env = host.environment()
    databases = Databases(env, ("messageStore", "contactStore", "axolotlStore"))
    try:
        return seed(databases, env, **{"messages": 600, "contacts": 40, "media": 5, **more}, number=number)
    finally:
        databases.dispose()


async def test_seeded_history_is_consistent(host: Host) -> None:
    counts = _seed(host, 1)
    messages = host.rows("messageStore", Message)
    assert (len(messages), counts["messages"]) == (600, 600)
    chats = {chat.key_remote_jid for chat in host.rows("messageStore", Chat)}
    contacts = {contact.wa_id for contact in host.rows("contactStore", Contact)}
    assert {message.key_remote_jid for message in messages} <= chats
    assert (
        {chat.partition("@")[0] for chat in chats}
        == contacts
        == {s.recipient_id for s in host.rows("axolotlStore", Session)}
    )
    outbound = {message.key_id for message in messages if message.key_from_me}
    assert outbound
    assert len(outbound) < 600
    receipts = {(receipt.key_id, receipt.status) for receipt in host.rows("messageStore", Receipt)}
    assert receipts == {(key, status) for key in outbound for status in ("sent", "delivered")}
    media = {row.id: row for row in host.rows("messageStore", Media)}
    assert {message.media_id for message in messages if message.media_id} <= set(media)
    for row in media.values():
        assert (host.directory / "media" / row.path).stat().st_size == row.size
    bodies = "".join(message.payload["text"]["body"] for message in messages)
    assert "\0" not in bodies
    assert not bodies.isascii()
    assert not host.rows("callbackStore", Callback)
    assert not [message for message in messages if message.status == "pending"]


async def test_seeding_again_adds_to_the_history(host: Host) -> None:
    _seed(host, 1)
    _seed(host, 1)
    keys = [message.key_id for message in host.rows("messageStore", Message)]
    assert len(keys) == len(set(keys)) == 1200


@pytest.mark.parametrize(("number", "same"), [(1, True), (2, False)])
async def test_seed_decides_the_history(make_host: Callable[..., Host], number: int, same: bool) -> None:
    keys = []
    for name, used in (("old", 1), ("new", number)):
        host = make_host(name)
        await host.start()
        _seed(host, used)
        keys.append([message.key_id for message in host.rows("messageStore", Message)])
        await host.stop()
    assert (keys[0] == keys[1]) is same
