# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""application_settings against an API with a plan."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.module_utils._settings_change import settings_argument_spec
from ansible_collections.waba.migration.plugins.modules import application_settings
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD = "given-token", "Wanted-1234"
OLD_KEY, NEW_KEY, PROVIDER_TOKEN = "old-hook-word", "new-hook-word", "provider-bearer"
OLD_URL, NEW_URL = f"https://u:{OLD_KEY}@old.example.org/wa", f"https://new.example.org/wa?key={NEW_KEY}"
SHOWN_OLD, SHOWN_NEW = "https://REDACTED@old.example.org/wa", "https://new.example.org/wa?key=REDACTED"
PATH = "/v1/settings/application"
PROVIDERS = [{"name": "p1", "type": "www", "config": {"bearer": PROVIDER_TOKEN}}]

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi, pauses: list[float]) -> Run:
    def run_settings(check_mode: bool = False, diff: bool = True, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        result = run_module(application_settings.main, given, check_mode=check_mode, diff=diff)
        assert_no_secret(result, TOKEN, PASSWORD, OLD_KEY, NEW_KEY, PROVIDER_TOKEN)
        return result

    return run_settings


def present(**others: Any) -> dict[str, Any]:
    webhooks = {"url": OLD_URL, "max_concurrent_requests": 6, **others.pop("webhooks", {})}
    return {
        "callback_persist": True,
        "heartbeat_interval": 5,
        "media": {"auto_download": ["image"], "providers": PROVIDERS},
        "wa_id": "15550100001",
        "webhooks": webhooks,
        **others,
    }


def get(settings: Any, auth: str = bearer(TOKEN)) -> Call:
    return Call("GET", PATH, auth, answer={"settings": {"application": settings}, "meta": META})


def patch(change: Any, auth: str = bearer(TOKEN), **others: Any) -> Call:
    return Call("PATCH", PATH, auth, change, **others)


# -- changing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, {}, {"meta": META}, b""], ids=["null", "object", "meta", "no body"])
def test_only_what_differs_is_sent(run: Run, api: FakeApi, answer: Any) -> None:
    wanted = {"heartbeat_interval": 5, "callback_persist": True, "webhooks": {"url": NEW_URL}}
    after = present(webhooks={"url": NEW_URL})
    api.plan(get(present()))
    foreseen = run(check_mode=True, settings=wanted)
    assert api.seen == [f"GET {PATH}"]

    api.plan(get(present()), patch({"webhooks": {"url": NEW_URL}}, answer=answer), get(after))
    made = run(settings=wanted)

    assert made == foreseen
    assert {key: made[key] for key in ("failed", "changed", "changed_fields", "restart_required", "diff")} == {
        "failed": False,
        "changed": True,
        "changed_fields": ["webhooks.url"],
        "restart_required": False,
        "diff": {"before": {"webhooks": {"url": SHOWN_OLD}}, "after": {"webhooks": {"url": SHOWN_NEW}}},
    }
    assert made["settings"] == {
        **present(),
        "media": {"auto_download": ["image"], "providers": [{"name": "p1", "type": "www", "config": "REDACTED"}]},
        "webhooks": {"url": SHOWN_NEW, "max_concurrent_requests": 6},
    }

    api.plan(get(after))
    again = run(settings=wanted)
    assert again == {**made, "changed": False, "changed_fields": [], "diff": {"before": {}, "after": {}}}


def test_url_without_a_secret_is_shown(run: Run, api: FakeApi) -> None:
    url = "https://new.example.org/wa"
    api.plan(get(present()), patch({"webhooks": {"url": url}}), get(present(webhooks={"url": url})))

    result = run(settings={"webhooks": {"url": url}})

    assert (result["settings"]["webhooks"]["url"], result["diff"]["after"]) == (url, {"webhooks": {"url": url}})


def test_url_is_cleared(run: Run, api: FakeApi) -> None:
    api.plan(get(present()), patch({"webhooks": {"url": ""}}), get(present(webhooks={"url": ""})))

    assert run(settings={"webhooks": {"url": ""}})["changed_fields"] == ["webhooks.url"]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"heartbeat_interval": "7"}, {"heartbeat_interval": 7}),
        ({"heartbeat_interval": 7}, {"heartbeat_interval": "7"}),
        ({"webhooks": {"max_concurrent_requests": 12}}, {"webhooks": {"max_concurrent_requests": "12"}}),
        ({"media": {"auto_download": ["voice", "image"]}}, {"media": {"auto_download": ["image", "voice"]}}),
        ({"media": None, "webhooks": {}}, {}),
    ],
)
def test_words_that_mean_the_same(run: Run, api: FakeApi, wanted: dict[str, Any], there: dict[str, Any]) -> None:
    api.plan(get(present(**there)))

    assert run(settings=wanted)["changed"] is False


@pytest.mark.parametrize(
    ("wanted", "restart"),
    [
        ({"heartbeat_interval": 6}, False),
        ({"callback_persist": False}, True),
        ({"callback_persist": True, "heartbeat_interval": 6}, False),
        ({"webhooks": {"max_concurrent_requests": 24}}, True),
        ({"webhooks": {"message_statuses": {"read": True}}}, False),
        ({"pass_through": False}, True),
        ({"db_garbagecollector_enable": False}, True),
    ],
)
def test_restart_that_a_change_needs(run: Run, api: FakeApi, wanted: dict[str, Any], restart: bool) -> None:
    api.plan(get(present()))

    result = run(check_mode=True, settings=wanted)

    assert (result["changed"], result["restart_required"]) == (True, restart)


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(
        fake_api.login(PASSWORD, token="fresh"),
        get(present(), fresh),
        patch({"heartbeat_interval": 6}, fresh),
        get(present(heartbeat_interval=6), fresh),
    )

    assert run(api_token=None, api_password=PASSWORD, settings={"heartbeat_interval": 6})["changed"] is True


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_trouble(run: Run, api: FakeApi, method: str, name: str) -> None:
    body = {"heartbeat_interval": 6} if method == "PATCH" else None
    before = [get(present())] if method == "PATCH" else []
    api.plan(*before, *TROUBLES[name].calls(method, PATH, bearer(TOKEN), body))

    result = run(settings={"heartbeat_interval": 6})

    assert result["failed"] is True
    assert result["msg"].startswith(f"{method} {api.url}{PATH}")
    assert TROUBLES[name].says in result["msg"]


def test_client_that_takes_nothing_over(run: Run, api: FakeApi) -> None:
    change = {"pass_through": True, "webhooks": {"url": NEW_URL}}
    api.plan(get(present(pass_through=False)), patch(change), get(present(pass_through=False)))

    assert run(settings=change)["msg"] == (
        f"PATCH {api.url}{PATH} was accepted, but the client still has "
        f"{{'pass_through': False, 'webhooks': {{'url': '{SHOWN_OLD}'}}}} instead of "
        f"{{'pass_through': True, 'webhooks': {{'url': '{SHOWN_NEW}'}}}}. "
        "Look in the documentation of its version for these fields."
    )


def test_refused_url_is_not_repeated_with_its_secret(run: Run, api: FakeApi) -> None:
    change = {"webhooks": {"url": NEW_URL}}
    api.plan(get(present()), patch(change, status=400, answer=error(1009, "Not valid", "unreachable")))

    assert "answered 400, error 1009 Not valid, unreachable." in run(settings=change)["msg"]


@pytest.mark.parametrize("answer", [None, {}, {"settings": {}}, {"settings": {"application": None}}])
def test_settings_that_say_nothing(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(Call("GET", PATH, bearer(TOKEN), answer=answer))

    assert run(settings={"heartbeat_interval": 6})["msg"] == (
        f"GET {api.url}{PATH} answered without settings.application. Is api_url the client's API?"
    )


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (None, "missing required arguments: settings"),
        ({"webhooks": {"url": f"http://{NEW_KEY}@h.example/"}}, "webhooks.url must begin with https:// and a host"),
        ({"webhooks": {"url": "https://"}}, "webhooks.url must begin with https:// and a host name, or be empty."),
        ({"webhooks": {"url": "https://[broken"}}, "webhooks.url must begin with https:// and a host name, or be"),
        ({"webhooks": {"max_concurrent_requests": 7}}, "max_concurrent_requests must be one of: 6, 12, 18, 24"),
        ({"webhook": {"url": NEW_URL}}, "Unsupported parameters for "),
        ({"wa_id": "15550100001"}, "Unsupported parameters for "),
        ({"heartbeat_interval": "soon"}, "heartbeat_interval"),
        ({"media": {"auto_download": ["tape"]}}, "auto_download must be one or more of: audio, document"),
    ],
)
def test_options_that_cannot_be_used(
    run_module: Run, api: FakeApi, settings: dict[str, Any] | None, text: str, check_mode: bool
) -> None:
    given = {**api.arguments, "api_token": TOKEN, **({} if settings is None else {"settings": settings})}

    result = run_module(application_settings.main, given, check_mode=check_mode)

    assert text in result["msg"]
    assert NEW_KEY not in json.dumps(result)
    assert api.seen == []


def test_the_url_is_the_only_secret_among_the_fields() -> None:
    def secrets(options: dict[str, Any]) -> list[str]:
        return [name for name, option in options.items() if option.get("no_log")] + [
            secret for option in options.values() for secret in secrets(option.get("options", {}))
        ]

    assert secrets(settings_argument_spec()) == ["url"]
