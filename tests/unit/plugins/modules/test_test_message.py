# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_message against an API and a receiver with plans: one message at most, and a verdict on it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _statuses
from ansible_collections.waba.migration.plugins.modules import test_message
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

TOKEN, PASSWORD, HOOK_TOKEN = "given-token", "Wanted-1234", "hook0123456789token"
TO, ID = "15550100099", "gBEGkYiEB1VXAglK1ZEqA1YKPrU"
TEXT = {"to": TO, "recipient_type": "individual", "type": "text", "text": {"body": "moved"}}
TEMPLATE = {"namespace": "ns", "name": "hello", "language": {"policy": "deterministic", "code": "en"}}
CONTACTS, MESSAGES = "POST /v1/contacts", "POST /v1/messages"
LIMITS = ("rate limit", "rate limit, no body")
BROKEN = [name for name in TROUBLES if name not in (*LIMITS, "no JSON", "lost answer")]

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def run(run_module: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(_statuses, "INTERVAL", 0.01)

    def run_message(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, "to": TO, "text": "moved", **arguments}
        return run_module(
            test_message.main,
            {name: value for name, value in given.items() if value is not None},
            check_mode=check_mode,
            diff=diff,
        )

    return run_message


@pytest.fixture
def receiver(certificate: Certificate) -> Iterator[FakeApi]:
    with FakeApi(certificate) as fake:
        yield fake
    fake.check()


def contact(status: str = "valid", auth: str = bearer(TOKEN), **others: Any) -> Call:
    answer = {"contacts": [{"input": f"+{TO}", "status": status, "wa_id": TO}], "meta": META}
    body = {"blocking": "wait", "contacts": [f"+{TO}"]}
    return Call("POST", "/v1/contacts", auth, body, **{"answer": answer, **others})


def message(body: Any = TEXT, auth: str = bearer(TOKEN), **others: Any) -> Call:
    answer = {"messages": [{"id": ID}], "meta": META}
    return Call("POST", "/v1/messages", auth, body, **{"status": 201, "answer": answer, **others})


def statuses(*words: Any, **others: Any) -> Call:
    return Call("GET", f"/statuses/{ID}", **{"answer": {"statuses": list(words)}, **others})


def waiting(receiver: FakeApi, wanted: str = "sent", timeout: int = 20) -> dict[str, Any]:
    return {
        "check_contact": False,
        "wait_for": wanted,
        "wait_timeout": timeout,
        "status_url": f"{receiver.url}/statuses/{{id}}",
        "status_ca_path": str(receiver.certificate.path),
    }


def outcome(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("invocation", "msg", "reason")}


# -- sending -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, {"type": "template", "text": None, "template": TEMPLATE}])
def test_check_mode_sends_nothing_and_asks_nothing(run: Run, api: FakeApi, arguments: dict[str, Any]) -> None:
    result = run(check_mode=True, **arguments)

    assert {key: value for key, value in result.items() if key != "invocation"} == {"failed": False, "changed": True}
    assert api.seen == []


@pytest.mark.parametrize("to", [TO, f"+{TO}"])
@pytest.mark.parametrize("status", [200, 201])
def test_text(run: Run, api: FakeApi, to: str, status: int) -> None:
    api.plan(contact(), message(status=status))

    result = run(to=to, diff=True)

    assert {key: value for key, value in result.items() if key != "invocation"} == {
        "failed": False,
        "changed": True,
        "message_id": ID,
        "accepted": True,
        "status": None,
        "verdict": "accepted",
        "code": None,
        "reason": None,
    }
    assert_no_secret(result, TOKEN)


def test_template_without_a_contact_check(run: Run, api: FakeApi) -> None:
    body = {"to": TO, "recipient_type": "individual", "type": "template", "template": TEMPLATE}
    api.plan(message(body))

    result = run(type="template", text=None, template=TEMPLATE, check_contact=False)

    assert (result["verdict"], result["message_id"]) == ("accepted", ID)


def test_each_run_sends_one_message(run: Run, api: FakeApi) -> None:
    api.plan(contact(), message(), contact(), message())

    assert [run()["changed"], run()["changed"]] == [True, True]
    assert api.seen == [CONTACTS, MESSAGES] * 2


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(fake_api.login(PASSWORD, token="fresh"), contact(auth=fresh), message(auth=fresh))

    result = run(api_token=None, api_password=PASSWORD)

    assert result["accepted"] is True
    assert_no_secret(result, PASSWORD, "fresh")


def test_message_that_a_refused_token_kept_back_is_sent_with_a_new_one(run: Run, api: FakeApi) -> None:
    fresh = bearer("fresh")
    api.plan(message(status=401, answer=b""), fake_api.login(PASSWORD, token="fresh"), message(auth=fresh))

    assert run(api_password=PASSWORD, check_contact=False)["accepted"] is True


def test_second_refusal_is_the_last(run: Run, api: FakeApi) -> None:
    refused = message(auth=bearer("fresh"), status=401, answer=b"")
    api.plan(message(status=401, answer=b""), fake_api.login(PASSWORD, token="fresh"), refused)

    result = run(api_password=PASSWORD, check_contact=False)

    assert (result["failed"], result["verdict"], result["accepted"]) == (True, "migration_broken", False)
    assert_no_secret(result, TOKEN, PASSWORD, "fresh")


@pytest.mark.parametrize(
    ("status", "verdict", "failed"),
    [("invalid", "refused_by_platform", False), ("failed", "migration_broken", True)],
)
def test_recipient_that_is_none(run: Run, api: FakeApi, status: str, verdict: str, failed: bool) -> None:
    api.plan(contact(status))

    result = run()

    assert (result["failed"], result["changed"], result["accepted"], result["verdict"]) == (
        failed,
        False,
        False,
        verdict,
    )
    assert result["reason"] == f"the contact check of the recipient says {status}"


def test_recipient_that_is_still_being_checked(run: Run, api: FakeApi) -> None:
    api.plan(contact("processing"), message())

    assert run()["accepted"] is True


# -- statuses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "verdict"),
    [
        ("sent", ["sent"], "sent"),
        ("sent", ["sent", "delivered"], "delivered"),
        ("delivered", ["sent", "delivered", "read"], "delivered"),
    ],
)
def test_status_is_waited_for(
    run: Run, api: FakeApi, receiver: FakeApi, wanted: str, seen: list[str], verdict: str
) -> None:
    api.plan(message())
    receiver.plan(statuses(), statuses(status=500), *[statuses(*seen[:1])] * (wanted == "delivered"), statuses(*seen))

    result = run(**waiting(receiver, wanted))

    assert outcome(result) == {
        "failed": False,
        "changed": True,
        "message_id": ID,
        "accepted": True,
        "status": seen[-1],
        "verdict": verdict,
        "code": None,
    }
    assert api.seen == [MESSAGES], "the client is not asked again"


@pytest.mark.parametrize(
    ("code", "verdict", "failed"), [(470, "refused_by_platform", False), (500, "migration_broken", True)]
)
def test_message_that_failed(run: Run, api: FakeApi, receiver: FakeApi, code: int, verdict: str, failed: bool) -> None:
    api.plan(message())
    receiver.plan(statuses({"id": ID, "status": "failed", "errors": [{"code": code}]}))

    result = run(**waiting(receiver))

    assert outcome(result) == {
        "failed": failed,
        "changed": True,
        "message_id": ID,
        "accepted": True,
        "status": "failed",
        "verdict": verdict,
        "code": code,
    }
    assert result["reason"] == f"the message was accepted and then failed (error {code})"


def test_message_without_a_status(run: Run, api: FakeApi, receiver: FakeApi) -> None:
    api.plan(message())
    receiver.plan(statuses())

    result = run(**waiting(receiver, timeout=0))

    assert (result["failed"], result["changed"], result["verdict"]) == (True, True, "migration_broken")
    assert result["msg"] == (
        f"The test message to {TO} did not go through: the message was accepted, but 0 s later no status had arrived "
        "at the webhook. Look at the client's health, at its webhook URL and CA, and at the receiver"
    )


def test_message_that_got_less_far(run: Run, api: FakeApi, receiver: FakeApi) -> None:
    api.plan(message())
    receiver.plan(statuses("sent"))

    result = run(**waiting(receiver, "delivered", timeout=0))

    assert (result["failed"], result["changed"], result["verdict"], result["status"]) == (True, True, "sent", "sent")
    assert result["msg"] == (
        f"The test message to {TO} was accepted, but it is not proven that it was delivered: "
        "after 0 s the message is sent, not delivered. Is the recipient's phone on line?"
    )


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({"status": 500}, "answered 500. Check status_url and that the receiver runs."),
        ({"answer": {}}, "answered without a list named statuses. Check status_url and that the receiver runs."),
        ({"answer": b"<html>"}, "answered without a list named statuses."),
        ({"drop": True}, "Check status_url and that the receiver runs."),
    ],
)
def test_receiver_that_cannot_be_asked(
    run: Run, api: FakeApi, receiver: FakeApi, others: dict[str, Any], text: str
) -> None:
    api.plan(message())
    receiver.plan(Call("GET", f"/statuses/{ID}?key={HOOK_TOKEN}", **others))
    arguments = {**waiting(receiver, timeout=0), "status_url": f"{receiver.url}/statuses/{{id}}?key={HOOK_TOKEN}"}

    result = run(**arguments)

    assert (result["failed"], result["changed"], result["verdict"]) == (True, True, "accepted")
    assert result["msg"].startswith(f"The test message to {TO} was accepted, but it is not proven that it was sent: ")
    assert f"GET {receiver.url}/statuses/" in result["msg"]
    assert text in result["msg"]
    assert_no_secret(result, TOKEN, HOOK_TOKEN)


def test_receiver_with_an_unknown_certificate(run: Run, api: FakeApi, receiver: FakeApi) -> None:
    api.plan(message())

    result = run(**{**waiting(receiver, timeout=0), "status_ca_path": None})

    assert result["verdict"] == "accepted"
    assert "the certificate is not trusted" in result["msg"]
    assert "Nothing was sent. Give its CA with status_ca_path." in result["msg"]


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("check_contact", [True, False])
def test_trouble_is_a_broken_move(run: Run, api: FakeApi, check_contact: bool, name: str) -> None:
    trouble, call = TROUBLES[name], contact() if check_contact else message()
    api.plan(*trouble.calls(call.method, call.path, call.auth, call.body))

    result = run(check_contact=check_contact)

    assert (result["failed"], result["changed"]) == (True, False)
    assert (result["accepted"], result["verdict"], result["message_id"]) == (False, "migration_broken", None)
    assert result["msg"] == f"The test message to {TO} did not go through: {result['reason']}"
    assert result["reason"].startswith(f"POST {api.url}{call.path} answered")
    assert trouble.says in result["reason"]
    assert_no_secret(result, TOKEN)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("check_contact", [True, False])
def test_rate_limit_is_no_fault_of_a_move(run: Run, api: FakeApi, check_contact: bool, name: str) -> None:
    trouble, call = TROUBLES[name], contact() if check_contact else message()
    api.plan(*trouble.calls(call.method, call.path, call.auth, call.body))

    result = run(check_contact=check_contact)

    assert (result["failed"], result["changed"]) == (False, False)
    assert (result["accepted"], result["verdict"]) == (False, "refused_by_platform")
    assert trouble.says in result["reason"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, error(1006, "Resource not found", "unknown contact")),
        (400, error(1009, "Parameter value is not valid")),
        (400, error(2001, "template missing")),
        (500, error(1031, "Sender account locked")),
    ],
)
def test_refusal_of_the_platform(run: Run, api: FakeApi, status: int, answer: Any) -> None:
    api.plan(contact(), message(status=status, answer=answer))

    result = run()

    assert (result["failed"], result["accepted"], result["verdict"]) == (False, False, "refused_by_platform")
    assert result["code"] == answer["errors"][0]["code"]
    assert f"POST {api.url}/v1/messages answered {status}, error {result['code']}" in result["reason"]


def test_lost_answer_is_not_asked_for_again(run: Run, api: FakeApi) -> None:
    api.plan(contact(), message(drop=True))

    result = run(api_password=PASSWORD)

    assert result["failed"] is True
    assert result["msg"].startswith(f"POST {api.url}/v1/messages: ")
    assert "The request may have been executed." in result["msg"]
    assert api.seen == [CONTACTS, MESSAGES]
    assert_no_secret(result, TOKEN, PASSWORD)


@pytest.mark.parametrize("answer", [None, {}, {"messages": []}, {"messages": [{}]}, b"<html>"])
def test_answer_without_a_message_id(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(message(answer=answer))

    result = run(check_contact=False)

    assert (result["failed"], result["verdict"]) == (True, "migration_broken")
    assert result["msg"].startswith(f"POST {api.url}/v1/messages answered")
    assert api.seen == [MESSAGES]


@pytest.mark.parametrize("answer", [None, {}, {"contacts": []}, {"contacts": [{}]}])
def test_answer_without_the_recipient(run: Run, api: FakeApi, answer: Any) -> None:
    api.plan(contact(answer=answer))

    assert run()["msg"] == (
        f"POST {api.url}/v1/contacts answered without the recipient's status. check_contact=false does without."
    )


def test_wrong_password_is_tried_once_and_nothing_is_sent(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, status=401, answer=b""))

    result = run(api_token=None, api_password=PASSWORD)

    assert (result["failed"], result["verdict"]) == (True, "migration_broken")
    assert f"POST {api.url}/v1/users/login answered 401. The password, token or API key is wrong" in result["msg"]
    assert_no_secret(result, PASSWORD)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"to": None}, "missing required arguments: to"),
        ({"to": "0049 89"}, "to must be a number in international format, digits only, got '0049 89'"),
        ({"to": "++15550100099"}, "to must be a number in international format"),
        ({"to": f"{TO}\n"}, "to must be a number in international format"),
        ({"text": None}, "type is text but all of the following are missing: text"),
        ({"text": ""}, "text is empty"),
        ({"text": "x" * 4097}, "text has 4097 characters, and a message at most 4096"),
        ({"type": "template"}, "type is template but all of the following are missing: template"),
        ({"wait_for": "sent"}, "wait_for is sent but all of the following are missing: status_url"),
        ({"wait_for": "read"}, "value of wait_for must be one of: none, sent, delivered, got: read"),
        ({"wait_for": "sent", "status_url": "https://127.0.0.1/"}, "status_url must hold {id} where"),
        ({"wait_for": "sent", "status_url": "https://127.0.0.1/#{id}"}, "status_url must hold {id} where"),
        ({"wait_for": "sent", "status_url": "https://[127.0.0.1/{id}"}, "status_url cannot be read: "),
        ({"wait_for": "sent", "status_url": "ftp://127.0.0.1/{id}"}, "got the scheme 'ftp'. Check status_url"),
        ({"api_url": "http://127.0.0.1"}, "A URL must begin with https://"),
        ({"api_token": "two words"}, "api_token is empty or holds a space"),
    ],
)
def test_options_that_cannot_be_used(
    run: Run, api: FakeApi, arguments: dict[str, Any], text: str, check_mode: bool
) -> None:
    result = run(check_mode=check_mode, **arguments)

    assert result["failed"] is True
    assert text in result["msg"]
    assert api.seen == []
    assert_no_secret(result, TOKEN, "two words")
