# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that is away for a moment, a line that goes silent, answers in an unusual order."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from standin.core import connection
from standin.stores.axolotl import Identity
from standin.stores.message import Message, Receipt
from standin.tests.harness import NUMBER, REGISTRATION, Api, Host, Network, until
from standin.tests.receiver import Receiver
from standin.tests.test_webhooks import configure, restart

pytestmark = pytest.mark.anyio


def _fail_twice(monkeypatch: pytest.MonkeyPatch, owner: Any, method: str) -> list[int]:
    """The database is away for two calls; the rest goes through."""
    original, left = getattr(owner, method), [2]

    def fail(*arguments: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise OperationalError("select", {}, OSError("the server is away"))
        return original(*arguments)

    monkeypatch.setattr(owner, method, fail)
    return left


async def test_inbound_message_that_could_not_be_stored_comes_again(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _fail_twice(monkeypatch, host.nodes["wacore"].traffic, "store_inbound")
    inbound = network.registry.number(NUMBER).inbound[network.customer_writes("later")]
    await until(lambda: inbound.acknowledged, "the message is acknowledged")
    assert left == [0]
    assert len(host.rows("messageStore", Message)) == 1


async def test_receipt_that_could_not_be_stored_comes_again(
    host: Host, registered: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _fail_twice(monkeypatch, host.nodes["wacore"].traffic, "store_receipt")
    await registered.send("later")
    await until(lambda: host.rows("messageStore", Message)[0].status == "delivered", "the receipt is stored")
    assert left == [0]


@pytest.mark.parametrize("method", ["pending", "store_sent"])
async def test_sending_goes_on_when_the_database_is_back(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    _fail_twice(monkeypatch, host.nodes["wacore"].traffic, method)
    await registered.send("later")
    await until(lambda: host.rows("messageStore", Message)[0].status == "delivered", "the message is delivered")
    assert sorted(receipt.status for receipt in host.rows("messageStore", Receipt)) == ["delivered", "sent"]
    assert [message.copies for message in network.registry.number(NUMBER).outbound.values()] == [1]


@pytest.mark.parametrize("method", ["_due", "_remove"])
async def test_callbacks_go_on_when_the_database_is_back(
    host: Host, registered: Api, network: Network, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    await configure(registered, receiver)
    await restart(host)
    left = _fail_twice(monkeypatch, host.nodes["wacore"].callbacks, method)
    first = network.customer_writes("first")
    await until(lambda: first in receiver.messages(), "the first callback is there")
    await until(lambda: left == [0], "the database has failed twice")
    second = network.customer_writes("second")
    await until(lambda: second in receiver.messages(), "the second callback is there")
    assert receiver.messages() == [first, second]


async def test_silent_line_is_given_up(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut link lets TCP wait for minutes; the client must not count as connected meanwhile."""
    monkeypatch.setattr(connection, "PING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.5)
    await host.stop()
    await host.start()
    await until(lambda: 0 in network.slots(), "the client is connected")
    before = len(network.events("connected"))
    monkeypatch.setattr("standin.network.wire.Line._on_ping", lambda _line, _frame: None)
    await until(lambda: len(network.events("connected")) > before, "the client has dialled again")


async def test_quiet_line_is_kept(
    host: Host, registered: Api, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.5)
    await host.stop()
    await host.start()
    await until(lambda: 0 in network.slots(), "the client is connected")
    connected, began = len(network.events("connected")), time.monotonic()
    await until(lambda: time.monotonic() > began + 1.2, "two silences later")
    assert len(network.events("connected")) == connected


async def test_confirmation_that_is_stored_after_the_receipt_is_still_reported(
    host: Host, registered: Api, network: Network, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await configure(registered, receiver)
    await restart(host)
    traffic = host.nodes["wacore"].traffic
    store_sent = traffic.store_sent

    def late(key_id: str, epoch: int) -> None:
        time.sleep(0.6)  # longer than the recipient's phone takes for its receipt
        store_sent(key_id, epoch)

    monkeypatch.setattr(traffic, "store_sent", late)
    api = host.web()
    api.token = registered.token
    message_id = await api.send("slow")
    await until(lambda: len(receiver.statuses(message_id)) == 2, "both statuses are there")
    assert host.rows("messageStore", Message)[0].status == "delivered"


async def test_wrong_code_leaves_the_identity_alone(host: Host, registered: Api, network: Network) -> None:
    def keys() -> list[bytes]:
        return [row.public_key for row in host.rows("axolotlStore", Identity)]

    before = keys()
    other = {**REGISTRATION, "phone_number": "5550100009"}
    assert (await registered.call("POST", "/v1/account", other)).status_code == 202
    assert (await registered.call("POST", "/v1/account/verify", {"code": "000000"})).status_code == 403
    assert keys() == before
