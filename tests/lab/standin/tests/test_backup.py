# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings backup and restore (3.5, 3.6)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from standin.stores.message import Message
from standin.stores.web import User
from standin.tests.harness import NUMBER, Api, Host, Network, until

pytestmark = pytest.mark.anyio
SECRET = "backup-secret"


async def _blob(api: Api) -> str:
    answer = await api.call("POST", "/v1/settings/backup", {"password": SECRET})
    assert answer.status_code == 200, answer.text
    data: str = answer.json()["settings"]["data"]
    return data


async def _restore(api: Api, data: str, password: str = SECRET) -> int:
    return (await api.call("POST", "/v1/settings/restore", {"password": password, "data": data})).status_code


async def _other(make_host: Callable[..., Host]) -> Api:
    host = make_host("new")
    await host.start()
    api = host.web()
    await api.sign_in(password="0ther!Pass")
    return api


async def test_backup_needs_a_registration_and_a_password(api: Api) -> None:
    assert (await api.call("POST", "/v1/settings/backup", {"password": SECRET})).status_code == 503
    await api.register()
    missing = await api.call("POST", "/v1/settings/backup", {})
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, 1008)


async def test_blob_is_opaque(registered: Api) -> None:
    first, second = await _blob(registered), await _blob(registered)
    assert first != second
    for data in (first, second):
        assert NUMBER.encode() not in base64.b64decode(data, validate=True)


async def test_settings_move_to_another_client(
    host: Host, registered: Api, network: Network, make_host: Callable[..., Host]
) -> None:
    await registered.call(
        "PATCH", "/v1/settings/application", {"webhooks": {"url": "https://h.example/"}, "unhealthy_interval": 9}
    )
    await registered.send("one")
    await until(lambda: network.registry.number(NUMBER).outbound, "the message is sent")
    data = await _blob(registered)
    identity = network.registry.number(NUMBER).identity
    await host.stop()
    new = await _other(make_host)
    assert await _restore(new, data) == 200
    await until(lambda: 0 in network.slots(), "the new client is connected")
    assert await new.health() == {"gateway_status": "connected"}
    settings = (await new.call("GET", "/v1/settings/application")).json()["settings"]["application"]
    assert (settings["webhooks"]["url"], settings["unhealthy_interval"], settings["wa_id"]) == (
        "https://h.example/",
        9,
        NUMBER,
    )
    assert network.registry.number(NUMBER).identity != identity, "a restore makes a new security code"
    assert len(network.events("identity_change")) == 1
    assert len(network.events("registration")) == 1
    assert not network.events("kicked")


async def test_messages_and_users_do_not_move(registered: Api, host: Host, make_host: Callable[..., Host]) -> None:
    await registered.call("POST", "/v1/users", {"username": "sender", "password": "S3nder!pass"})
    await registered.send("one")
    data = await _blob(registered)
    await host.stop()
    target = make_host("new")
    await target.start()
    new = target.web()
    await new.sign_in(password="0ther!Pass")
    assert await _restore(new, data) == 200
    assert (await new.call("GET", "/v1/users/admin")).status_code == 200, "the token of the restore stays valid"
    assert target.rows("messageStore", Message) == []
    assert [user.username for user in target.rows("waweb", User)] == ["admin"]


@pytest.mark.parametrize("damage", ["password", "flipped", "cut", "no base64", "empty"])
async def test_blob_that_cannot_be_opened(registered: Api, make_host: Callable[..., Host], damage: str) -> None:
    data, password = await _blob(registered), SECRET
    if damage == "password":
        password = "another"
    elif damage == "flipped":
        raw = bytearray(base64.b64decode(data))
        raw[len(raw) // 2] ^= 1
        data = base64.b64encode(raw).decode()
    else:
        data = {"cut": data[: len(data) // 2 // 4 * 4], "no base64": "%%%", "empty": "AAAA"}[damage]
    new = await _other(make_host)
    assert await _restore(new, data, password) == 400
    assert await new.health() == {"gateway_status": "unregistered"}


async def test_restore_onto_a_registered_client_stops_it_until_its_restart(
    host: Host, registered: Api, network: Network
) -> None:
    data = await _blob(registered)
    assert await _restore(registered, data) == 200
    await until(lambda: not network.slots(), "the client is stopped")
    assert await registered.health() == {"gateway_status": "disconnected"}
    await host.stop()
    await host.start()
    await until(lambda: 0 in network.slots(), "the restarted client is connected")
    assert not network.events("identity_mismatch")


async def test_an_old_client_that_still_runs_is_kicked_and_stays_away(
    host: Host, registered: Api, network: Network, make_host: Callable[..., Host]
) -> None:
    data = await _blob(registered)
    new = await _other(make_host)
    assert await _restore(new, data) == 200
    await until(lambda: network.events("kicked"), "the old client is kicked")
    await until(lambda: host.nodes["wacore"].status == "disconnected", "the old client is disconnected")
    assert await registered.health() == {"gateway_status": "disconnected"}
    assert await new.health() == {"gateway_status": "connected"}
    assert len(network.events("kicked")) == 1


async def test_keys_of_an_old_backup_are_stale(
    host: Host, registered: Api, network: Network, make_host: Callable[..., Host]
) -> None:
    data = await _blob(registered)
    network.customer_writes("later")
    await until(lambda: network.registry.number(NUMBER).acknowledged_epoch, "the message is acknowledged")
    await host.stop()
    assert await _restore(await _other(make_host), data) == 200
    await until(lambda: network.events("stale_keys"), "the network sees stale keys")


@pytest.mark.parametrize(("masters", "coreapps"), [(2, 2), (1, 3), (2, 3)])
async def test_restore_asks_for_the_same_nodes(
    network: Network, make_host: Callable[..., Host], masters: int, coreapps: int
) -> None:
    old, new = make_host("old", WA_APP_MULTICONNECT="1"), make_host("new", WA_APP_MULTICONNECT="1")
    await old.start_cluster(2, 3)
    api = old.web()
    await api.sign_in()
    await api.register()
    data = await _blob(api)
    await old.stop_all()
    await new.start_cluster(masters, coreapps)
    target = new.web()
    await target.sign_in()
    same = (masters, coreapps) == (2, 3)
    answer = await target.call("POST", "/v1/settings/restore", {"password": SECRET, "data": data})
    assert answer.status_code == (200 if same else 403)
    if not same:
        assert answer.json()["errors"][0]["code"] == 1005
        assert (await target.call("GET", "/v1/support")).json()["support"]
        assert not network.events("identity_change")
