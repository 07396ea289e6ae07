# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""two_step against an API with a plan."""

from __future__ import annotations

from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import two_step
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD, PIN = "given-token", "Wanted-1234", "093417"
PATH = "/v1/settings/account/two-step"

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi) -> Run:
    def run_two_step(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, "state": "enabled", "pin": PIN, **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        result = run_module(two_step.main, given, check_mode=check_mode, diff=diff)
        assert_no_secret(result, TOKEN, PASSWORD, PIN)
        assert "diff" not in result
        return result

    return run_two_step


def enable(auth: str = bearer(TOKEN), **others: Any) -> Call:
    return Call("POST", PATH, auth, {"pin": PIN}, **others)


def disable(auth: str = bearer(TOKEN), **others: Any) -> Call:
    return Call("DELETE", PATH, auth, **others)


@pytest.mark.parametrize(("state", "call"), [("enabled", enable), ("disabled", disable)])
@pytest.mark.parametrize("answer", [None, {}, {"meta": META}, b""], ids=["null", "object", "meta", "no body"])
def test_each_call_is_sent_and_changes(
    run: Run, api: FakeApi, state: str, call: Callable[..., Call], answer: Any
) -> None:
    foreseen = run(check_mode=True, diff=True, state=state)
    assert api.seen == []

    api.plan(call(answer=answer), call(answer=answer))
    first, second = run(diff=True, state=state), run(diff=True, state=state)

    assert foreseen == first == second
    assert (first["failed"], first["changed"], first["state"]) == (False, True, state)


def test_pin_is_not_needed_to_switch_it_off(run: Run, api: FakeApi) -> None:
    api.plan(disable())

    assert run(state="disabled", pin=None)["changed"] is True


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, token="fresh"), enable(bearer("fresh")))

    assert run(api_token=None, api_password=PASSWORD)["changed"] is True


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize(("state", "method", "body"), [("enabled", "POST", {"pin": PIN}), ("disabled", "DELETE", None)])
def test_trouble(run: Run, api: FakeApi, state: str, method: str, body: Any, name: str) -> None:
    api.plan(*TROUBLES[name].calls(method, PATH, bearer(TOKEN), body)[:1])

    result = run(state=state)

    assert (result["failed"], "state" in result) == (True, False)
    assert result["msg"].startswith(f"{method} {api.url}{PATH}")
    assert TROUBLES[name].says in result["msg"]


@pytest.mark.parametrize(("state", "call"), [("enabled", enable), ("disabled", disable)])
def test_lost_answer(run: Run, api: FakeApi, state: str, call: Callable[..., Call]) -> None:
    api.plan(call(drop=True))

    assert run(state=state)["msg"].endswith(
        "The request may have been executed. Check api_url and that the webapp runs. Nobody can ask for the state, so "
        "run the module again."
    )


def test_unregistered_client(run: Run, api: FakeApi) -> None:
    api.plan(enable(status=503, answer=error(1011, "Service not ready")))

    assert "Look at its health" in run()["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
@pytest.mark.parametrize(
    "pin", ["", "93417", "0934171", "09341a", "093 17", "093417\n", "\u0660\u0661\u0662\u0663\u0664\u0665"]
)
def test_pin_that_is_none(run: Run, api: FakeApi, state: str, pin: str, check_mode: bool) -> None:
    result = run(check_mode=check_mode, state=state, pin=pin)

    assert result["msg"].startswith(f"pin must have exactly six digits, got {len(pin)} characters. Nothing was asked")
    assert not pin or pin not in result["msg"]
    assert api.seen == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"pin": None}, "state is enabled but all of the following are missing: pin"),
        ({"state": None}, "missing required arguments: state"),
        ({"state": "on"}, "value of state must be one of: enabled, disabled"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str, check_mode: bool) -> None:
    assert text in run(check_mode=check_mode, **arguments)["msg"]
