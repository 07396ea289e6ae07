# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol on planned answers: the envelope, when it asks again, and when it must not."""

from __future__ import annotations

import json
from typing import Any, Callable, Union

import pytest
from ansible_collections.waba.migration.plugins.module_utils._api import Api, is_overloaded, parse, to_int
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._http import Response
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, basic, error

LOST = TransportError("GET", "https://waba", "lost", True, "Look.")
LOGIN = {"users": [{"token": "fresh", "expires_after": "2026-12-01 09:00:00+00:00"}], "meta": META}

Answer = Union[Response, TransportError]
WRITES: dict[str, Callable[[Api], Any]] = {
    "post": lambda api: api.post("/v1/x", {"a": 1}),
    "put": lambda api: api.put("/v1/x", {"a": 1}),
    "patch": lambda api: api.patch("/v1/x", {"a": 1}),
    "delete": lambda api: api.delete("/v1/x"),
    "post_text": lambda api: api.post_text("/v1/x", "PEM é"),
}


class Planned:
    """A transport that gives one answer after the other and remembers the requests."""

    base = "https://waba"

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, str]] = []
        self.bodies: list[Any] = []

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Response:
        headers = headers or {}
        assert ("Content-Type" in headers) is (body is not None)
        self.requests.append((method, path, headers["Authorization"]))
        is_text = headers.get("Content-Type") == "text/plain"
        self.bodies.append(body if is_text or body is None else json.loads(body))
        answer = self.answers.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer


def answered(document: Any = None, status: int = 200) -> Response:
    return Response(status, json.dumps(document).encode())


def make(*answers: Answer, **credentials: Any) -> tuple[Api, Planned, list[float]]:
    transport, pauses = Planned(*answers), list[float]()
    api = Api(transport, sleep=pauses.append, **credentials)  # type: ignore[arg-type]
    return api, transport, pauses


# -- the envelope ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"", None),
        (b" \n", None),
        (b"null", None),
        (b"{}", {}),
        (b'{"meta": {"version": "2.57.2"}}', {"meta": {"version": "2.57.2"}}),
        (b'{"errors": []}', {"errors": []}),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_successes(status: int, body: bytes, document: Any) -> None:
    assert parse("POST", "https://waba/v1/x", Response(status, body)) == document


@pytest.mark.parametrize(
    ("status", "body", "code", "title", "details"),
    [
        (401, b"", None, "", ""),
        (
            401,
            json.dumps(error(1005, "Access denied", "Invalid credentials.")).encode(),
            1005,
            "Access denied",
            "Invalid credentials.",
        ),
        (400, b'{"errors": [{"code": "1009"}]}', 1009, "", ""),
        (400, b'{"errors": [{"title": "No code", "details": null}]}', None, "No code", ""),
        (502, b"<html>Bad Gateway</html>", None, "", ""),
        (404, b'{"errors": "odd"}', None, "", ""),
        (200, b'{"errors": [{"code": 1014}]}', 1014, "", ""),
    ],
)  # fmt: skip
def test_errors(status: int, body: bytes, code: int | None, title: str, details: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse("GET", "https://waba/v1/x", Response(status, body))

    found = caught.value
    assert (found.status, found.code, found.title, found.details) == (status, code, title, details)


def test_success_that_is_no_json() -> None:
    with pytest.raises(ClientError, match=r"GET https://waba/v1/x answered 200, but not with JSON") as caught:
        parse("GET", "https://waba/v1/x", Response(200, b"<html>secret page</html>"))

    assert "secret page" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "number"), [(2, 2), ("2", 2), ("2.0", 2), (2.0, 2), (None, None), ("x", None), ("inf", None), ({}, None)]
)
def test_numbers(value: object, number: int | None) -> None:
    assert to_int(value) == number


@pytest.mark.parametrize(
    ("response", "overloaded"),
    [
        (answered(error(1015), 429), True),
        (Response(503, b""), True),
        (answered(error(1016), 500), True),
        (answered(error(1014), 500), False),
        (Response(200, b"text"), False),
        (answered({}), False),
    ],
)
def test_overload(response: Response, overloaded: bool) -> None:
    assert is_overloaded(response) is overloaded


@pytest.mark.parametrize(("version", "told"), [("2.57.2", "2.57.2"), ("v2.35.2", "2.35.2"), (None, None)])
def test_version_is_noted(version: str | None, told: str | None) -> None:
    api, _transport, _pauses = make(answered({"meta": {"version": version}}), token="t")

    api.get("/v1/health")

    assert api.version == told


# -- credentials -------------------------------------------------------------------------------------------------------


def test_token_wins_over_password_and_key() -> None:
    api, transport, _pauses = make(answered(), token="t", password="p", api_key="k")

    api.get("/v1/health")

    assert transport.requests == [("GET", "/v1/health", "Bearer t")]


def test_password_makes_one_login_for_many_requests() -> None:
    api, transport, _pauses = make(
        answered(LOGIN), answered(), answered(), username="sender", password="p", api_key="k"
    )

    api.get("/v1/health")
    api.post("/v1/messages", {"to": "1"})

    assert transport.requests == [
        ("POST", "/v1/users/login", basic("sender", "p")),
        ("GET", "/v1/health", "Bearer fresh"),
        ("POST", "/v1/messages", "Bearer fresh"),
    ]
    assert transport.bodies == [None, None, {"to": "1"}]


def test_key_alone() -> None:
    api, transport, _pauses = make(answered(), api_key="k")

    api.get("/v1/health")

    assert transport.requests == [("GET", "/v1/health", "Apikey k")]


def test_no_credentials() -> None:
    api, transport, _pauses = make()

    with pytest.raises(ClientError, match="No credentials"):
        api.get("/v1/health")

    assert transport.requests == []


@pytest.mark.parametrize("value", ["", "two words", "line\nbreak", "schlüssel"])
@pytest.mark.parametrize("name", ["token", "api_key"])
def test_secret_that_no_header_can_hold_is_not_quoted(name: str, value: str) -> None:
    with pytest.raises(ClientError, match=name) as caught:
        make(**{name: value})

    assert not value or value not in str(caught.value)


def test_user_name_with_a_colon() -> None:
    with pytest.raises(ClientError, match="api_username must not hold a colon"):
        make(username="a:b", password="p")


def test_expired_token_is_renewed_once() -> None:
    api, transport, _pauses = make(
        Response(401, b""), answered(LOGIN), answered({"a": 1}), Response(401, b""), token="old", password="p"
    )

    assert api.get("/v1/health") == {"a": 1}
    with pytest.raises(ApiError, match="answered 401"):
        api.get("/v1/health")

    assert [request[2] for request in transport.requests] == [
        "Bearer old",
        basic("admin", "p"),
        "Bearer fresh",
        "Bearer fresh",
    ]


def test_refused_post_is_sent_again_with_the_new_token() -> None:
    api, transport, _pauses = make(Response(401, b""), answered(LOGIN), answered(), token="old", password="p")

    api.post("/v1/messages", {"to": "1"})

    assert transport.bodies == [{"to": "1"}, None, {"to": "1"}]


def test_refused_token_without_a_password() -> None:
    api, transport, _pauses = make(Response(401, b""), token="old")

    with pytest.raises(ApiError, match="The password, token or API key is wrong"):
        api.get("/v1/health")

    assert len(transport.requests) == 1


# -- the login ---------------------------------------------------------------------------------------------------------


def test_login_with_another_password_and_a_new_one() -> None:
    api, transport, _pauses = make(answered(LOGIN), password="wanted")

    assert api.login("secret", new_password="wanted") == {
        "token": "fresh",
        "expires_after": "2026-12-01 09:00:00+00:00",
    }
    assert transport.requests == [("POST", "/v1/users/login", basic("admin", "secret"))]
    assert transport.bodies == [{"new_password": "wanted"}]
    assert api.version == "2.57.2"


@pytest.mark.parametrize("answer", [None, {}, {"users": []}, {"users": [{}]}, {"users": ["x"]}, {"users": None}])
def test_login_without_a_token(answer: Any) -> None:
    api, _transport, _pauses = make(answered(answer), password="p")

    with pytest.raises(ClientError, match="POST https://waba/v1/users/login answered without a token"):
        api.login()


@pytest.mark.parametrize(("status", "good"), [(200, True), (403, True), (404, True), (401, False)])
def test_token_is_asked_for_without_the_coreapp(status: int, good: bool) -> None:
    api, transport, _pauses = make(answered(None, status), token="t", username="a/b", password="p")

    assert api.accepts_token() is good
    assert transport.requests == [("GET", "/v1/users/a%2Fb", "Bearer t")]


def test_token_that_cannot_be_judged() -> None:
    api, _transport, _pauses = make(answered(error(1023), 500), token="t")

    with pytest.raises(ApiError, match="cannot use its database"):
        api.accepts_token()


# -- writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "method", "body"),
    [
        ("post", "POST", {"a": 1}),
        ("put", "PUT", {"a": 1}),
        ("patch", "PATCH", {"a": 1}),
        ("delete", "DELETE", None),
        ("post_text", "POST", "PEM é".encode()),
    ],
)
def test_what_is_sent(write: str, method: str, body: Any) -> None:
    api, transport, _pauses = make(Response(401, b""), answered(LOGIN), answered({"b": 2}), token="old", password="p")

    assert WRITES[write](api) == {"b": 2}

    assert transport.requests == [
        (method, "/v1/x", "Bearer old"),
        ("POST", "/v1/users/login", basic("admin", "p")),
        (method, "/v1/x", "Bearer fresh"),
    ]
    assert transport.bodies == [body, None, body]


# -- asking again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [LOST, Response(429, b""), Response(503, b""), answered(error(1016), 500)])
def test_get_is_repeated_with_longer_and_longer_pauses(trouble: Answer) -> None:
    api, transport, pauses = make(trouble, trouble, trouble, trouble, answered({"a": 1}), token="t")

    assert api.get("/v1/health") == {"a": 1}
    assert pauses == [0.5, 1.0, 2.0, 4.0]
    assert len(transport.requests) == 5


def test_get_gives_up_at_last() -> None:
    api, _transport, _pauses = make(*[Response(503, b"")] * 5, token="t")

    with pytest.raises(ApiError, match="answered 503"):
        api.get("/v1/health")


def test_get_without_pauses_is_sent_once() -> None:
    api, transport, _pauses = make(LOST, token="t", pauses=())

    with pytest.raises(TransportError):
        api.get("/v1/health")

    assert len(transport.requests) == 1


@pytest.mark.parametrize("trouble", [LOST, Response(429, b""), Response(503, b""), answered(error(1016), 500)])
@pytest.mark.parametrize("write", WRITES)
def test_what_changes_something_is_never_repeated(write: str, trouble: Answer) -> None:
    api, transport, pauses = make(trouble, token="t", password="p")

    with pytest.raises(ClientError):
        WRITES[write](api)

    assert (len(transport.requests), pauses) == (1, [])


@pytest.mark.parametrize("trouble", [LOST, Response(429, b"")])
def test_login_is_never_repeated(trouble: Answer) -> None:
    api, transport, _pauses = make(trouble, password="p")

    with pytest.raises(ClientError):
        api.get("/v1/health")

    assert len(transport.requests) == 1


# -- text --------------------------------------------------------------------------------------------------------------


def test_text_answer() -> None:
    api, _transport, _pauses = make(Response(200, b"-----BEGIN"), token="t")

    assert api.get_text("/v1/certificates/webhooks/ca") == "-----BEGIN"


def test_text_that_is_not_there() -> None:
    api, _transport, _pauses = make(Response(404, b""), token="t")

    with pytest.raises(ApiError, match="answered 404"):
        api.get_text("/v1/certificates/webhooks/ca")
