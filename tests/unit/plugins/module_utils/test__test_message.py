# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer to a test message, or its status, says of a move."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._statuses import Seen
from ansible_collections.waba.migration.plugins.module_utils._test_message import (
    BROKEN,
    REFUSED,
    Outcome,
    classify,
    judge,
    message_body,
)


@pytest.mark.parametrize("code", [402, 410, 429, 470, 471, 472, 480, 501, 1001, 1006, 1007, 1009, 1013, 1015])
@pytest.mark.parametrize("offset", [0])
def test_refusals(code: int, offset: int) -> None:
    assert classify(code + offset) == REFUSED


@pytest.mark.parametrize("code", [1021, 1026, 1028, 1031, 2000, 2001, 2062, 131000, 131026, 131999])
def test_refusals_of_recipients_templates_and_policies(code: int) -> None:
    assert classify(code) == REFUSED


@pytest.mark.parametrize(
    "code", [None, 400, 430, 432, 433, 500, 1000, 1005, 1011, 1014, 1016, 1017, 1018, 1022, 1023, 1024, 3000, 133010]
)
def test_signs_of_a_broken_move(code: int | None) -> None:
    assert classify(code) == BROKEN


@pytest.mark.parametrize(
    ("params", "body"),
    [
        (
            {"to": "+15550100099", "type": "text", "text": "moved", "template": None},
            {"to": "15550100099", "recipient_type": "individual", "type": "text", "text": {"body": "moved"}},
        ),
        (
            {"to": "15550100099", "type": "template", "text": None, "template": {"name": "hello"}},
            {"to": "15550100099", "recipient_type": "individual", "type": "template", "template": {"name": "hello"}},
        ),
    ],
)
def test_message(params: dict[str, Any], body: dict[str, Any]) -> None:
    assert message_body(params) == body


@pytest.mark.parametrize(
    ("wanted", "seen", "verdict", "status", "complete"),
    [
        ("sent", Seen("sent"), "sent", "sent", True),
        ("sent", Seen("delivered"), "delivered", "delivered", True),
        ("delivered", Seen("read"), "delivered", "read", True),
        ("delivered", Seen("sent"), "sent", "sent", False),
        ("delivered", Seen("sent", problem="x"), "sent", "sent", False),
        ("sent", Seen(problem="x"), "accepted", None, False),
        ("sent", Seen(), BROKEN, None, True),
        ("sent", Seen("failed", 470), REFUSED, "failed", True),
        ("sent", Seen("failed", 433), BROKEN, "failed", True),
        ("sent", Seen("failed"), BROKEN, "failed", True),
    ],
)
def test_judgement(wanted: str, seen: Seen, verdict: str, status: str | None, complete: bool) -> None:
    outcome = judge("gB1", wanted, 60, seen)

    assert (outcome.verdict, outcome.status, outcome.wanting is None) == (verdict, status, complete)
    assert (outcome.accepted, outcome.message_id) == (True, "gB1")


def test_judgement_names_code_and_time() -> None:
    assert (
        judge("gB1", "sent", 60, Seen("failed", 470)).reason == "the message was accepted and then failed (error 470)"
    )
    assert "60 s later no status" in str(judge("gB1", "sent", 60, Seen()).reason)


def test_result_has_no_wanting() -> None:
    assert "wanting" not in Outcome(BROKEN).to_dict()
