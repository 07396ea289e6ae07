# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelope, error body and request log (2), rate limits (8), a core that is away (3.7), the sign-in page."""

from __future__ import annotations

import json

import httpx
import pytest

from standin.common.errors import CODES, ApiError
from standin.tests.harness import API_KEY, PASSWORD, Api, Host
from standin.web.limits import Bucket

pytestmark = pytest.mark.anyio
META = {"version": "2.57.2", "api_status": "stable"}


async def test_success_and_error_carry_meta(api: Api) -> None:
    for path, status in (("/v1/health", 200), ("/v1/users/nobody", 404), ("/v1/settings/application", 200)):
        answer = await api.call("GET", path)
        assert (answer.status_code, answer.json()["meta"]) == (status, META), path


async def test_error_body_has_the_documented_members_only(api: Api) -> None:
    answer = (await api.call("GET", "/v1/users/nobody")).json()
    assert set(answer) == {"errors", "meta"}
    assert set(answer["errors"][0]) <= {"code", "title", "details", "href"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (1005, 403),
        (1006, 404),
        (1008, 400),
        (1009, 400),
        (1011, 503),
        (1014, 500),
        (1015, 429),
        (1016, 503),
        (1024, 401),
        (1025, 400),
    ],
)
def test_statuses_of_the_error_table(code: int, status: int) -> None:
    assert ApiError(code).status == status
    assert ApiError(code).body() == {"errors": [{"code": code, "title": CODES[code][1]}]}


async def test_body_that_is_no_json(api: Api) -> None:
    answer = await api.call("PATCH", "/v1/settings/application", content=b"{")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 1025)


async def test_sign_in_page_needs_no_token(host: Host) -> None:
    answer = await host.web().call("GET", "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


async def test_requests_are_logged_without_secrets(api: Api) -> None:
    await api.call("PUT", "/v1/users/admin", {"password": PASSWORD})
    await api.call("GET", "/v1/health", headers={"Authorization": f"Apikey {API_KEY}"})
    lines = api.log.read_text().splitlines()
    last = json.loads(lines[-2])
    assert {"time", "method", "path", "status", "user"} <= set(last)
    assert (last["method"], last["path"], last["status"], last["user"]) == ("PUT", "/v1/users/admin", 200, "admin")
    for secret in (PASSWORD, api.token, API_KEY, "secret"):
        assert not any(secret in line for line in lines)


async def test_core_that_is_away_is_an_internal_error(host: Host, api: Api) -> None:
    await host.stop()
    await api.front.nodes.close()
    api.front.nodes._client = httpx.AsyncClient(timeout=1, trust_env=False)
    for path in ("/v1/health", "/v1/settings/application"):
        answer = await api.call("GET", path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, 1014)
        assert answer.json()["errors"][0]["details"].endswith("Please check if wacore is running: wacore:6252")


@pytest.mark.parametrize(("path", "burst"), [("/v1/messages", 150), ("/v1/health", 60)])
async def test_burst_of_requests(api: Api, path: str, burst: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked without a token and at one instant, so that nothing but the limit is at work."""
    monkeypatch.setattr("standin.web.limits.monotonic", lambda: 100.0)
    api.token = ""
    api.front.limits.__init__()  # type: ignore[misc]  # the sign-in has used some
    answers = [await api.call("GET" if path.endswith("health") else "POST", path) for _ in range(burst + 1)]
    assert [answer.status_code for answer in answers] == [401] * burst + [429]
    assert answers[-1].json()["errors"] == [{"code": 1015, "title": "Too many requests"}]


@pytest.mark.parametrize(("rate", "burst"), [(50, 150), (20, 60)])
def test_bucket_refills_at_its_rate(rate: int, burst: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("standin.web.limits.monotonic", lambda: clock[0])
    bucket = Bucket(rate, burst)
    assert [bucket.take() for _ in range(burst + 1)] == [True] * burst + [False]
    clock[0] += 1.001
    assert [bucket.take() for _ in range(rate + 1)] == [True] * rate + [False]
    clock[0] += 1000
    assert [bucket.take() for _ in range(burst + 1)] == [True] * burst + [False], "no more than the burst is saved up"
