# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration, shards, two-step verification (3.8 to 3.10), and a start on databases that hold a registration."""

from __future__ import annotations

import pytest

from standin.tests.harness import NUMBER, REGISTRATION, Api, Host, Network, until

pytestmark = pytest.mark.anyio


async def test_registration_connects(host: Host, api: Api, network: Network) -> None:
    assert await api.health() == {"gateway_status": "unregistered"}
    asked = await api.call("POST", "/v1/account", REGISTRATION)
    assert (asked.status_code, asked.json()["account"]) == (202, [{"vname": "Acme"}])
    verified = await api.call("POST", "/v1/account/verify", {"code": "123-456"})
    assert verified.status_code == 201
    await until(lambda: 0 in network.slots(), "the client is connected")
    assert await api.health() == {"gateway_status": "connected"}
    assert (await api.call("POST", "/v1/account", REGISTRATION)).status_code == 201, "already registered"
    assert len(network.events("registration")) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"cert": ""}, 1008), ({"phone_number": ""}, 1008), ({"cc": ""}, 1008), ({"method": "pigeon"}, 1009)],
)
async def test_incomplete_registration(api: Api, change: dict[str, str], code: int) -> None:
    answer = await api.call("POST", "/v1/account", {**REGISTRATION, **change})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


async def test_wrong_code(api: Api, network: Network) -> None:
    missing = await api.call("POST", "/v1/account/verify", {"code": "123456"})
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (403, 1005)
    await api.call("POST", "/v1/account", REGISTRATION)
    wrong = await api.call("POST", "/v1/account/verify", {"code": "000000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (403, 1005)
    assert await api.health() == {"gateway_status": "unregistered"}
    assert not network.events("registration")


async def test_registration_asks_for_the_pin(api: Api, network: Network) -> None:
    network.registry.set_pin(NUMBER, "123456")
    for pin in ({}, {"pin": "654321"}):
        answer = await api.call("POST", "/v1/account", {**REGISTRATION, **pin})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, 1005)
    assert (await api.call("POST", "/v1/account", {**REGISTRATION, "pin": "123456"})).status_code == 202


async def test_two_step_is_kept_by_the_network(registered: Api, network: Network) -> None:
    path = "/v1/settings/account/two-step"
    assert (await registered.call("POST", path, {"pin": "123456"})).status_code == 200
    assert network.registry.number(NUMBER).pin == "123456"
    assert (await registered.call("DELETE", path)).status_code == 200
    assert network.registry.number(NUMBER).pin is None


@pytest.mark.parametrize("pin", ["12345", "1234567", "abcdef", 123456, None])
async def test_pins_that_are_none(registered: Api, network: Network, pin: object) -> None:
    answer = await registered.call("POST", "/v1/settings/account/two-step", {"pin": pin})
    assert answer.status_code == 400
    assert network.registry.number(NUMBER).pin is None


@pytest.mark.parametrize("shards", [0, 3, 64, "2", None])
async def test_numbers_of_shards_that_cannot_be(registered: Api, shards: object) -> None:
    answer = await registered.call("POST", "/v1/account/shards", {**REGISTRATION, "shards": shards})
    assert answer.status_code == 400
    assert (await registered.call("GET", "/v1/account/shards")).json()["account"] == {"shards": 1}


async def test_client_on_databases_with_a_registration_connects_by_itself(
    host: Host, registered: Api, network: Network
) -> None:
    await host.stop()
    await until(lambda: not network.slots(), "the client is gone")
    await host.start()
    await until(lambda: 0 in network.slots(), "the client is connected")
    assert len(network.events("registration")) == 1
    assert not network.events("kicked")
    assert not network.events("identity_mismatch")


async def test_support_names_the_number(api: Api) -> None:
    assert (await api.call("GET", "/v1/support")).json()["support"]["debug_info"] == "unregistered"
    await api.register()
    support = (await api.call("GET", "/v1/support")).json()["support"]
    assert support["debug_info"] == NUMBER
    assert {
        "context",
        "db_engine",
        "db_info",
        "debug_info",
        "description",
        "device_iso8601",
        "e2e",
        "env",
        "expire_timestamp",
        "free_space_data",
        "free_space_logs",
        "free_space_media_incoming",
        "free_space_media_outgoing",
        "lc",
        "lg",
        "multi_connect",
        "os_name",
        "os_version",
        "schema",
        "socket_conn",
    } == set(support)
    assert set(support["schema"]) == {"axolotl", "callback", "cluster", "config", "contact", "jobqueue", "message"}
    assert support["multi_connect"] is False
