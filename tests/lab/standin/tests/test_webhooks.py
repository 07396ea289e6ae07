# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callbacks are kept until the receiver acknowledges them (4, 3.11), over TLS that is verified (3.14)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from standin.stores.callback import Callback
from standin.tests.harness import Api, Host, Network, until
from standin.tests.receiver import Receiver

pytestmark = pytest.mark.anyio


async def configure(api: Api, receiver: Receiver, authority: bool = True, **settings: Any) -> None:
    change = {"webhooks": {"url": receiver.url}, "callback_backoff_delay_ms": 200, **settings}
    assert (await api.call("PATCH", "/v1/settings/application", change)).status_code == 200
    if authority:
        assert (await api.call("POST", "/v1/certificates/webhooks/ca", content=receiver.authority)).status_code == 200


async def restart(host: Host) -> None:
    await host.stop()
    await host.start()
    await until(lambda: host.nodes["wacore"].status == "connected", "the client is connected")


async def test_refused_callback_is_repeated_until_it_is_accepted(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await configure(registered, receiver)
    await restart(host)
    receiver.refusals = 3
    message_id = network.customer_writes("stubborn")
    await until(lambda: receiver.accepted, "the callback is accepted")
    assert receiver.messages() == [message_id]
    await until(lambda: not host.rows("callbackStore", Callback), "the queue is empty")
    gaps = [later - earlier for earlier, later in zip(receiver.attempts, receiver.attempts[1:], strict=False)]
    assert len(gaps) == 3
    for attempt, gap in enumerate(gaps, start=1):
        assert gap >= attempt * 0.2, "the delay grows linearly"


async def test_delay_has_a_limit(host: Host, registered: Api, network: Network, receiver: Receiver) -> None:
    await configure(registered, receiver, callback_backoff_delay_ms=60_000, max_callback_backoff_delay_ms=100)
    await restart(host)
    receiver.refusals = 2
    network.customer_writes("capped")
    await until(lambda: receiver.accepted, "the callback is accepted", 5)


async def test_callbacks_survive_arestart(host: Host, registered: Api, network: Network, receiver: Receiver) -> None:
    """Without the authority the receiver's certificate is not trusted, so nothing may be delivered."""
    await configure(registered, receiver, authority=False)
    message_id = network.customer_writes("untrusted")
    await until(lambda: any(row.attempts for row in host.rows("callbackStore", Callback)), "the post has failed")
    assert not receiver.attempts
    await configure(registered, receiver)
    await asyncio.sleep(0.5)
    assert not receiver.attempts, "the authority counts after a restart only"
    await restart(host)
    await until(lambda: receiver.accepted, "the callback is accepted")
    assert receiver.messages() == [message_id]


async def test_callbacks_wait_without_a_url(host: Host, registered: Api, network: Network, receiver: Receiver) -> None:
    message_id = network.customer_writes("patient")
    await until(lambda: host.rows("callbackStore", Callback), "the callback is queued")
    stats = (await registered.call("GET", "/v1/stats/app")).json()["stats"]["app"]
    assert stats["callback_queue_size"]["data"] == [{"value": 1}]
    await configure(registered, receiver)
    await restart(host)
    await until(lambda: receiver.messages() == [message_id], "the callback is accepted")


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"sent_status": False, "message": {"sent": False, "delivered": True}}, ["delivered"]),
        ({"sent_status": False, "message": {"sent": True, "delivered": True}}, ["delivered", "sent"]),
        ({"sent_status": True, "message": {"sent": False, "delivered": True}}, ["delivered", "sent"]),
        ({"sent_status": False, "message": {"sent": True, "delivered": False}}, ["sent"]),
    ],
)
async def test_statuses_that_are_wanted(
    host: Host, registered: Api, network: Network, receiver: Receiver, switches: dict[str, Any], expected: list[str]
) -> None:
    webhooks = {"url": receiver.url, "message": switches["message"]}
    await configure(registered, receiver, sent_status=switches["sent_status"], webhooks=webhooks)
    await restart(host)
    api = host.web()
    api.token = registered.token
    message_id = await api.send("status")
    await until(lambda: len(receiver.statuses(message_id)) == len(expected), "the statuses are there")
    marker = network.customer_writes("marker")
    await until(lambda: marker in receiver.messages(), "the callback after them is there")
    assert sorted(receiver.statuses(message_id)) == expected


async def test_slow_receiver_gets_no_more_requests_than_allowed(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await configure(registered, receiver)
    await restart(host)
    receiver.delay = 0.4
    for index in range(14):
        network.customer_writes(f"slow-{index}")
    await until(lambda: len(receiver.messages()) == 14, "all callbacks are accepted")
    for start in receiver.attempts:
        assert sum(start <= other < start + 0.35 for other in receiver.attempts) <= 6


async def test_number_of_requests_changes_with_a_restart_only(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await configure(registered, receiver)
    await restart(host)
    api = host.web()
    api.token = registered.token
    await api.call("PATCH", "/v1/settings/application", {"webhooks": {"max_concurrent_requests": 24}})
    receiver.delay = 0.6
    for index in range(12):
        network.customer_writes(f"many-{index}")
    await until(lambda: len(receiver.messages()) == 12, "all callbacks are accepted")
    assert max(sum(start <= other < start + 0.5 for other in receiver.attempts) for start in receiver.attempts) <= 6


async def test_one_slow_answer_does_not_hold_up_the_others(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await configure(registered, receiver)
    await restart(host)
    receiver.delay = 3
    network.customer_writes("slow")
    await until(lambda: receiver.attempts, "the slow one is under way")
    receiver.delay = 0
    quick = network.customer_writes("quick")
    await until(lambda: quick in receiver.messages(), "the quick one is accepted", 2)
