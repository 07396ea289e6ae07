# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statuses of a message, as its webhook's receiver tells them. Private to this collection; may change at any time.

The client cannot be asked for a status; it posts them. API facts: On-Premises API, "Webhooks, Outbound".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.waba.migration.plugins.module_utils._api import to_int
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._http import Transport, Trust
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_url

PLACE = "{id}"
FAILED = "failed"
ORDER: dict[str | None, int] = {None: 0, "sent": 1, "delivered": 2, "read": 3}
INTERVAL = 0.5  # seconds between two questions
HINT = "Check status_url and that the receiver runs."


@dataclass(frozen=True)
class Seen:
    """The highest status; the code of a failure; what the receiver answered instead, at the last question."""

    status: str | None = None
    code: int | None = None
    problem: str | None = None

    @property
    def failed(self) -> bool:
        return self.status == FAILED


class StatusPage:
    """An address that answers the statuses of one message."""

    def __init__(self, url: str, ca_path: str | None = None, timeout: float = 10) -> None:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ClientError(f"status_url cannot be read: {error}") from error
        self._path = f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
        if PLACE not in self._path:
            raise ClientError(f"status_url must hold {PLACE} where the message's id belongs, in its path or query")
        self._transport = Transport(
            f"{parts.scheme}://{parts.netloc}",
            Trust(ca_path),
            timeout,
            plain_allowed=True,
            hint=HINT,
            trust_hint="Give its CA with status_ca_path.",
        )

    def read(self, message_id: str) -> Seen:
        """Raises ClientError when the receiver does not answer with statuses."""
        path = self._path.replace(PLACE, quote(message_id, safe=""))
        shown = redact_url(self._transport.base + path)
        response = self._transport.request("GET", path)
        if response.status != 200:
            raise ClientError(f"GET {shown} answered {response.status}. {HINT}")
        try:
            statuses = list(json.loads(response.body)["statuses"])
        except (KeyError, TypeError, ValueError):
            raise ClientError(f"GET {shown} answered without a list named statuses. {HINT}") from None
        return summarise(statuses)


def summarise(statuses: Iterable[Any]) -> Seen:
    """A status is a word, or an object as the webhook gets it: ``{"status": "failed", "errors": [{"code": 470}]}``."""
    best: str | None = None
    for entry in statuses:
        word = str(entry.get("status") if isinstance(entry, dict) else entry)
        if word == FAILED:
            return Seen(FAILED, _code(entry))
        if ORDER.get(word, 0) > ORDER[best]:
            best = word
    return Seen(best)


def _code(entry: Any) -> int | None:
    errors = entry.get("errors") if isinstance(entry, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return to_int(first.get("code")) if isinstance(first, dict) else None


def wait_for_status(
    wanted: str,
    timeout: float,
    read: Callable[[], Seen],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Seen:
    """Asks until the wanted status or a failure is there, or the time is up. A receiver that errs is asked again."""
    end = clock() + timeout
    seen = Seen()
    while True:
        try:
            seen = read()
        except ClientError as error:
            seen = Seen(seen.status, problem=str(error))
        if seen.failed or ORDER[seen.status] >= ORDER[wanted] or clock() >= end:
            return seen
        sleep(INTERVAL)
