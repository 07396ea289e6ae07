# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's answers, and waiting for them on a made-up clock."""

from __future__ import annotations

from typing import Any, Union

import pytest
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._statuses import (
    Seen,
    StatusPage,
    summarise,
    wait_for_status,
)
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Call, FakeApi

Answer = Union[Seen, ClientError]


@pytest.mark.parametrize(
    ("statuses", "seen"),
    [
        ([], Seen()),
        (["sent"], Seen("sent")),
        (["delivered", "sent"], Seen("delivered")),
        (["sent", "read", "delivered"], Seen("read")),
        (["sent", "failed"], Seen("failed")),
        (["warning", "deleted", None, 7], Seen()),
        ([{"id": "gB1", "status": "sent"}, {"id": "gB1", "status": "delivered"}], Seen("delivered")),
        ([{"status": "failed", "errors": [{"code": 470, "title": "Re-engagement"}]}], Seen("failed", 470)),
        ([{"status": "failed", "errors": [{"code": "433"}]}], Seen("failed", 433)),
        ([{"status": "failed", "errors": []}], Seen("failed")),
        ([{"status": "failed", "errors": ["x"]}], Seen("failed")),
        ([{"status": "failed"}], Seen("failed")),
    ],
)
def test_summary(statuses: list[Any], seen: Seen) -> None:
    assert summarise(statuses) == seen


def test_id_in_path_and_query(api: FakeApi) -> None:
    api.plan(Call("GET", "/of/gB%2F1/?id=gB%2F1", answer={"statuses": ["sent"]}))

    assert StatusPage(f"{api.url}/of/{{id}}/?id={{id}}", str(api.certificate.path)).read("gB/1") == Seen("sent")


@pytest.mark.parametrize(
    ("status", "answer", "text"),
    [
        (404, {"statuses": []}, "answered 404"),
        (200, {}, "answered without a list named statuses"),
        (200, {"statuses": 7}, "answered without a list named statuses"),
        (200, [], "answered without a list named statuses"),
        (200, b"<html>", "answered without a list named statuses"),
    ],
)
def test_answers_without_statuses(api: FakeApi, status: int, answer: Any, text: str) -> None:
    api.plan(Call("GET", "/gB1?key=word", status=status, answer=answer))

    with pytest.raises(ClientError, match=text) as caught:
        StatusPage(f"{api.url}/{{id}}?key=word", str(api.certificate.path)).read("gB1")

    assert "word" not in str(caught.value)


def test_receiver_that_is_not_trusted_shows_no_secret(api: FakeApi) -> None:
    with pytest.raises(ClientError, match="certificate is not trusted") as caught:
        StatusPage(f"{api.url}/{{id}}?key=word").read("gB1")

    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://hooks.example.org/statuses", r"status_url must hold \{id\}"),
        ("file:///etc/passwd?{id}", "got the scheme 'file'"),
        ("https://user:word@hooks.example.org/{id}", "must hold neither a user name"),
    ],
)
def test_url_that_cannot_be_used(url: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as caught:
        StatusPage(url)

    assert "word" not in str(caught.value).replace("passwd", "")


class Receiver:
    """Gives one answer after the other, the last one for ever. Time passes only by sleeping."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.now = 50.0

    def read(self) -> Seen:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ClientError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, wanted: str, timeout: float = 10) -> Seen:
        return wait_for_status(wanted, timeout, self.read, self.sleep, lambda: self.now)


@pytest.mark.parametrize(
    ("answers", "wanted", "seen", "seconds"),
    [
        pytest.param([Seen("sent")], "sent", Seen("sent"), 0, id="at once"),
        pytest.param([Seen(), Seen(), Seen("sent")], "sent", Seen("sent"), 1, id="later"),
        pytest.param([Seen("read")], "delivered", Seen("read"), 0, id="more than was wanted"),
        pytest.param([Seen(), Seen("failed", 470)], "delivered", Seen("failed", 470), 0.5, id="failed"),
        pytest.param([Seen("sent")], "delivered", Seen("sent"), 10, id="less than was wanted"),
        pytest.param([Seen()], "sent", Seen(), 10, id="never"),
        pytest.param([ClientError("x"), Seen("sent")], "sent", Seen("sent"), 0.5, id="receiver recovers"),
        pytest.param([ClientError("x")], "sent", Seen(problem="x"), 10, id="receiver does not answer"),
        pytest.param([Seen("sent"), ClientError("x")], "delivered", Seen("sent", problem="x"), 10, id="receiver goes"),
        pytest.param([ClientError("x"), Seen()], "sent", Seen(), 10, id="receiver answers at last"),
    ],
)
def test_waiting(answers: list[Answer], wanted: str, seen: Seen, seconds: float) -> None:
    receiver = Receiver(*answers)

    assert receiver.wait(wanted) == seen
    assert receiver.now - 50 == seconds
