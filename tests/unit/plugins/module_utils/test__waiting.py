# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting on a made-up clock: how long, for what, and what ends it at once."""

from __future__ import annotations

from typing import Any, Union

import pytest
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._health import Topology
from ansible_collections.waba.migration.plugins.module_utils._waiting import Patience, Picture, wait_for

CONNECTED, CONNECTING, UNINITIALIZED = "connected", "connecting", "uninitialized"
REFUSED = TransportError("GET", "https://waba/v1/health", "Connection refused", False, "Look.")
PATIENCE = Patience(timeout=30, initialising=600, interval=5)

Look = Union[str, ClientError]


def api_error(status: int, code: int | None = None) -> ApiError:
    return ApiError("GET", "https://waba/v1/health", status, code)


class Client:
    """Shows one picture after the other, the last one for ever. Time passes only by sleeping."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)
        self.now = 100.0
        self.pauses: list[float] = []

    def get(self, path: str) -> Any:
        assert path == "/v1/health"
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, ClientError):
            raise look
        return {"health": {"gateway_status": look}}

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(seconds)
        self.now += seconds

    def wait(self, patience: Patience = PATIENCE) -> Picture:
        return wait_for(self, Topology(0, 1), "connected", patience, self.sleep, lambda: self.now)  # type: ignore[arg-type]


def test_healthy_at_once() -> None:
    picture = Client(CONNECTED).wait()

    assert (picture.healthy, picture.waited) == (True, 0)


def test_looks_once_without_a_timeout() -> None:
    client = Client(CONNECTING, CONNECTED)

    picture = client.wait(Patience(0, 0, 5))

    assert (picture.healthy, client.pauses) == (False, [])
    assert picture.missing == ["0 coreapps connected instead of 1 (coreapp is connecting)"]


@pytest.mark.parametrize(
    "look",
    [
        REFUSED,
        api_error(500, 1014),
        api_error(200, 1014),
        api_error(503, 1011),
        api_error(500, 1023),
        api_error(429, 1015),
        api_error(500),
        api_error(502),
        UNINITIALIZED,
        CONNECTING,
        "disconnected",
    ],
    ids=str,
)
def test_client_that_is_coming_up(look: Look) -> None:
    picture = Client(look, look, CONNECTED).wait()

    assert (picture.healthy, picture.waited) == (True, 10)


@pytest.mark.parametrize(
    "look", [api_error(401), api_error(403, 1005), api_error(404), ClientError("certificate")], ids=str
)
def test_what_no_waiting_mends(look: ClientError) -> None:
    client = Client(look)

    with pytest.raises(ClientError) as caught:
        client.wait()

    assert (caught.value, client.pauses) == (look, [])


@pytest.mark.parametrize("look", [REFUSED, api_error(500, 1014)], ids=str)
def test_time_is_up_and_the_last_answer_is_told(look: ClientError) -> None:
    picture = Client(look).wait()

    assert (picture.nodes, picture.missing, picture.waited) == ([], [str(look)], 30)


def test_last_pause_ends_with_the_time() -> None:
    client = Client(CONNECTING)

    client.wait(Patience(timeout=12, initialising=600, interval=5))

    assert client.pauses == [5, 5, 2]


def test_schema_takes_longer_than_a_connection_may() -> None:
    picture = Client(*[UNINITIALIZED] * 100, CONNECTED).wait()

    assert (picture.healthy, picture.waited) == (True, 500)


def test_schema_does_not_take_the_connection_s_time() -> None:
    picture = Client(*[UNINITIALIZED] * 100, *[CONNECTING] * 5, CONNECTED).wait()

    assert picture.healthy


def test_connection_after_the_schema_has_its_limit() -> None:
    picture = Client(*[UNINITIALIZED] * 100, CONNECTING).wait()

    assert (picture.healthy, picture.waited) == (False, 525)


def test_schema_has_its_limit() -> None:
    picture = Client(UNINITIALIZED).wait()

    assert (picture.healthy, picture.waited) == (False, 600)
