# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""api_user against an API with a plan."""

from __future__ import annotations

from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import api_user
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD, USER_PASSWORD = "given-token", "Wanted-1234", "S3nder!pass"
ABSENT, PRESENT = {"state": "absent"}, {"state": "present"}

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi, pauses: list[float]) -> Run:
    def run_user(check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, "username": "sender", "password": USER_PASSWORD, **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        result = run_module(api_user.main, given, check_mode=check_mode, diff=True)
        assert_no_secret(result, TOKEN, PASSWORD, USER_PASSWORD)
        return result

    return run_user


def there(auth: str = bearer(TOKEN)) -> Call:
    answer = {"users": [{"username": "sender", "ROLES": "ROLE_USER"}], "meta": META}
    return Call("GET", "/v1/users/sender", auth, answer=answer)


def not_there(auth: str = bearer(TOKEN), answer: Any = b"") -> Call:
    return Call("GET", "/v1/users/sender", auth, status=404, answer=answer)


def create(auth: str = bearer(TOKEN), **others: Any) -> Call:
    given = {"status": 201, "answer": {"users": [{"username": "sender"}], "meta": META}, **others}
    return Call("POST", "/v1/users", auth, {"username": "sender", "password": USER_PASSWORD}, **given)


def update(**others: Any) -> Call:
    return Call("PUT", "/v1/users/sender", bearer(TOKEN), {"password": USER_PASSWORD}, **others)


def delete(**others: Any) -> Call:
    return Call("DELETE", "/v1/users/sender", bearer(TOKEN), **others)


def told(result: dict[str, Any]) -> tuple[Any, ...]:
    assert (result["failed"], result["username"]) == (False, "sender")
    return result["changed"], result["password_set"], result["role"], result["diff"]["before"], result["diff"]["after"]


# -- changing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [b"", error(1006, "Resource not found")], ids=["no body", "1006"])
@pytest.mark.parametrize("status", [200, 201])
def test_present_in_check_mode_and_twice(run: Run, api: FakeApi, status: int, answer: Any) -> None:
    api.plan(not_there(answer=answer))
    foreseen = run(check_mode=True)
    assert api.seen == ["GET /v1/users/sender"]

    api.plan(not_there(answer=answer), create(status=status))
    made = run()
    assert made == foreseen
    assert told(made) == (True, True, None, ABSENT, PRESENT)

    api.plan(there())
    assert told(run()) == (False, False, "ROLE_USER", PRESENT, PRESENT)


def test_absent_in_check_mode_and_twice(run: Run, api: FakeApi) -> None:
    api.plan(there())
    foreseen = run(check_mode=True, state="absent", password=None)
    assert api.seen == ["GET /v1/users/sender"]

    api.plan(there(), delete())
    made = run(state="absent", password=None)
    assert made == foreseen
    assert told(made) == (True, False, "ROLE_USER", PRESENT, ABSENT)

    api.plan(not_there())
    assert told(run(state="absent", password=None)) == (False, False, None, ABSENT, ABSENT)


def test_password_is_set_each_time(run: Run, api: FakeApi) -> None:
    api.plan(there())
    foreseen = run(check_mode=True, update_password="always")
    assert api.seen == ["GET /v1/users/sender"]

    api.plan(there(), update(), there(), update())
    first, second = run(update_password="always"), run(update_password="always")

    assert foreseen == first == second
    assert told(first) == (True, True, "ROLE_USER", PRESENT, PRESENT)


def test_account_that_is_created_gets_its_password_once(run: Run, api: FakeApi) -> None:
    api.plan(not_there(), create())

    assert run(update_password="always")["password_set"] is True


def test_name_with_other_characters(run: Run, api: FakeApi) -> None:
    answer = error(1006)
    api.plan(Call("GET", "/v1/users/a%2Fb%3Fc", bearer(TOKEN), status=404, answer=answer))

    assert run(username="a/b?c", state="absent")["changed"] is False


def test_password_of_the_administrator_makes_one_login(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(fake_api.login(PASSWORD, token="fresh"), not_there(fresh), create(fresh))

    assert run(api_token=None, api_password=PASSWORD)["changed"] is True


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize(
    ("method", "arguments", "before", "last"),
    [
        ("GET", {}, [], there()),
        ("POST", {}, [not_there()], create()),
        ("PUT", {"update_password": "always"}, [there()], update()),
        ("DELETE", {"state": "absent"}, [there()], delete()),
    ],
)
def test_trouble(
    run: Run, api: FakeApi, method: str, arguments: dict[str, Any], before: list[Call], last: Call, name: str
) -> None:
    api.plan(*before, *TROUBLES[name].calls(method, last.path, bearer(TOKEN), last.body))

    result = run(**arguments)

    assert result["failed"] is True
    assert result["msg"].startswith(f"{method} {api.url}{last.path}")
    assert TROUBLES[name].says in result["msg"]


def test_account_that_somebody_else_has_just_created(run: Run, api: FakeApi) -> None:
    details = "Unable to create user. Already exist?"
    api.plan(not_there(), create(status=500, answer=error(1014, "Internal error", details)))

    assert f"answered 500, error 1014 Internal error, {details}" in run()["msg"]


@pytest.mark.parametrize("answer", [None, {}, {"users": []}, {"users": [{}]}, {"users": None}])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_answer_that_says_nothing_is_no_account_and_no_lack_of_one(
    run: Run, api: FakeApi, state: str, answer: Any
) -> None:
    api.plan(Call("GET", "/v1/users/sender", bearer(TOKEN), answer=answer))

    assert run(state=state)["msg"] == (
        f"GET {api.url}/v1/users/sender answered without a role. Is api_url the client's API?"
    )


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"username": "admin"}, "admin is the administrator's account: it is there always and cannot be deleted."),
        ({"username": "admin", "state": "absent"}, "Set its password with waba.migration.login."),
        ({"username": "abc"}, "username must have 4 to 32 characters, got 3. Nothing was asked of the client."),
        ({"username": "x" * 33, "state": "absent"}, "username must have 4 to 32 characters, got 33."),
        ({"username": None}, "missing required arguments: username"),
        ({"password": None}, "state is present but all of the following are missing: password"),
        (
            {"password": "short"},
            "password needs 8 to 64 characters, an upper-case letter, a digit, a special character.",
        ),
        ({"password": "S3nderpass"}, "password needs a special character. Nothing was asked of the client."),
    ],
)
def test_options_that_cannot_be_used(
    run: Run, api: FakeApi, arguments: dict[str, Any], text: str, check_mode: bool
) -> None:
    assert text in run(check_mode=check_mode, **arguments)["msg"]
    assert api.seen == []
