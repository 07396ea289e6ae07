# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is stopped finishes what it has begun: nothing is lost, nothing comes twice."""

from __future__ import annotations

import pytest

from standin.stores.callback import Callback
from standin.tests.harness import Api, Host, Network, until
from standin.tests.receiver import Receiver

pytestmark = pytest.mark.anyio


async def _prepare(host: Host, api: Api, receiver: Receiver) -> None:
    webhooks = {"url": receiver.url, "message": {"sent": True, "delivered": True}}
    await api.call("PATCH", "/v1/settings/application", {"webhooks": webhooks, "callback_backoff_delay_ms": 100})
    await api.call("POST", "/v1/certificates/webhooks/ca", content=receiver.authority)
    await host.stop()


async def test_stop_while_a_callback_is_being_posted(
    host: Host, registered: Api, network: Network, receiver: Receiver
) -> None:
    await _prepare(host, registered, receiver)
    await host.start()
    receiver.delay = 1
    message_id = network.customer_writes("posted")
    await until(lambda: receiver.attempts, "the post is under way")
    await host.stop()
    assert not host.rows("callbackStore", Callback)
    receiver.delay = 0
    await host.start()
    marker = network.customer_writes("marker")
    await until(lambda: marker in receiver.messages(), "the callback after it is there")
    assert receiver.messages() == [message_id, marker]
