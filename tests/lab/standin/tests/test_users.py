# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and roles (3.4, 2), tokens (2.1), the API key (2.2)."""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
import pytest

from standin.stores.web import Token, User
from standin.tests.harness import API_KEY, JWT_KEY, PASSWORD, Api, Host

pytestmark = pytest.mark.anyio
USER = {"username": "sender", "password": "S3nder!pass"}


async def _user_api(host: Host, api: Api) -> Api:
    assert (await api.call("POST", "/v1/users", USER)).status_code == 201
    other = host.web()
    await other.sign_in(USER["username"], USER["password"])
    return other


async def test_life_of_a_user(api: Api) -> None:
    created = await api.call("POST", "/v1/users", USER)
    assert (created.status_code, created.json()["users"]) == (201, [{"username": "sender"}])
    shown = await api.call("GET", "/v1/users/sender")
    assert shown.json()["users"] == [{"username": "sender", "ROLES": "ROLE_USER"}]
    assert (await api.call("GET", "/v1/users/admin")).json()["users"][0]["ROLES"] == "ROLE_ADMIN"
    changed = await api.call("PUT", "/v1/users/sender", {"password": "N3w!password"})
    assert (changed.status_code, changed.json()["users"]) == (200, [{"username": "sender"}])
    assert (await api.login("sender", USER["password"])).status_code == 401
    assert (await api.login("sender", "N3w!password")).status_code == 200
    assert (await api.call("DELETE", "/v1/users/sender")).status_code == 200
    assert (await api.login("sender", "N3w!password")).status_code == 401
    assert (await api.call("DELETE", "/v1/users/sender")).status_code == 404


async def test_duplicate_user_is_the_documented_internal_error(api: Api) -> None:
    await api.call("POST", "/v1/users", USER)
    answer = await api.call("POST", "/v1/users", USER)
    assert answer.status_code == 500
    assert answer.json()["errors"] == [
        {"code": 1014, "title": "Internal error", "details": "Unable to create user. Already exist?"}
    ]


@pytest.mark.parametrize(
    "user",
    [
        {"username": "abc", "password": PASSWORD},
        {"username": "a" * 33, "password": PASSWORD},
        {"username": "sender", "password": "weak"},
        {"username": "sender"},
        {},
    ],
)
async def test_unacceptable_users(api: Api, user: dict[str, str]) -> None:
    assert (await api.call("POST", "/v1/users", user)).status_code == 400


async def test_admin_cannot_be_deleted(api: Api) -> None:
    assert (await api.call("DELETE", "/v1/users/admin")).status_code == 403


ADMIN_ONLY = [
    ("POST", "/v1/users"),
    ("DELETE", "/v1/users/admin"),
    ("POST", "/v1/account"),
    ("POST", "/v1/account/verify"),
    ("POST", "/v1/account/shards"),
    ("GET", "/v1/account/shards"),
    ("POST", "/v1/settings/backup"),
    ("POST", "/v1/settings/restore"),
    ("POST", "/v1/settings/account/two-step"),
    ("DELETE", "/v1/settings/account/two-step"),
    ("GET", "/v1/settings/application"),
    ("PATCH", "/v1/settings/application"),
    ("DELETE", "/v1/settings/application"),
    ("GET", "/v1/settings/application/media/providers"),
    ("POST", "/v1/settings/application/media/providers"),
    ("GET", "/v1/settings/business/profile"),
    ("POST", "/v1/settings/business/profile"),
    ("GET", "/v1/settings/business/compliance_info"),
    ("GET", "/v1/settings/profile/about"),
    ("GET", "/v1/settings/profile/photo"),
    ("POST", "/v1/certificates/external"),
    ("GET", "/v1/certificates/external/ca"),
    ("GET", "/v1/certificates/webhooks/ca"),
    ("POST", "/v1/certificates/webhooks/ca"),
    ("GET", "/v1/support"),
]


async def test_ordinary_users_are_denied_what_is_the_administrators(host: Host, api: Api) -> None:
    user = await _user_api(host, api)
    for method, path in ADMIN_ONLY:
        answer = await user.call(method, path, {})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, 1005), f"{method} {path}"


async def test_users_see_and_change_themselves_only(host: Host, api: Api) -> None:
    user = await _user_api(host, api)
    assert (await user.call("GET", "/v1/users/sender")).status_code == 200
    assert (await user.call("GET", "/v1/users/admin")).status_code == 403
    assert (await user.call("PUT", "/v1/users/admin", {"password": PASSWORD})).status_code == 403
    assert (await user.call("PUT", "/v1/users/sender", {"password": "0wn!Password"})).status_code == 200


async def test_there_is_no_list_of_users(api: Api) -> None:
    assert (await api.call("GET", "/v1/users")).status_code in (404, 405)


async def test_everything_asks_for_a_token(host: Host) -> None:
    api = host.web()
    for method, path in [*ADMIN_ONLY, ("GET", "/v1/health"), ("POST", "/v1/messages"), ("GET", "/metrics")]:
        assert (await api.call(method, path, {})).status_code == 401, f"{method} {path}"


async def test_logout_revokes_the_token_that_was_presented(host: Host, api: Api) -> None:
    other = host.web()
    await other.sign_in()
    assert (await api.call("POST", "/v1/users/logout")).status_code == 200
    assert (await api.call("GET", "/v1/health")).status_code == 401
    assert (await other.call("GET", "/v1/health")).status_code == 200


async def test_tokens_outlive_a_password_but_not_their_user(host: Host, api: Api) -> None:
    user = await _user_api(host, api)
    await api.call("PUT", "/v1/users/sender", {"password": "N3w!password"})
    assert (await user.call("GET", "/v1/health")).status_code == 200
    await api.call("DELETE", "/v1/users/sender")
    assert (await user.call("GET", "/v1/health")).status_code == 401
    assert [row.username for row in host.rows("waweb", User)] == ["admin"]


def _forged(api: Api, key: str, **claims: object) -> str:
    original = jwt.decode(api.token, JWT_KEY, algorithms=["HS256"])
    return jwt.encode({**original, **claims}, key, algorithm="HS256")


@pytest.mark.parametrize(
    "make",
    [
        lambda api: _forged(api, "x" * 64),
        lambda api: _forged(api, JWT_KEY, user="nobody"),
        lambda api: _forged(api, JWT_KEY, **{"wa:rand": "0" * 32}),
        lambda api: "garbage",
    ],
    ids=["wrong key", "right key without a row", "other random part", "no token"],
)
async def test_tokens_that_do_not_count(api: Api, make: Callable[[Api], str]) -> None:
    api.token = make(api)
    assert (await api.call("GET", "/v1/health")).status_code == 401


async def test_expired_token_is_removed_when_it_is_presented(
    host: Host, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = time.time() - 8 * 24 * 3600
    with monkeypatch.context() as patch:
        patch.setattr("standin.web.users.time.time", lambda: before)
        await api.sign_in()
    assert len(host.rows("waweb", Token)) == 2
    assert (await api.call("GET", "/v1/health")).status_code == 401
    assert len(host.rows("waweb", Token)) == 1


async def test_another_signing_key_makes_tokens_worthless_though_their_rows_exist(host: Host, api: Api) -> None:
    same, changed = host.web(), host.web(WA_WEB_JWT_CRYPTO_KEY="z" * 64)
    same.token = changed.token = api.token
    assert (await same.call("GET", "/v1/health")).status_code == 200
    assert (await changed.call("GET", "/v1/health")).status_code == 401
    assert len(host.rows("waweb", Token)) == 1
    await changed.sign_in()
    assert (await changed.call("GET", "/v1/health")).status_code == 200, "the users are still there"


@pytest.mark.parametrize("path", ["/v1/health", "/v1/stats/app", "/v1/stats/db", "/v1/stats/app/internal", "/metrics"])
async def test_api_key_opens_the_monitoring(host: Host, path: str) -> None:
    answer = await host.web().call("GET", path, headers={"Authorization": f"Apikey {API_KEY}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("key", "method", "path"),
    [
        (API_KEY, "POST", "/v1/messages"),
        (API_KEY, "GET", "/v1/support"),
        ("other", "GET", "/v1/health"),
        ("", "GET", "/metrics"),
    ],
)
async def test_api_key_opens_nothing_else(host: Host, key: str, method: str, path: str) -> None:
    assert (await host.web().call(method, path, {}, headers={"Authorization": f"Apikey {key}"})).status_code == 401
