# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""login against an API with a plan: each test says which calls may come, and no other may."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import login
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Call, FakeApi, basic, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, Trouble, assert_no_secret

WANTED, BEFORE, DEFAULT = "Wanted-1234", "Before-1234", "secret"
GIVEN = "given-token"
CHANGE_REQUIRED = error(1024, "Password change required", "Password must be changed")
WEAK = error(1009, "Parameter value is not valid", "Password doesn't meet complexity requirements")
MINUTE = timedelta(minutes=1)

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi, pauses: list[float]) -> Run:
    def run_login(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        return run_module(login.main, {**api.arguments, **arguments}, check_mode=check_mode, diff=diff)

    return run_login


def accepted(password: str, **others: Any) -> Call:
    return fake_api.login(password, **others)


def refused(password: str, answer: Any = b"") -> Call:
    return fake_api.login(password, status=401, answer=answer)


def second_refused(answer: Any = b"") -> Call:
    return fake_api.login(DEFAULT, body={"new_password": WANTED}, status=401, answer=answer)


def asked(status: int = 200, answer: Any = None) -> Call:
    """The question whether the given token is good."""
    return Call("GET", "/v1/users/admin", bearer(GIVEN), status=status, answer=answer)


def jwt(ends: datetime) -> str:
    parts = [{"typ": "JWT", "alg": "HS256"}, {"user": "admin", "exp": int(ends.timestamp())}]
    return ".".join(
        [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts] + ["c2ln"]
    )


def in_a_week() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=7)


# -- a password that is right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("bootstrap", [True, False])
def test_login(run: Run, api: FakeApi, check_mode: bool, bootstrap: bool) -> None:
    ends = in_a_week()
    api.plan(accepted(WANTED, token="fresh", expires_after=ends.strftime("%Y-%m-%d %H:%M:%S+00:00")))

    result = run(check_mode=check_mode, api_password=WANTED, bootstrap=bootstrap)

    assert (result["changed"], result["bootstrapped"], result["token"]) == (False, False, "fresh")
    assert result["expires_at"] == ends.isoformat()
    assert timedelta(days=7) - MINUTE < timedelta(seconds=result["expires_in"]) <= timedelta(days=7)
    assert type(result["expires_in"]) is int
    assert_no_secret(result, WANTED)


def test_login_of_another_account(run: Run, api: FakeApi) -> None:
    api.plan(accepted(WANTED, user="monitor"))

    assert run(api_username="monitor", api_password=WANTED)["token"] == "token-1"


def test_expiry_that_only_the_token_tells(run: Run, api: FakeApi) -> None:
    ends = in_a_week()
    api.plan(accepted(WANTED, token=jwt(ends)))

    assert run(api_password=WANTED)["expires_at"] == ends.isoformat()


def test_expiry_that_nobody_tells(run: Run, api: FakeApi) -> None:
    api.plan(accepted(WANTED, token="opaque"))

    result = run(api_password=WANTED)

    assert result["token"] == "opaque"
    assert "expires_at" not in result
    assert "expires_in" not in result


def test_there_is_no_diff(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED), accepted(DEFAULT, body={"new_password": WANTED}))

    assert "diff" not in run(diff=True, api_password=WANTED, bootstrap=True)


# -- a token -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("status", [200, 403, 404], ids=["good", "of another account", "of an account without a name"])
def test_good_token_needs_no_login(run: Run, api: FakeApi, check_mode: bool, status: int) -> None:
    api.plan(asked(status))

    result = run(check_mode=check_mode, api_token=GIVEN, api_password=WANTED)

    assert (result["changed"], result["bootstrapped"]) == (False, False)
    assert GIVEN not in json.dumps(result), "Ansible hides the value of a secret option"
    assert WANTED not in json.dumps(result)


def test_expiry_of_a_given_token(run: Run, api: FakeApi) -> None:
    ends = in_a_week()
    token = jwt(ends)
    api.plan(Call("GET", "/v1/users/admin", bearer(token)))

    assert run(api_token=token)["expires_at"] == ends.isoformat()


def test_refused_token_is_replaced(run: Run, api: FakeApi) -> None:
    api.plan(asked(401, b""), accepted(WANTED, token="fresh"))

    result = run(api_token=GIVEN, api_password=WANTED)

    assert (result["changed"], result["token"]) == (False, "fresh")
    assert_no_secret(result, GIVEN, WANTED)


def test_refused_token_and_no_password(run: Run, api: FakeApi) -> None:
    api.plan(asked(401, b""))

    result = run(api_token=GIVEN)

    assert result["failed"] is True
    assert result["msg"] == (
        f"The client at {api.url} refuses api_token. Give api_password, so that the module can log in."
    )
    assert_no_secret(result, GIVEN)


def test_refused_token_does_not_raise_the_number_of_logins(run: Run, api: FakeApi) -> None:
    api.plan(asked(401, b""), refused(WANTED), second_refused())

    result = run(api_token=GIVEN, api_password=WANTED, bootstrap=True)

    assert result["failed"] is True
    assert api.seen.count("POST /v1/users/login") == 2
    assert_no_secret(result, GIVEN, WANTED)


# -- the first password ------------------------------------------------------------------------------------------------


def test_bootstrap_in_check_mode_and_twice(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED), refused(DEFAULT, CHANGE_REQUIRED))
    foreseen = run(check_mode=True, api_password=WANTED, bootstrap=True)
    assert (foreseen["changed"], foreseen["bootstrapped"], "token" in foreseen) == (True, True, False)

    api.plan(refused(WANTED), accepted(DEFAULT, body={"new_password": WANTED}, token="fresh"))
    made = run(api_password=WANTED, bootstrap=True)
    assert (made["changed"], made["bootstrapped"], made["token"]) == (True, True, "fresh")

    api.plan(accepted(WANTED))
    again = run(api_password=WANTED, bootstrap=True)
    assert (again["changed"], again["bootstrapped"]) == (False, False)

    for result in (foreseen, made, again):
        assert_no_secret(result, WANTED)


def test_other_default_password(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED), accepted(BEFORE, body={"new_password": WANTED}))

    result = run(api_password=WANTED, bootstrap=True, default_password=BEFORE)

    assert result["changed"] is True
    assert_no_secret(result, WANTED, BEFORE)


def test_fresh_client_without_bootstrap_is_left_alone(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED, CHANGE_REQUIRED))

    result = run(api_password=WANTED)

    assert result["msg"] == (
        f"POST {api.url}/v1/users/login answered 401, error 1024 Password change required, Password must be changed. "
        "The default password must be changed first. Use waba.migration.login with bootstrap."
    )


@pytest.mark.parametrize("answer", [b"", error(1005, "Access denied", "Invalid credentials.")])
@pytest.mark.parametrize("check_mode", [True, False])
def test_neither_password_is_right(run: Run, api: FakeApi, check_mode: bool, answer: Any) -> None:
    api.plan(refused(WANTED, answer), refused(DEFAULT, answer) if check_mode else second_refused(answer=answer))

    result = run(check_mode=check_mode, api_password=WANTED, bootstrap=True)

    assert result["failed"] is True
    assert result["msg"] == (
        f"POST {api.url}/v1/users/login answered 401 to the wanted password and to the one before it: "
        "the account has another password. Find out who set it, or reset it on the client."
    )
    assert api.seen == ["POST /v1/users/login"] * 2
    assert_no_secret(result, WANTED)


def test_password_that_is_too_weak(run: Run, api: FakeApi) -> None:
    api.plan(refused("Weakling"), fake_api.login(DEFAULT, body={"new_password": "Weakling"}, status=400, answer=WEAK))

    result = run(api_password="Weakling", bootstrap=True)

    assert "answered 400, error 1009" in result["msg"]
    assert "complexity requirements. The client did not accept a value. Its details say which." in result["msg"]
    assert_no_secret(result, "Weakling")


# -- a new password ----------------------------------------------------------------------------------------------------


def test_new_password_in_check_mode_and_twice(run: Run, api: FakeApi) -> None:
    arguments = {"api_password": BEFORE, "new_password": WANTED}
    api.plan(refused(WANTED), accepted(BEFORE))
    foreseen = run(check_mode=True, **arguments)
    assert (foreseen["changed"], "token" in foreseen) == (True, False)

    api.plan(refused(WANTED), accepted(BEFORE, body={"new_password": WANTED}, token="fresh"))
    made = run(**arguments)
    assert (made["changed"], made["token"]) == (True, "fresh")

    api.plan(accepted(WANTED))
    again = run(**arguments)
    assert again["changed"] is False

    for result in (foreseen, made, again):
        assert result["bootstrapped"] is False
        assert_no_secret(result, WANTED, BEFORE)


def test_new_password_is_set_whatever_the_token(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED), accepted(BEFORE, body={"new_password": WANTED}))

    assert run(api_token=GIVEN, api_password=BEFORE, new_password=WANTED)["changed"] is True


def test_password_may_have_been_set_when_the_answer_is_lost(run: Run, api: FakeApi) -> None:
    api.plan(refused(WANTED), fake_api.login(BEFORE, body={"new_password": WANTED}, drop=True))

    result = run(api_password=BEFORE, new_password=WANTED)

    assert "The request may have been executed." in result["msg"]
    assert_no_secret(result, WANTED, BEFORE)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("check_mode", [True, False])
def test_trouble_at_the_login(run: Run, api: FakeApi, check_mode: bool, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(*trouble.calls("POST", "/v1/users/login", basic("admin", WANTED)))

    assert_told(run(check_mode=check_mode, api_password=WANTED), trouble, f"POST {api.url}/v1/users/login")


@pytest.mark.parametrize("name", [name for name, trouble in TROUBLES.items() if trouble.status != 401])
def test_trouble_at_the_login_is_no_reason_to_try_another_password(run: Run, api: FakeApi, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(*trouble.calls("POST", "/v1/users/login", basic("admin", WANTED)))

    assert_told(run(api_password=WANTED, bootstrap=True), trouble, f"POST {api.url}/v1/users/login")


@pytest.mark.parametrize("name", [name for name, trouble in TROUBLES.items() if trouble.status != 401])
def test_trouble_while_setting_the_password(run: Run, api: FakeApi, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(
        refused(WANTED),
        *trouble.calls("POST", "/v1/users/login", basic("admin", DEFAULT), {"new_password": WANTED}),
    )

    assert_told(run(api_password=WANTED, bootstrap=True), trouble, f"POST {api.url}/v1/users/login")


@pytest.mark.parametrize("name", [name for name, trouble in TROUBLES.items() if trouble.status not in (401, 403)])
def test_trouble_while_asking_for_the_token(run: Run, api: FakeApi, pauses: list[float], name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(*trouble.calls("GET", "/v1/users/admin", bearer(GIVEN)))

    result = run(api_token=GIVEN, api_password=WANTED, bootstrap=True)

    assert_told(result, trouble, f"GET {api.url}/v1/users/admin")
    assert pauses == ([0.5, 1.0, 2.0, 4.0] if trouble.passing else [])


def assert_told(result: dict[str, Any], trouble: Trouble, request: str) -> None:
    assert result["failed"] is True
    assert result["msg"].startswith(request)
    assert trouble.says in result["msg"]
    assert "token" not in result
    assert_no_secret(result, WANTED, GIVEN)


@pytest.mark.parametrize("answer", [None, {"users": []}, {"meta": fake_api.META}])
def test_answer_without_a_token(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(fake_api.login(WANTED, answer=answer))

    assert run(api_password=WANTED)["msg"] == (
        f"POST {api.url}/v1/users/login answered without a token. Is api_url the client's API?"
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "one of the following is required: api_token, api_password"),
        ({"api_token": GIVEN, "new_password": WANTED}, "missing parameter(s) required by 'new_password': api_password"),
        (
            {"api_password": BEFORE, "new_password": WANTED, "bootstrap": True},
            "bootstrap sets api_password, new_password sets another one. Give one of them.",
        ),
        ({"api_username": "a:b", "api_password": WANTED}, "api_username must not hold a colon"),
        ({"api_token": "two words"}, "api_token is empty or holds a space, a line break or a character outside ASCII"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str) -> None:
    result = run(**arguments)

    assert result["failed"] is True
    assert text in result["msg"]
    assert_no_secret(result, WANTED, BEFORE, GIVEN, "two words")
