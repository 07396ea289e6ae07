# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""webhook_certificate against an API with a plan, with real certificates."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import webhook_certificate
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import (
    META,
    Call,
    Certificate,
    FakeApi,
    bearer,
    error,
)
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD = "given-token", "Wanted-1234"
PATH = "/v1/certificates/webhooks/ca"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"

Run = Callable[..., Dict[str, Any]]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Certificate(tmp_path_factory.mktemp("first")).path.read_text()


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Certificate(tmp_path_factory.mktemp("second")).path.read_text()


@pytest.fixture
def run(run_module: Run, api: FakeApi, pauses: list[float]) -> Run:
    def run_certificate(check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        result = run_module(webhook_certificate.main, given, check_mode=check_mode, diff=True)
        assert_no_secret(result, TOKEN, PASSWORD)
        return result

    return run_certificate


def get(pem: str | None, auth: str = bearer(TOKEN)) -> Call:
    if pem is None:
        return Call("GET", PATH, auth, status=404, answer=error(1006, "Resource not found"))
    return Call("GET", PATH, auth, answer=pem.encode())


def post(pem: str, auth: str = bearer(TOKEN), **others: Any) -> Call:
    return Call("POST", PATH, auth, pem.encode(), **others)


def delete(**others: Any) -> Call:
    return Call("DELETE", PATH, bearer(TOKEN), **others)


def marks(*pems: str) -> list[str]:
    return sorted(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() for pem in pems)


def told(result: dict[str, Any]) -> tuple[Any, ...]:
    diff = (result["diff"]["before"]["fingerprints"], result["diff"]["after"]["fingerprints"])
    return (result["failed"], result["changed"], result["restart_required"], result["fingerprints"], *diff)


# -- changing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, {}, {"meta": META}, b""], ids=["null", "object", "meta", "no body"])
def test_present_in_check_mode_and_twice(run: Run, api: FakeApi, first: str, answer: Any) -> None:
    api.plan(get(None))
    foreseen = run(check_mode=True, content=first)
    assert api.seen == [f"GET {PATH}"]

    api.plan(get(None), post(first, answer=answer), get(first))
    made = run(content=first)
    assert made == foreseen
    assert told(made) == (False, True, True, marks(first), [], marks(first))

    api.plan(get(first))
    assert told(run(content=first)) == (False, False, False, marks(first), marks(first), marks(first))


def test_absent_in_check_mode_and_twice(run: Run, api: FakeApi, first: str) -> None:
    api.plan(get(first))
    foreseen = run(check_mode=True, state="absent")
    assert api.seen == [f"GET {PATH}"]

    api.plan(get(first), delete(), get(None))
    made = run(state="absent")
    assert made == foreseen
    assert told(made) == (False, True, True, [], marks(first), [])

    api.plan(get(None))
    assert told(run(state="absent")) == (False, False, False, [], [], [])


def test_bundle_from_a_file_replaces_another_one(
    run: Run, api: FakeApi, tmp_path: Path, first: str, second: str
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("# of the \u00e9lite\n" + first + second)
    api.plan(get(first), post(file.read_text()), get(first + second))

    assert told(run(src=str(file))) == (False, True, True, marks(first, second), marks(first), marks(first, second))


@pytest.mark.parametrize(
    "change",
    [
        lambda first, second: first + second,
        lambda first, second: second + first,
        lambda first, second: (first + second).replace("\n", "\r\n"),
        lambda first, second: f"the first\n{first}\n\n{second}{first}",
    ],
)
def test_same_certificates_in_other_words(
    run: Run, api: FakeApi, first: str, second: str, change: Callable[[str, str], str]
) -> None:
    api.plan(get(change(first, second)))

    assert run(content=first + second)["changed"] is False


def test_password_makes_one_login(run: Run, api: FakeApi, first: str) -> None:
    fresh = bearer("fresh")
    api.plan(fake_api.login(PASSWORD, token="fresh"), get(None, fresh), post(first, fresh), get(first, fresh))

    assert run(api_token=None, api_password=PASSWORD, content=first)["changed"] is True


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_trouble(run: Run, api: FakeApi, first: str, method: str, name: str) -> None:
    says, arguments = TROUBLES[name].says, {"state": "absent"} if method == "DELETE" else {"content": first}
    before = {"GET": [], "POST": [get(None)], "DELETE": [get(first)]}[method]
    if (method, name) == ("GET", "no JSON"):
        says = "answered without a certificate. Is api_url the client's API?"
    api.plan(*before, *TROUBLES[name].calls(method, PATH, bearer(TOKEN), first.encode() if method == "POST" else None))

    result = run(**arguments)

    assert result["failed"] is True
    assert result["msg"].startswith(f"{method} {api.url}{PATH}")
    assert says in result["msg"]


def test_client_that_does_not_take_it_over(run: Run, api: FakeApi, first: str, second: str) -> None:
    api.plan(get(None), post(first), get(second))
    assert run(content=first)["msg"] == (
        f"The client at {api.url} accepted the change of {PATH}, but has the certificates {marks(second)[0]} instead "
        f"of {marks(first)[0]}. Look at the webapp's log."
    )

    api.plan(get(first), delete(), get(first))
    assert f"has the certificates {marks(first)[0]} instead of none." in run(state="absent")["msg"]


BROKEN = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda pem: "", "The bundle holds 0 certificates in PEM that are whole, and 0 beginnings."),
        (lambda pem: "/etc/ssl/ca.pem", "The bundle holds 0 certificates in PEM that are whole, and 0 beginnings."),
        (lambda pem: pem + pem[:200], "The bundle holds 1 certificates in PEM that are whole, and 2 beginnings."),
        (lambda pem: pem + BROKEN, "Certificate 2 of the bundle cannot be read: "),
        (lambda pem: KEY + pem, "The bundle holds a private key. Nothing was asked of the client."),
    ],
)
def test_bundle_that_cannot_be_used(
    run_module: Run, api: FakeApi, first: str, change: Callable[[str], str], text: str, check_mode: bool
) -> None:
    given = {**api.arguments, "api_token": TOKEN, "content": change(first)}

    result = run_module(webhook_certificate.main, given, check_mode=check_mode)

    assert text in result["msg"]
    assert "Nothing was asked of the client." in result["msg"]
    assert api.seen == []


def test_file_that_is_not_there(run: Run, api: FakeApi, tmp_path: Path) -> None:
    assert run(src=str(tmp_path / "ca.pem"))["msg"] == (
        f"The bundle {tmp_path}/ca.pem cannot be read: No such file or directory. Nothing was asked of the client. "
        "Copy it to the host that this module runs on."
    )
    assert api.seen == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "state is present but any of the following are missing: content, src"),
        ({"content": "x", "src": "/x"}, "parameters are mutually exclusive: content|src"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str) -> None:
    assert text in run(**arguments)["msg"]
