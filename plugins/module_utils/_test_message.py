# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test message: what is sent, and what an answer says of the move. Private to this collection; may change at any time.

API facts: On-Premises API, "Messages", "Error and status codes".
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError

ACCEPTED, SENT, DELIVERED = "accepted", "sent", "delivered"
REFUSED, BROKEN = "refused_by_platform", "migration_broken"
# Policy, quality or the recipient: the same would have happened on the old host.
PLATFORM_CODES = (400, 402, 408, 410, 429, 470, 471, 472, 480, 501, 1006, 1007, 1013, 1015, 1021, 1026, 1028, 1031)
ORDER = {"none": 0, SENT: 1, DELIVERED: 2, "read": 3}


def classify(code: int | None, status: int = 0) -> str:
    """Whether an error is the platform's refusal or a sign that the move broke something."""
    if code in PLATFORM_CODES or (code is not None and (2000 <= code < 2100 or 131000 <= code < 132000)):
        return REFUSED
    return BROKEN


def body(params: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"to": params["to"].lstrip("+"), "recipient_type": "individual", "type": params["type"]}
    if params["type"] == "text":
        message["text"] = {"body": params["text"]}
    else:
        message["template"] = params["template"]
    return message


def send(api: Api, params: dict[str, Any]) -> dict[str, Any]:
    """Sends it. An answer of the platform is a result; raises ClientError when there is no answer to judge."""
    if params["check_contact"]:
        answer = api.post("/v1/contacts", {"blocking": "wait", "contacts": ["+" + params["to"].lstrip("+")]})
        contact = (answer or {}).get("contacts", [{}])[0]
        if contact.get("status") not in ("valid", "processing"):
            return {"accepted": False, "verdict": REFUSED, "reason": "the contact check says %s" % contact.get("status", "nothing")}
    try:
        answer = api.post("/v1/messages", body(params))
    except ApiError as error:
        return {"accepted": False, "verdict": classify(error.code, error.status), "reason": str(error), "code": error.code}
    try:
        return {"accepted": True, "verdict": ACCEPTED, "message_id": str(answer["messages"][0]["id"])}
    except (KeyError, IndexError, TypeError):
        raise ClientError("POST %s/v1/messages answered without a message id" % api.transport.base) from None


def fetch_statuses(url: str, ca_path: str | None) -> list[str]:
    """The statuses that the webhook receiver has seen; raises ClientError."""
    import ssl

    context = ssl.create_default_context(cafile=ca_path) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return [str(status) for status in json.load(answer)["statuses"]]
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise ClientError("status_url %s gave no statuses: %s" % (url, error)) from error


def wait_for_status(
    wanted: str,
    timeout: float,
    fetch: Callable[[], list[str]],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str | None:
    """The highest status seen: stops at the wanted one or a failure, or at the end of the time."""
    end = clock() + timeout
    while True:
        seen = fetch()
        if "failed" in seen:
            return "failed"
        best = max(seen, key=lambda s: ORDER.get(s, 0), default=None)
        if best is not None and ORDER.get(best, 0) >= ORDER[wanted]:
            return best
        if clock() >= end:
            return best
        sleep(0.5)
