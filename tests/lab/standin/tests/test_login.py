# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login table of the contract (3.2)."""

from __future__ import annotations

import re
import time

import jwt
import pytest

from standin.tests.harness import JWT_KEY, PASSWORD, Host

pytestmark = pytest.mark.anyio
REALM = 'Basic realm="Secured"'


@pytest.mark.parametrize("body", [{}, {"content": b"{}"}, {"json": {}}], ids=["no body", "empty object", "json object"])
async def test_default_password_has_to_be_changed(host: Host, body: dict[str, object]) -> None:
    answer = await host.web().login("admin", "secret", **body)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, REALM)
    error = {"code": 1024, "title": "Password change required", "details": "Password must be changed"}
    assert answer.json() == {"errors": [error], "meta": {"version": "2.57.2", "api_status": "stable"}}


async def test_body_that_is_no_json(host: Host) -> None:
    answer = await host.web().login("admin", "secret", content=b"new_password=x")
    details = "Unable to decode json from the request: Syntax error"
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"code": 1025, "title": "Request is not valid", "details": details}]


@pytest.mark.parametrize(
    "weak", ["Sh0rt!", "A1!" + "a" * 62, "nouppercase1!", "NOLOWERCASE1!", "NoDigits!!", "NoSpecial11", ""]
)
async def test_new_password_too_weak(host: Host, weak: str) -> None:
    api = host.web()
    answer = await api.login("admin", "secret", json={"new_password": weak})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 1009)
    assert answer.json()["errors"][0]["details"].startswith(
        "Password doesn't meet complexity requirements: length between 8"
    )
    assert (await api.login("admin", "secret")).status_code == 401, "the default password still stands"


@pytest.mark.parametrize("strong", ["Aa1!aaaa", "A1!" + "a" * 61, "Gr\\ndlich1"])
async def test_new_password_strong_enough(host: Host, strong: str) -> None:
    api = host.web()
    assert (await api.login("admin", "secret", json={"new_password": strong})).status_code == 200
    assert (await api.login("admin", strong)).status_code == 200


async def test_first_login_gives_a_token_for_seven_days(host: Host) -> None:
    answer = await host.web().login("admin", "secret", json={"new_password": PASSWORD})
    assert answer.status_code == 200
    user = answer.json()["users"][0]
    assert set(user) == {"token", "expires_after"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", user["expires_after"])
    assert jwt.get_unverified_header(user["token"]) == {"typ": "JWT", "alg": "HS256"}
    claims = jwt.decode(user["token"], JWT_KEY, algorithms=["HS256"])
    assert set(claims) == {"user", "iat", "exp", "wa:rand"}
    assert claims["user"] == "admin"
    assert claims["exp"] - claims["iat"] == 604800
    assert abs(claims["iat"] - time.time()) < 60
    assert re.fullmatch(r"[0-9a-f]{32}", claims["wa:rand"])


@pytest.mark.parametrize(
    ("user", "password"),
    [("admin", "secret"), ("admin", "Wr0ng!pass"), ("nobody", PASSWORD)],
    ids=["old", "wrong", "unknown"],
)
async def test_wrong_credentials_get_an_empty_401(host: Host, user: str, password: str) -> None:
    api = host.web()
    await api.sign_in()
    answer = await api.login(user, password)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic !"}, {"Authorization": "Bearer x"}])
async def test_no_credentials(host: Host, header: dict[str, str]) -> None:
    answer = await host.web().http.post("/v1/users/login", headers=header)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, REALM)


async def test_new_password_is_taken_when_it_was_not_forced(host: Host) -> None:
    api = host.web()
    await api.sign_in()
    assert (await api.login("admin", PASSWORD, json={"new_password": "An0ther!one"})).status_code == 200
    assert (await api.login("admin", PASSWORD)).status_code == 401
    assert (await api.login("admin", "An0ther!one")).status_code == 200
