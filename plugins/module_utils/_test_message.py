# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test message and what its answer says of a move. Private to this collection; may change at any time.

API facts: On-Premises API, "Messages", "Contacts", "Error and Status Codes".
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError
from ansible_collections.waba.migration.plugins.module_utils._statuses import ORDER, Seen

ACCEPTED, SENT, DELIVERED = "accepted", "sent", "delivered"
REFUSED, BROKEN = "refused_by_platform", "migration_broken"
TOO_MANY_REQUESTS = 1015  # which a 429 without a body means as well
LONGEST_TEXT = 4096  # characters

# Policy, recipient, or the message itself: the old client would have met the same.
_IN_ANSWERS = (1001, 1002, 1003, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1015, 1021, 1025, 1026, 1028, 1031)
_IN_FAILED_STATUSES = (402, 408, 410, 429, 470, 471, 472, 480, 501)
_OF_TEMPLATES, _OF_POLICIES = range(2000, 3000), range(131000, 132000)
_REFUSALS = (_IN_ANSWERS, _IN_FAILED_STATUSES, _OF_TEMPLATES, _OF_POLICIES)


@dataclass(frozen=True)
class Outcome:
    """``wanting`` says what was asked for and did not come, None when nothing is wanting."""

    verdict: str
    accepted: bool = False
    message_id: str | None = None
    status: str | None = None
    code: int | None = None
    reason: str | None = None
    wanting: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "wanting"}


def classify(code: int | None) -> str:
    """Whether an error is the platform's refusal. Everything else counts as a broken move, an unknown code too."""
    return REFUSED if any(code in codes for codes in _REFUSALS) else BROKEN


def check_content(params: dict[str, Any]) -> None:
    """Raises ClientError on what no client would take."""
    if not re.match(r"^\+?[0-9]{7,15}\Z", params["to"]):
        raise ClientError(f"to must be a number in international format, digits only, got {params['to']!r}")
    if params["type"] == "text" and not params["text"]:
        raise ClientError("text is empty. Give the text of the message.")
    if params["type"] == "text" and len(params["text"]) > LONGEST_TEXT:
        raise ClientError(
            f"text has {len(params['text'])} characters, and a message at most {LONGEST_TEXT}. Shorten it."
        )


def message_body(params: dict[str, Any]) -> dict[str, Any]:
    content = {"body": params["text"]} if params["type"] == "text" else params["template"]
    return {
        "to": params["to"].lstrip("+"),
        "recipient_type": "individual",
        "type": params["type"],
        params["type"]: content,
    }


def send(api: Api, params: dict[str, Any]) -> Outcome:
    """Sends it. An answer is an outcome, whatever it says; raises ClientError when there is none to judge."""
    try:
        if params["check_contact"]:
            contact = _contact_status(api, params["to"])
            if contact not in ("valid", "processing"):
                verdict = REFUSED if contact == "invalid" else BROKEN
                return Outcome(verdict, reason=f"the contact check of the recipient says {contact}")
        answer = api.post("/v1/messages", message_body(params))
    except ApiError as error:
        code = TOO_MANY_REQUESTS if error.code is None and error.status == 429 else error.code
        return Outcome(classify(code), code=code, reason=str(error))
    try:
        return Outcome(ACCEPTED, accepted=True, message_id=str(answer["messages"][0]["id"]))
    except (IndexError, KeyError, TypeError):
        raise ClientError(
            f"POST {api.base}/v1/messages answered without a message id. Whether a message was sent is not known; "
            "ask the recipient."
        ) from None


def _contact_status(api: Api, to: str) -> str:
    answer = api.post("/v1/contacts", {"blocking": "wait", "contacts": ["+" + to.lstrip("+")]})
    try:
        return str(answer["contacts"][0]["status"])
    except (IndexError, KeyError, TypeError):
        raise ClientError(
            f"POST {api.base}/v1/contacts answered without the recipient's status. check_contact=false does without."
        ) from None


def judge(message_id: str, wanted: str, timeout: float, seen: Seen) -> Outcome:
    """What the statuses of an accepted message prove."""
    if seen.failed:
        verdict = classify(seen.code)
        code = "no code was given" if seen.code is None else f"error {seen.code}"
        reason = f"the message was accepted and then failed ({code})"
        return Outcome(verdict, True, message_id, "failed", seen.code, reason)
    reached = DELIVERED if ORDER.get(seen.status, 0) >= ORDER[DELIVERED] else SENT
    if ORDER.get(seen.status, 0) >= ORDER[wanted]:
        return Outcome(reached, True, message_id, seen.status)
    if seen.status is not None:
        wanting = f"after {timeout:g} s the message is {seen.status}, not {wanted}. Is the recipient's phone on line?"
        return Outcome(reached, True, message_id, seen.status, None, wanting, wanting)
    if seen.problem is not None:
        return Outcome(ACCEPTED, True, message_id, None, None, seen.problem, seen.problem)
    reason = (
        f"the message was accepted, but {timeout:g} s later no status had arrived at the webhook. "
        "Look at the client's health, at its webhook URL and CA, and at the receiver"
    )
    return Outcome(BROKEN, True, message_id, None, None, reason)
