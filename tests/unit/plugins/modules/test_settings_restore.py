# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""settings_restore against an API with a plan."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _restore
from ansible_collections.waba.migration.plugins.modules import settings_restore
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD, BACKUP_PASSWORD = "given-token", "Wanted-1234", "Backup-1234"
DATA = ' "\\/\u00e9\u2028\U0001f600\n' + "QmFja3VwIG9mIHNldHRpbmdz+/=="
NUMBER, OTHER = "15550100001", "15550100002"
CHECKSUM = hashlib.sha256(DATA.encode()).hexdigest()
BODY = {"password": BACKUP_PASSWORD, "data": DATA}
LOOKS = ["GET /v1/support", "GET /v1/health"]
RESTORE, SUPPORT = "POST /v1/settings/restore", "GET /v1/support"

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def src(tmp_path: Path) -> Path:
    file = tmp_path / "backup.json"
    file.write_text(json.dumps({"data": DATA}))
    return file


@pytest.fixture
def run(run_module: Run, api: FakeApi, src: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(_restore, "INTERVAL", 0.01)

    def run_restore(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, "password": BACKUP_PASSWORD, "src": str(src), **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        result = run_module(settings_restore.main, given, check_mode=check_mode, diff=diff)
        assert_no_secret(result, TOKEN, PASSWORD, BACKUP_PASSWORD, DATA, DATA[10:])
        return result

    return run_restore


def support(number: str | None = None, auth: str = bearer(TOKEN), **others: Any) -> Call:
    answer = {"support": {"debug_info": number or "unregistered", "schema": {}}, "meta": META}
    return Call("GET", "/v1/support", auth, **{"answer": answer, **others})


def health(status: str = "unregistered", auth: str = bearer(TOKEN)) -> Call:
    return Call("GET", "/v1/health", auth, answer={"health": {"gateway_status": status}, "meta": META})


def restore(auth: str = bearer(TOKEN), **others: Any) -> Call:
    return Call("POST", "/v1/settings/restore", auth, BODY, **others)


def told(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "invocation"}


# -- a new client ------------------------------------------------------------------------------------------------------


def test_restore_in_check_mode_and_twice(run: Run, api: FakeApi) -> None:
    api.plan(support(), health())
    foreseen = run(check_mode=True, number=NUMBER)
    assert told(foreseen) == {
        "failed": False,
        "changed": True,
        "restored": True,
        "restart_required": False,
        "sha256": CHECKSUM,
        "number": None,
    }
    assert api.seen == LOOKS

    api.plan(support(), health(), restore(), support(NUMBER))
    assert told(run(number=NUMBER)) == {**told(foreseen), "number": NUMBER}

    api.plan(support(NUMBER), health("connected"))
    again = run(number=f"+{NUMBER}")
    assert told(again) == {**told(foreseen), "number": NUMBER, "changed": False, "restored": False}
    assert api.seen == [*LOOKS, *LOOKS, RESTORE, SUPPORT, *LOOKS]


@pytest.mark.parametrize("answer", [None, {}, {"meta": META}, b""], ids=["null", "object", "meta", "no body"])
def test_answers_to_a_restore(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(support(), health(), restore(answer=answer), support(NUMBER))

    assert (run()["restored"], api.planned) == (True, [])


def test_number_is_waited_for(run: Run, api: FakeApi) -> None:
    gone = error(1014, "Internal error", "Please check if wacore is running: wacore:6252")
    api.plan(support(), health(), restore(), support(), support(status=500, answer=gone), support(NUMBER))

    result = run()

    assert (result["failed"], result["number"], api.seen[2:]) == (False, NUMBER, [RESTORE, *[SUPPORT] * 3])


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(
        fake_api.login(PASSWORD, token="fresh"),
        support(auth=fresh),
        health(auth=fresh),
        restore(auth=fresh),
        support(NUMBER, auth=fresh),
    )

    assert run(api_token=None, api_password=PASSWORD)["restored"] is True


def test_many_nodes_that_are_not_registered(run: Run, api: FakeApi) -> None:
    nodes = {
        "m1:0a1b2c3d4e5f": {"gateway_status": "disconnected", "role": "primary_master"},
        "c1:2a1b2c3d4e5f": {"gateway_status": "unregistered", "role": "coreapp"},
    }
    entries = {name: {"debug_info": "unregistered"} for name in nodes}
    api.plan(
        support(answer={"support": entries}),
        Call("GET", "/v1/health", bearer(TOKEN), answer={"health": nodes}),
        restore(),
        support(answer={"support": {**entries, "m1:0a1b2c3d4e5f": {"debug_info": NUMBER}}}),
    )

    assert run(number=NUMBER)["number"] == NUMBER


def test_check_mode_does_not_need_the_file_that_a_task_before_would_have_made(
    run: Run, api: FakeApi, src: Path
) -> None:
    src.unlink()
    api.plan(support(), health())

    result = run(check_mode=True)

    assert (result["changed"], result["restored"], "sha256" in result) == (True, True, False)


# -- a client that is registered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("number", "words"), [(None, "."), (OTHER, f", not {OTHER}.")])
def test_registered_client_is_refused(run: Run, api: FakeApi, number: str | None, words: str, check_mode: bool) -> None:
    api.plan(support(NUMBER), health("connected"))

    result = run(check_mode=check_mode, number=number)

    assert (result["failed"], "restored" in result) == (True, False)
    assert result["msg"] == (
        f"The client at {api.url} is registered as {NUMBER}{words} A restore would stop it and replace its keys, so "
        "nothing was sent. Look whether api_url is the new client's, or set force."
    )
    assert api.seen == LOOKS


@pytest.mark.parametrize("number", [None, OTHER])
def test_force_restores_on_it_and_asks_for_a_restart(run: Run, api: FakeApi, number: str | None) -> None:
    api.plan(support(NUMBER), health("connected"))
    foreseen = run(check_mode=True, force=True, number=number)
    assert api.seen == LOOKS

    api.plan(support(NUMBER), health("connected"), restore())
    result = run(force=True, number=number)

    assert result == foreseen
    assert (result["changed"], result["restart_required"], result["number"]) == (True, True, None)


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize(
    ("status", "restart"), [("connected", False), ("connecting", False), ("disconnected", True), ("unregistered", True)]
)
def test_client_that_has_the_number_is_left_alone(
    run: Run, api: FakeApi, status: str, restart: bool, force: bool
) -> None:
    api.plan(support(NUMBER), health(status))

    result = run(number=NUMBER, force=force)

    assert (result["changed"], result["restored"], result["restart_required"]) == (False, False, restart)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("path", ["/v1/support", "/v1/health"])
def test_trouble_with_the_look_sends_nothing(run: Run, api: FakeApi, path: str, name: str) -> None:
    before = [support()] if path == "/v1/health" else []
    api.plan(*before, *TROUBLES[name].calls("GET", path, bearer(TOKEN)))

    result = run()

    assert (result["failed"], "restored" in result) == (True, False)
    assert result["msg"].startswith(f"GET {api.url}{path}")
    assert TROUBLES[name].says in result["msg"]


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_with_the_restore(run: Run, api: FakeApi, name: str) -> None:
    api.plan(support(), health(), *TROUBLES[name].calls("POST", "/v1/settings/restore", bearer(TOKEN), BODY))

    result = run()

    assert (result["failed"], "restored" in result) == (True, False)
    assert result["msg"].startswith(f"POST {api.url}/v1/settings/restore")
    assert TROUBLES[name].says in result["msg"]


def test_lost_answer(run: Run, api: FakeApi) -> None:
    api.plan(support(), health(), restore(drop=True))

    assert run()["msg"].endswith(
        "The request may have been executed. Check api_url and that the webapp runs. Run the module again with number: "
        "it leaves a client alone that has taken the backup."
    )


WRONG_PASSWORD = (
    f"Either password is not the one of the backup, or the backup is damaged: its SHA-256 is {CHECKSUM} here, compare "
    "it with what waba.migration.settings_backup returned."
)
OTHER_SHARDS = (
    "A client takes a backup only of the same shard setup: this one shows 0 masters and 1 coreapp. Give it as many as "
    "the old one."
)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (400, error(1009, "Parameter value is not valid", "The backup cannot be decrypted"), WRONG_PASSWORD),
        (400, b"", WRONG_PASSWORD),
        (403, error(1005, "Access denied", "another shard setup"), OTHER_SHARDS),
        (403, b"", OTHER_SHARDS),
        (401, b"", "has expired, or belongs to another client."),
        (400, error(1008, "Required parameter is missing"), "The client misses a value. Its details say which."),
    ],
)
def test_what_a_refusal_means(run: Run, api: FakeApi, status: int, answer: Any, words: str) -> None:
    api.plan(support(), health(), restore(status=status, answer=answer))

    result = run()

    assert result["msg"].startswith(f"POST {api.url}/v1/settings/restore answered {status}")
    assert result["msg"].endswith(words)


def test_schema_that_is_being_made(run: Run, api: FakeApi) -> None:
    api.plan(support(), health("uninitialized"))

    assert run()["msg"] == (
        f"The client at {api.url} still makes its schema, and cannot take a backup. Nothing was sent. Wait with "
        "waba.migration.health_check for the state unregistered."
    )


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([support(answer={}), ], "GET {url}/v1/support answered without debug_info."),
        (
            [support(), Call("GET", "/v1/health", bearer(TOKEN), answer={})],
            "GET {url}/v1/health answered without a node.",
        ),
    ],
)  # fmt: skip
def test_look_that_says_nothing(run: Run, api: FakeApi, calls: list[Call], words: str) -> None:
    api.plan(*calls)

    assert words.format(url=api.url) in run()["msg"]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (support(), "took the backup, but after 0 s it still reports no number. Look at the coreapp's log."),
        (support(status=500, answer=error(1014)), "took the backup, but after 0 s GET "),
        (support(status=403, answer=error(1005)), "The client took the backup, but cannot be looked at: GET "),
        (support(answer=[]), "The client took the backup, but cannot be looked at: GET "),
        (support(OTHER), f"took the backup and now works as {OTHER}, not as {NUMBER}. Stop it at once"),
    ],
    ids=["no number", "no coreapp", "denied", "no answer", "other number"],
)
def test_what_goes_wrong_after_the_restore(run: Run, api: FakeApi, after: Call, words: str) -> None:
    api.plan(support(), health(), restore(), after)

    result = run(number=NUMBER, wait_timeout=0)

    assert (result["failed"], result["changed"], result["restored"]) == (True, True, True)
    assert words in result["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"no JSON", b"\xff", b'{"data": null}', b'{"data": ""}'])
def test_file_that_is_no_backup(run: Run, api: FakeApi, src: Path, content: bytes, check_mode: bool) -> None:
    src.write_bytes(content)

    assert run(check_mode=check_mode)["msg"] == (
        f"{src} is not a settings backup: it holds no JSON with a text named data. Nothing was asked of the client. "
        "Take one with waba.migration.settings_backup."
    )
    assert api.seen == []


def test_file_that_is_not_there(run: Run, api: FakeApi, src: Path) -> None:
    src.unlink()

    assert run()["msg"].startswith(f"The backup {src} cannot be read: No such file or directory. Nothing was asked")
    assert api.seen == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"password": None}, "missing required arguments: password"),
        ({"password": ""}, "password is empty. Nothing was asked of the client."),
        ({"src": None}, "missing required arguments: src"),
        ({"number": "0155-01"}, "number must have 7 to 15 digits, country code included, got '0155-01'."),
        ({"wait_timeout": -1}, "wait_timeout must not be less than 0 seconds, got -1"),
    ],
)
def test_options_that_cannot_be_used(
    run: Run, api: FakeApi, arguments: dict[str, Any], text: str, check_mode: bool
) -> None:
    assert text in run(check_mode=check_mode, **arguments)["msg"]
    assert api.seen == []
