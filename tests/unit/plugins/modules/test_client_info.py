# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""client_info against an API with a plan, in the shapes of one node and of many."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import client_info
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, Trouble, assert_no_secret

TOKEN = "given-token"
PASSWORD = "Wanted-1234"
KEY = "0123456789ab-key"
HOOK_TOKEN, PROVIDER_PASSWORD, PROVIDER_TOKEN = "hook0123456789token", "provider-word", "provider-bearer"
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SCHEMA = {"axolotl": 1, "callback": 2, "cluster": 3, "config": 4, "contact": 5, "jobqueue": 6, "message": 7}
SETTINGS: dict[str, Any] = {
    "callback_persist": True,
    "heartbeat_interval": 5,
    "media": {
        "auto_download": ["image"],
        "providers": [
            {"name": "p1", "type": "www", "config": {"basic": {"username": "u", "password": PROVIDER_PASSWORD}}},
            {"name": "p2", "type": "www", "config": {"bearer": PROVIDER_TOKEN}},
        ],
    },
    "wa_id": "15550100001",
    "webhooks": {"max_concurrent_requests": 6, "url": f"https://u:{HOOK_TOKEN}@hooks.example.org/wa?key={HOOK_TOKEN}"},
}
PATHS = {
    "support": "/v1/support",
    "shards": "/v1/account/shards",
    "health": "/v1/health",
    "settings": "/v1/settings/application",
    "media_providers": "/v1/settings/application/media/providers",
    "webhook_ca": "/v1/certificates/webhooks/ca",
    "stats": "/v1/stats/db",
}

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi, pauses: list[float]) -> Run:
    def run_info(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        return run_module(client_info.main, {**api.arguments, **arguments}, check_mode=check_mode, diff=diff)

    return run_info


def get(path: str, answer: Any, auth: str = bearer(TOKEN), status: int = 200) -> Call:
    whole = {**answer, "meta": META} if isinstance(answer, dict) and "errors" not in answer else answer
    return Call("GET", path, auth, status=status, answer=whole)


def support(number: str = "15550100001", **others: Any) -> dict[str, Any]:
    return {"debug_info": number, "db_engine": "postgresql", "schema": SCHEMA, "multi_connect": False, **others}


def gauge(value: Any) -> dict[str, Any]:
    return {"type": "gauge", "help": "", "data": [{"value": value}]}


def statistics(messages: Any, callbacks: Any) -> dict[str, Any]:
    return {"db_pending_messages": gauge(messages), "db_pending_callbacks": gauge(callbacks)}


def providers(entries: Any) -> dict[str, Any]:
    return {"settings": {"application": {"media": {"providers": entries}}}}


def single(auth: str = bearer(TOKEN)) -> list[Call]:
    return [
        get("/v1/support", {"support": support()}, auth),
        get("/v1/account/shards", {"account": {"shards": 1}}, auth),
        get("/v1/health", {"health": {"gateway_status": "connected"}}, auth),
        get("/v1/settings/application", {"settings": {"application": SETTINGS}}, auth),
        get("/v1/settings/application/media/providers", providers(SETTINGS["media"]["providers"]), auth),
        get("/v1/certificates/webhooks/ca", CA.encode(), auth),
        get("/v1/stats/db", {"stats": {"db": statistics(3, 0)}}, auth),
    ]


# -- the shapes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
def test_single_instance(run: Run, api: FakeApi, check_mode: bool) -> None:
    api.plan(*single())

    result = run(check_mode=check_mode, api_token=TOKEN)

    assert {key: value for key, value in result.items() if key not in ("invocation", "settings")} == {
        "failed": False,
        "changed": False,
        "number": "15550100001",
        "registered": True,
        "version": "2.57.2",
        "schema": SCHEMA,
        "db_engine": "postgresql",
        "shards": 1,
        "mode": "single",
        "nodes": [{"name": "coreapp", "host": None, "container": None, "role": "coreapp", "status": "connected"}],
        "webhook_url_redacted": "https://REDACTED@hooks.example.org/wa?key=REDACTED",
        "media_providers": [{"name": "p1", "type": "www"}, {"name": "p2", "type": "www"}],
        "webhook_ca": CA,
        "pending_messages": 3,
        "pending_callbacks": 0,
        "users_known": None,
    }
    assert result["settings"]["heartbeat_interval"] == 5
    assert_no_secret(result, TOKEN, HOOK_TOKEN, PROVIDER_PASSWORD, PROVIDER_TOKEN)


def test_many_nodes(run: Run, api: FakeApi) -> None:
    master, core, spare = "wamaster1:0a1b2c3d4e5f", "wacore1:2a1b2c3d4e5f", "wacore2:9dfe77618dba"
    api.plan(
        get(
            "/v1/support",
            {
                "support": {
                    master: support(role="primary_master", shards=[[-1, -1]]),
                    core: support(role="coreapp", shards=[[0, 0]]),
                    spare: support("unregistered", role="coreapp", shards=[]),
                }
            },
        ),
        get("/v1/account/shards", {"account": {"shards": "2"}}),
        get(
            "/v1/health",
            {
                "health": {
                    master: {"gateway_status": "connected", "role": "primary_master"},
                    core: {"gateway_status": "connected", "role": "coreapp"},
                    spare: {"errors": [{"code": 1014, "title": "Internal error", "details": "no route"}]},
                }
            },
        ),
        get("/v1/stats/db", {"stats": {"db": {master: statistics("7", 2), core: {}, spare: {}}}}),
    )

    result = run(api_token=TOKEN, gather=["health", "support", "shards", "stats"])

    assert (result["number"], result["registered"], result["shards"], result["mode"]) == (
        "15550100001",
        True,
        2,
        "multiconnect",
    )
    assert (result["pending_messages"], result["pending_callbacks"]) == (7, 2)
    assert [(node["host"], node["container"], node["role"], node["status"]) for node in result["nodes"]] == [
        ("wacore1", "2a1b2c3d4e5f", "coreapp", "connected"),
        ("wacore2", "9dfe77618dba", "unknown", "error 1014: no route"),
        ("wamaster1", "0a1b2c3d4e5f", "primary_master", "connected"),
    ]


def test_high_availability(run: Run, api: FakeApi) -> None:
    nodes = {
        "m1:0a1b2c3d4e5f": {"gateway_status": "disconnected", "role": "primary_master"},
        "c1:2a1b2c3d4e5f": {"gateway_status": "connected", "role": "coreapp"},
    }
    api.plan(
        get("/v1/account/shards", {"account": {"shards": 1}}),
        get("/v1/health", {"health": nodes}),
    )

    assert run(api_token=TOKEN, gather=["health", "shards"])["mode"] == "ha"


def test_unregistered_client(run: Run, api: FakeApi) -> None:
    settings = {"wa_id": "", "webhooks": {"url": ""}}
    api.plan(
        get("/v1/support", {"support": support("unregistered")}),
        get("/v1/account/shards", {"account": {}}),
        get("/v1/health", {"health": {"gateway_status": "unregistered"}}),
        get("/v1/settings/application", {"settings": {"application": settings}}),
        get("/v1/settings/application/media/providers", providers([])),
        get("/v1/certificates/webhooks/ca", error(1006, "Resource not found"), status=404),
        get("/v1/stats/db", {"stats": {"db": {}}}),
    )

    result = run(api_token=TOKEN)

    assert (result["number"], result["registered"], result["shards"]) == (None, False, None)
    assert (result["settings"], result["webhook_url_redacted"], result["webhook_ca"]) == (settings, "", None)
    assert (result["pending_messages"], result["pending_callbacks"]) == (None, None)


@pytest.mark.parametrize("answer", [b"", error(1006, "Resource not found")], ids=["no body", "1006"])
def test_no_webhook_ca(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(get("/v1/certificates/webhooks/ca", answer, status=404))

    assert run(api_token=TOKEN, gather=["webhook_ca"])["webhook_ca"] is None


@pytest.mark.parametrize("answer", [b"", b"\n"])
def test_empty_webhook_ca(run: Run, api: FakeApi, answer: bytes) -> None:
    api.plan(get("/v1/certificates/webhooks/ca", answer))

    assert run(api_token=TOKEN, gather=["webhook_ca"])["webhook_ca"] is None


def test_page_instead_of_a_webhook_ca(run: Run, api: FakeApi) -> None:
    api.plan(get("/v1/certificates/webhooks/ca", b"<html>Welcome</html>"))

    result = run(api_token=TOKEN, gather=["webhook_ca"])

    assert result["msg"] == (
        f"GET {api.url}/v1/certificates/webhooks/ca answered without a certificate. Is api_url the client's API?"
    )


def test_nodes_of_two_clients(run: Run, api: FakeApi) -> None:
    api.plan(get("/v1/support", {"support": {"a:1": support(), "b:1": support("15550100002")}}))

    result = run(api_token=TOKEN, gather=["support"])

    assert result["msg"] == (
        "The nodes of this client report different numbers: 15550100001, 15550100002. "
        "Nodes of two clients share a database or an address; separate them first."
    )


# -- what is asked for -------------------------------------------------------------------------------------------------


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, token="fresh"), *single(bearer("fresh")))

    result = run(api_password=PASSWORD)

    assert result["number"] == "15550100001"
    assert_no_secret(result, PASSWORD, "fresh", HOOK_TOKEN, PROVIDER_PASSWORD, PROVIDER_TOKEN)


def test_refused_token_makes_one_login(run: Run, api: FakeApi) -> None:
    first, *others = single(bearer("fresh"))
    api.plan(get(first.path, b"", status=401), fake_api.login(PASSWORD, token="fresh"), first, *others)

    assert run(api_token=TOKEN, api_password=PASSWORD)["number"] == "15550100001"


def test_second_refusal_makes_no_second_login(run: Run, api: FakeApi) -> None:
    first, second, *_others = single(bearer("fresh"))
    api.plan(
        get(first.path, b"", status=401),
        fake_api.login(PASSWORD, token="fresh"),
        first,
        get(second.path, b"", bearer("fresh"), status=401),
    )

    result = run(api_token=TOKEN, api_password=PASSWORD)

    assert result["msg"].startswith(f"GET {api.url}{second.path} answered 401.")
    assert_no_secret(result, TOKEN, PASSWORD, "fresh")


def test_what_the_key_opens(run: Run, api: FakeApi) -> None:
    health, stats = single(f"Apikey {KEY}")[2], single(f"Apikey {KEY}")[-1]
    api.plan(health, stats)

    result = run(api_key=KEY, gather=["stats", "health"])

    assert (result["mode"], result["pending_messages"], result["version"]) == ("single", 3, "2.57.2")
    assert "number" not in result
    assert_no_secret(result, KEY)


@pytest.mark.parametrize("part", PATHS)
def test_each_part_is_one_question(run: Run, api: FakeApi, part: str) -> None:
    api.plan(*[call for call in single() if call.path == PATHS[part]])

    assert run(api_token=TOKEN, gather=[part])["failed"] is False


def test_second_run_is_equal_and_nothing_is_changed(run: Run, api: FakeApi) -> None:
    api.plan(*single(), *single())

    first, second = run(diff=True, api_token=TOKEN), run(diff=True, api_token=TOKEN)

    assert first == second
    assert "diff" not in first
    assert {call.split()[0] for call in api.seen} == {"GET"}


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("part", [part for part in PATHS if part not in ("webhook_ca", "media_providers")])
def test_trouble(run: Run, api: FakeApi, pauses: list[float], part: str, name: str) -> None:
    assert_told(run, api, pauses, part, TROUBLES[name])


@pytest.mark.parametrize("name", [name for name in TROUBLES if name != "no JSON"])
def test_trouble_with_the_webhook_ca(run: Run, api: FakeApi, pauses: list[float], name: str) -> None:
    assert_told(run, api, pauses, "webhook_ca", TROUBLES[name])


def assert_told(run: Run, api: FakeApi, pauses: list[float], part: str, trouble: Trouble) -> None:
    api.plan(*trouble.calls("GET", PATHS[part], bearer(TOKEN)))

    result = run(api_token=TOKEN, gather=[part])

    assert result["failed"] is True
    assert result["msg"].startswith(f"GET {api.url}{PATHS[part]}")
    assert trouble.says in result["msg"]
    assert pauses == ([0.5, 1.0, 2.0, 4.0] if trouble.passing else [])
    assert_no_secret(result, TOKEN)


def test_passing_trouble(run: Run, api: FakeApi) -> None:
    calls = TROUBLES["rate limit"].calls("GET", "/v1/stats/db", bearer(TOKEN))
    api.plan(*calls[:-1], single()[-1])

    assert run(api_token=TOKEN, gather=["stats"])["pending_messages"] == 3


@pytest.mark.parametrize("answer", [None, {}, {"meta": META}, {"support": None}, {"support": {}}])
def test_support_that_says_nothing_is_no_unregistered_client(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(get("/v1/support", answer))

    result = run(api_token=TOKEN, gather=["support"])

    assert result["msg"] == f"GET {api.url}/v1/support answered without debug_info. Is api_url the client's API?"


@pytest.mark.parametrize("answer", [None, {}, {"health": None}, {"health": {}}])
def test_health_that_says_nothing_is_no_single_instance(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(get("/v1/health", answer))

    result = run(api_token=TOKEN, gather=["health"])

    assert result["msg"] == f"GET {api.url}/v1/health answered without a node. Is api_url the client's API?"


@pytest.mark.parametrize("answer", [None, {}, {"settings": {}}, {"settings": {"application": None}}])
def test_settings_that_say_nothing_are_not_empty_ones(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(get("/v1/settings/application", answer))

    result = run(api_token=TOKEN, gather=["settings"])

    assert result["msg"] == (
        f"GET {api.url}/v1/settings/application answered without settings.application. Is api_url the client's API?"
    )


@pytest.mark.parametrize(
    "answer", [providers(None), providers({}), providers(["p1"]), providers([{"type": "www"}]), {}]
)
def test_media_providers_that_cannot_be_read_are_not_none(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(get(PATHS["media_providers"], answer))

    result = run(api_token=TOKEN, gather=["media_providers"])

    assert result["failed"]
    assert "answered without settings.application.media.providers" in result["msg"]


def test_a_release_without_media_providers_has_none(run: Run, api: FakeApi) -> None:
    api.plan(get(PATHS["media_providers"], error(1006, "Not found"), status=404))

    assert run(api_token=TOKEN, gather=["media_providers"])["media_providers"] == []


def test_unknown_part(run: Run) -> None:
    result = run(api_token=TOKEN, gather=["users"])

    assert result["failed"] is True
    assert "gather" in json.dumps(result["msg"])


def test_no_credentials(run: Run) -> None:
    assert run()["msg"] == "No credentials. Give api_token, api_password or, for health and statistics, api_key."
