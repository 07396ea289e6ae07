# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""health_check against an API with a plan, on a clock of its own."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.module_utils._waiting import wait_for
from ansible_collections.waba.migration.plugins.modules import health_check
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD, KEY = "given-token", "Wanted-1234", "0123456789ab-key"
MASTER, SECOND = "wamaster1:0a1b2c3d4e5f", "wamaster2:1a1b2c3d4e5f"
CORE, SPARE = "wacore1:2a1b2c3d4e5f", "wacore2:9dfe77618dba"
FINAL = [name for name, trouble in TROUBLES.items() if trouble.status in (401, 403) or name == "no JSON"]
PASSING = [name for name in TROUBLES if name not in FINAL]

Run = Callable[..., Dict[str, Any]]


class Clock:
    """Time that passes only while the module sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def read(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(health_check, "wait_for", partial(wait_for, sleep=clock.sleep, clock=clock.read))
    monkeypatch.setattr(health_check, "monotonic", clock.read)
    return clock


@pytest.fixture
def run(run_module: Run, api: FakeApi, clock: Clock, pauses: list[float]) -> Run:
    def run_check(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, **arguments}
        return run_module(health_check.main, given, check_mode=check_mode, diff=diff)

    return run_check


def health(answer: Any, auth: str = bearer(TOKEN)) -> Call:
    return Call("GET", "/v1/health", auth, answer={"health": answer, "meta": META})


def single(status: str, auth: str = bearer(TOKEN)) -> Call:
    return health({"gateway_status": status}, auth)


def cluster(**statuses: str) -> Call:
    """Two masters and two coreapps, as high availability shows them unless told otherwise."""
    nodes = {MASTER: "primary_master", SECOND: "secondary_master", CORE: "coreapp", SPARE: "coreapp"}
    told = {
        "master": "disconnected",
        "second": "disconnected",
        "core": "connected",
        "spare": "disconnected",
        **statuses,
    }
    pairs = zip(nodes.items(), told.values())
    return health({name: {"gateway_status": status, "role": role} for (name, role), status in pairs})


def unhealthy(api: FakeApi, missing: str, state: str = "connected", waited: str = "0") -> str:
    return (
        f"After {waited} s the client at {api.url} is not {state} as it must be: {missing}. "
        "Look at the log of the node that is named."
    )


# -- the pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
def test_single_instance(run: Run, api: FakeApi, check_mode: bool) -> None:
    api.plan(single("connected"))

    result = run(check_mode=check_mode)

    assert {key: value for key, value in result.items() if key != "invocation"} == {
        "failed": False,
        "changed": False,
        "healthy": True,
        "picture": [{"name": "coreapp", "host": None, "container": None, "role": "coreapp", "status": "connected"}],
        "missing": [],
        "waited": 0.0,
    }
    assert_no_secret(result, TOKEN)


def test_high_availability(run: Run, api: FakeApi) -> None:
    api.plan(cluster())

    result = run(masters=2, coreapps=2)

    assert result["healthy"] is True
    assert [(node["name"], node["role"], node["status"]) for node in result["picture"]] == [
        (CORE, "coreapp", "connected"),
        (SPARE, "coreapp", "disconnected"),
        (MASTER, "primary_master", "disconnected"),
        (SECOND, "secondary_master", "disconnected"),
    ]


def test_multiconnect(run: Run, api: FakeApi) -> None:
    api.plan(cluster(master="connected", spare="connected"))

    assert run(masters=2, coreapps=2, shards=2)["healthy"] is True


@pytest.mark.parametrize(
    ("call", "arguments", "missing"),
    [
        (single("disconnected"), {}, "0 coreapps connected instead of 1 (coreapp is disconnected)"),
        (single("unregistered"), {}, "0 coreapps connected instead of 1 (coreapp is unregistered)"),
        (
            health({"errors": [{"code": 1014, "title": "Internal error", "details": "no route"}]}),
            {},
            "0 coreapps connected instead of 1 (coreapp is error 1014: no route)",
        ),
        (single("connected"), {"state": "unregistered"}, "coreapp is connected, not unregistered"),
        (
            cluster(master="connected"),
            {"masters": 2, "coreapps": 2},
            f"primary_master {MASTER} is connected, not disconnected",
        ),
        (
            cluster(spare="connected"),
            {"masters": 2, "coreapps": 2},
            "2 coreapps connected instead of 1",
        ),
        (
            cluster(spare="connected"),
            {"masters": 2, "coreapps": 2, "shards": 2},
            f"primary_master {MASTER} is disconnected, not connected",
        ),
        (cluster(), {"masters": 2, "coreapps": 3}, "2 coreapps instead of 3"),
        (cluster(), {"masters": 1, "coreapps": 2}, "2 masters instead of 1"),
        (health({}), {}, "the answer names no node"),
        (health(None), {}, "the answer names no node"),
    ],
)
def test_what_is_missing(run: Run, api: FakeApi, call: Call, arguments: dict[str, Any], missing: str) -> None:
    api.plan(call, call)

    failed = run(**arguments)
    told = run(**arguments, fail_on_unhealthy=False)

    assert (failed["failed"], told["failed"], told["changed"]) == (True, False, False)
    assert failed["msg"] == unhealthy(api, missing, arguments.get("state", "connected"))
    for result in (failed, told):
        assert (result["healthy"], result["missing"], result["waited"]) == (False, [missing], 0.0)
    assert failed["picture"] == told["picture"]


@pytest.mark.parametrize(
    "call",
    [
        cluster(master="unregistered", second="unregistered", core="unregistered", spare="unregistered"),
        cluster(master="disconnected", second="disconnected", core="unregistered", spare="unregistered"),
    ],
)
def test_unregistered_cluster(run: Run, api: FakeApi, call: Call) -> None:
    api.plan(call)

    assert run(masters=2, coreapps=2, state="unregistered")["healthy"] is True


# -- waiting -----------------------------------------------------------------------------------------------------------


def test_waiting_for_a_client_that_comes_up(run: Run, api: FakeApi, clock: Clock) -> None:
    down = TROUBLES["no coreapp"].calls("GET", "/v1/health", bearer(TOKEN))
    api.plan(*down, single("uninitialized"), single("connecting"), single("connected"))

    result = run(wait_timeout=60)

    assert (result["healthy"], result["waited"]) == (True, 15.0)
    assert clock.sleeps == [5, 5, 5]


def test_poll_interval(run: Run, api: FakeApi, clock: Clock) -> None:
    api.plan(single("connecting"), single("connected"))

    assert run(wait_timeout=60, poll_interval=0.5)["waited"] == 0.5
    assert clock.sleeps == [0.5]


def test_time_is_up(run: Run, api: FakeApi) -> None:
    api.plan(*[single("connecting")] * 4)

    result = run(wait_timeout=12)

    missing = "0 coreapps connected instead of 1 (coreapp is connecting)"
    assert (result["msg"], result["waited"]) == (unhealthy(api, missing, waited="12"), 12.0)


def test_schema_has_time_of_its_own(run: Run, api: FakeApi) -> None:
    api.plan(*[single("uninitialized")] * 20, single("connected"))

    assert run(wait_timeout=10)["waited"] == 100.0


def test_schema_has_its_limit(run: Run, api: FakeApi) -> None:
    api.plan(*[single("uninitialized")] * 5)

    result = run(wait_timeout=10, initialising_timeout=20)

    assert (result["healthy"], result["waited"]) == (False, 20.0)


def test_schema_has_no_less_time_than_the_rest(run: Run, api: FakeApi) -> None:
    api.plan(*[single("uninitialized")] * 3)

    assert run(wait_timeout=10, initialising_timeout=1)["waited"] == 10.0


def test_without_waiting_it_looks_once_at_a_schema_too(run: Run, api: FakeApi, clock: Clock) -> None:
    api.plan(single("uninitialized"))

    assert run()["healthy"] is False
    assert clock.sleeps == []


def test_while_waiting_the_next_look_is_the_retry(run: Run, api: FakeApi, pauses: list[float]) -> None:
    calls = TROUBLES["rate limit"].calls("GET", "/v1/health", bearer(TOKEN))
    api.plan(calls[0], single("connected"))

    assert run(wait_timeout=60)["waited"] == 5.0
    assert pauses == []


@pytest.mark.parametrize("name", FINAL)
def test_what_waiting_does_not_mend(run: Run, api: FakeApi, clock: Clock, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(single("connecting"), *trouble.calls("GET", "/v1/health", bearer(TOKEN)))

    result = run(wait_timeout=60, fail_on_unhealthy=False)

    assert result["failed"] is True
    assert trouble.says in result["msg"]
    assert (result["healthy"], result["picture"], result["missing"]) == (False, [], [result["msg"]])
    assert (clock.sleeps, result["waited"]) == ([5], 5.0)


# -- credentials -------------------------------------------------------------------------------------------------------


def test_password_makes_one_login_for_all_looks(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(fake_api.login(PASSWORD, token="fresh"), single("connecting", fresh), single("connected", fresh))

    result = run(api_token=None, api_password=PASSWORD, wait_timeout=60)

    assert result["healthy"] is True
    assert_no_secret(result, PASSWORD, "fresh")


def test_wrong_password_is_tried_once(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, status=401, answer=b""))

    result = run(api_token=None, api_password=PASSWORD, wait_timeout=60)

    assert result["msg"] == (
        f"POST {api.url}/v1/users/login answered 401. "
        "The password, token or API key is wrong, has expired, or belongs to another client."
    )
    assert_no_secret(result, PASSWORD)


def test_expired_client_ends_the_wait(run: Run, api: FakeApi) -> None:
    expired = error(1005, "Access denied", "client expired, upgrade required")
    api.plan(Call("GET", "/v1/health", bearer(TOKEN), status=500, answer=expired))

    assert "client expired, upgrade required. The account may not do this" in run(wait_timeout=60)["msg"]


def test_api_key(run: Run, api: FakeApi) -> None:
    api.plan(single("connected", f"Apikey {KEY}"))

    result = run(api_token=None, api_key=KEY)

    assert result["healthy"] is True
    assert_no_secret(result, KEY)


def test_second_run_is_equal_and_nothing_is_changed(run: Run, api: FakeApi) -> None:
    api.plan(single("connected"), single("connected"))

    first, second = run(diff=True), run(diff=True)

    assert first == second
    assert "diff" not in first
    assert api.seen == ["GET /v1/health"] * 2


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PASSING)
def test_client_that_does_not_answer_lacks_its_nodes(run: Run, api: FakeApi, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(*trouble.calls("GET", "/v1/health", bearer(TOKEN)) * 2)

    failed, told = run(), run(fail_on_unhealthy=False)

    assert (failed["failed"], told["failed"]) == (True, False)
    assert failed["missing"] == told["missing"]
    assert told["missing"][0].startswith(f"GET {api.url}/v1/health")
    assert trouble.says in told["missing"][0]
    assert trouble.says in failed["msg"]
    assert told["picture"] == []
    assert_no_secret(failed, TOKEN)


@pytest.mark.parametrize("name", FINAL)
def test_what_always_fails(run: Run, api: FakeApi, name: str) -> None:
    trouble = TROUBLES[name]
    api.plan(*trouble.calls("GET", "/v1/health", bearer(TOKEN)))

    result = run(fail_on_unhealthy=False)

    assert result["failed"] is True
    assert result["msg"].startswith(f"GET {api.url}/v1/health")
    assert trouble.says in result["msg"]
    assert_no_secret(result, TOKEN)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"coreapps": 0}, "0 masters, 0 coreapps and 1 shards make no client: each shard needs a coreapp."),
        ({"masters": -1}, "-1 masters, 1 coreapps and 1 shards make no client"),
        ({"shards": 0}, "0 masters, 1 coreapps and 0 shards make no client"),
        ({"masters": 2, "coreapps": 2, "shards": 4}, "2 masters, 2 coreapps and 4 shards make no client"),
        ({"coreapps": 2}, "2 coreapps without a master make no client. Give the number of masters."),
        ({"poll_interval": 0}, "poll_interval must be more than 0 seconds, got 0"),
        ({"wait_timeout": -1}, "wait_timeout must not be less than 0 seconds, got -1"),
        ({"api_token": None}, "No credentials. Give api_token"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str) -> None:
    result = run(**arguments)

    assert result["failed"] is True
    assert text in result["msg"]
    assert (result["healthy"], result["missing"]) == (False, [result["msg"]])
