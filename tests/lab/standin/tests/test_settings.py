# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings (3.11), media providers, profiles, certificates (3.12 to 3.14)."""

from __future__ import annotations

from typing import Any

import pytest

from standin.tests.harness import NUMBER, Api

pytestmark = pytest.mark.anyio
APPLICATION = "/v1/settings/application"
FIELDS = {
    "callback_backoff_delay_ms",
    "max_callback_backoff_delay_ms",
    "callback_persist",
    "media",
    "webhooks",
    "sent_status",
    "pass_through",
    "heartbeat_interval",
    "unhealthy_interval",
    "db_garbagecollector_enable",
    "garbagecollector_enable",
    "axolotl_context_striping_disabled",
    "notify_user_change_number",
    "show_security_notifications",
    "skip_referral_media_download",
    "webhook_payload_conversation_pricingmodel_disabled",
    "on_call_pager",
    "verbose_logging",
    "log_level",
    "wa_id",
}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


async def _settings(api: Api) -> dict[str, Any]:
    answer = await api.call("GET", APPLICATION)
    assert answer.status_code == 200
    settings: dict[str, Any] = answer.json()["settings"]["application"]
    return settings


async def test_fresh_client(api: Api) -> None:
    settings = await _settings(api)
    assert set(settings) == FIELDS
    captured = {
        "callback_backoff_delay_ms": 3000,
        "callback_persist": True,
        "db_garbagecollector_enable": True,
        "heartbeat_interval": 5,
        "max_callback_backoff_delay_ms": 900000,
        "notify_user_change_number": True,
        "pass_through": False,
        "sent_status": True,
        "show_security_notifications": False,
        "skip_referral_media_download": False,
        "unhealthy_interval": 30,
        "wa_id": "",
    }
    assert {name: settings[name] for name in captured} == captured
    assert (settings["webhooks"]["url"], settings["webhooks"]["max_concurrent_requests"]) == ("", 6)


@pytest.mark.parametrize(
    ("change", "where", "value"),
    [
        ({"callback_backoff_delay_ms": 1}, ("callback_backoff_delay_ms",), 1),
        ({"max_callback_backoff_delay_ms": "15000"}, ("max_callback_backoff_delay_ms",), 15000),
        ({"callback_persist": False}, ("callback_persist",), False),
        ({"media": {"auto_download": ["image"]}}, ("media", "auto_download"), ["image"]),
        ({"media": {"auto_download": []}}, ("media", "auto_download"), []),
        ({"webhooks": {"url": "https://h.example/x"}}, ("webhooks", "url"), "https://h.example/x"),
        ({"webhooks": {"max_concurrent_requests": 24}}, ("webhooks", "max_concurrent_requests"), 24),
        ({"webhooks": {"message": {"read": True}}}, ("webhooks", "message", "read"), True),
        ({"garbagecollector_enable": {"media": True}}, ("garbagecollector_enable", "media"), True),
        ({"log_level": "debug"}, ("log_level",), "debug"),
        ({"unhealthy_interval": 7}, ("unhealthy_interval",), 7),
    ],
)
async def test_patch_changes_one_field(api: Api, change: dict[str, Any], where: tuple[str, ...], value: Any) -> None:
    before = await _settings(api)
    answer = await api.call("PATCH", APPLICATION, change)
    assert answer.status_code == 200
    after = await _settings(api)
    expected, inner = before, before
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    assert after == expected


@pytest.mark.parametrize(
    "change",
    [
        {"webhooks": {"url": "http://h.example/"}},
        {"webhooks": {"url": "https://"}},
        {"webhooks": {"max_concurrent_requests": 7}},
        {"webhooks": "https://h.example/"},
        {"media": {"auto_download": ["tape"]}},
        {"media": {"auto_download": "image"}},
        {"heartbeat_interval": "soon"},
        {"heartbeat_interval": True},
        {"heartbeat_interval": -1},
        {"sent_status": "yes"},
        {"pass_through": True},
        {"wa_id": NUMBER},
        {"no_such_setting": 1},
    ],
)
async def test_patch_that_cannot_be_changes_nothing(api: Api, change: dict[str, Any]) -> None:
    before = await _settings(api)
    assert (await api.call("PATCH", APPLICATION, {"unhealthy_interval": 7, **change})).status_code == 400
    assert await _settings(api) == before


async def test_clearing_and_resetting(api: Api) -> None:
    fresh = await _settings(api)
    await api.call("PATCH", APPLICATION, {"webhooks": {"url": "https://h.example/"}, "unhealthy_interval": 7})
    await api.call("PATCH", APPLICATION, {"webhooks": {"url": ""}})
    assert (await _settings(api))["webhooks"]["url"] == ""
    assert (await api.call("DELETE", APPLICATION)).status_code == 200
    assert await _settings(api) == fresh


async def test_own_number_is_shown(registered: Api) -> None:
    assert (await _settings(registered))["wa_id"] == NUMBER


async def test_media_providers(api: Api) -> None:
    path = f"{APPLICATION}/media/providers"
    first = {"name": "p1", "type": "www", "config": {"basic": {"username": "u", "password": "p"}}}
    second = {"name": "p2", "type": "www", "config": {"bearer": "t"}}

    async def shown() -> Any:
        return (await api.call("GET", path)).json()["settings"]["application"]["media"]["providers"]

    assert await shown() == []
    assert (await api.call("POST", path, [first, second])).status_code == 200
    assert await shown() == [first, second]
    assert (await api.call("POST", path, {"name": "p3"})).status_code == 400
    assert (await api.call("DELETE", f"{path}/p1")).status_code == 200
    assert await shown() == [second]
    assert (await api.call("DELETE", f"{path}/p1")).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"address": "a" * 256, "websites": ["https://a.example", "https://b.example"]}, 200),
        ({"address": "a" * 257}, 400),
        ({"description": "a" * 257}, 400),
        ({"email": "a" * 129}, 400),
        ({"vertical": "a" * 129}, 400),
        ({"websites": ["https://a.example"] * 3}, 400),
        ({"websites": ["a" * 257]}, 400),
    ],
)
async def test_business_profile(api: Api, change: dict[str, Any], status: int) -> None:
    path = "/v1/settings/business/profile"
    assert (await api.call("POST", path, change)).status_code == status
    stored = (await api.call("GET", path)).json()["settings"]["business"]["profile"]
    assert stored == (change if status == 200 else {})


async def test_about_and_photo(api: Api) -> None:
    assert (await api.call("PATCH", "/v1/settings/profile/about", {"text": "a" * 139})).status_code == 200
    assert (await api.call("PATCH", "/v1/settings/profile/about", {"text": "a" * 140})).status_code == 400
    about = await api.call("GET", "/v1/settings/profile/about")
    assert about.json()["settings"]["profile"]["about"]["text"] == "a" * 139
    photo = "/v1/settings/profile/photo"
    assert (await api.call("GET", photo)).status_code == 404
    uploaded = await api.call("POST", photo, content=b"\xff\xd8jpeg", headers={"Content-Type": "image/jpeg"})
    assert uploaded.status_code in (200, 201)
    assert (await api.call("GET", photo)).content == b"\xff\xd8jpeg"
    assert (
        (await api.call("GET", f"{photo}?format=link"))
        .json()["settings"]["profile"]["photo"]["link"]
        .startswith("https://")
    )
    assert (await api.call("DELETE", photo)).status_code == 200
    assert (await api.call("GET", photo)).status_code == 404


async def test_webhook_authority(api: Api) -> None:
    path = "/v1/certificates/webhooks/ca"
    assert (await api.call("GET", path)).status_code == 404
    assert (await api.call("POST", path, content=PEM)).status_code == 200
    shown = await api.call("GET", path)
    assert (shown.text, shown.headers["content-type"].partition(";")[0]) == (PEM, "text/plain")
    assert (await api.call("POST", path, content="no certificate")).status_code == 400
    assert (await api.call("DELETE", path)).status_code == 200
    assert (await api.call("GET", path)).status_code == 404


async def test_external_certificate(api: Api) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
    assert (await api.call("GET", "/v1/certificates/external/ca")).status_code == 404
    assert (await api.call("POST", "/v1/certificates/external", content=PEM)).status_code == 400
    assert (await api.call("POST", "/v1/certificates/external", content=key + PEM + PEM)).status_code == 200
    shown = (await api.call("GET", "/v1/certificates/external/ca")).text
    assert shown == PEM, "the key cannot be read back"
