# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a module and the client. Private to this collection; may change at any time.

API facts: On-Premises API, "Error and Status Codes". Titles differ between versions, so only codes are looked at.
"""

from __future__ import annotations

HINTS = {
    1005: "The account may not do this, the credentials are wrong, or the client has expired. Use the administrator's.",
    1006: "What was asked for does not exist on this client.",
    1008: "The client misses a value. Its details say which.",
    1009: "The client did not accept a value. Its details say which.",
    1011: "The client is not ready. Look at its health; a backup also needs a registered number.",
    1014: "The webapp cannot reach the coreapp, or failed inside. Look at the coreapp's container and log.",
    1015: "Too many requests. Wait a minute and run again.",
    1016: "The client is overloaded. Wait until its callback queue has shrunk.",
    1017: "There is no primary master at the moment. Wait for the fail-over and look at the masters' logs.",
    1018: "No coreapp serves this recipient at the moment. Wait for the fail-over and look at the coreapps' logs.",
    1023: "The client cannot use its database. Look at the database server.",
    1024: "The default password must be changed first. Use waba.migration.login with bootstrap.",
}
STATUS_HINTS = {
    401: "The password, token or API key is wrong, has expired, or belongs to another client.",
    404: "Check api_url and the client's version.",
    429: "Too many requests. Wait a minute and run again.",
    503: "The client is starting or overloaded. Look at its health.",
}


class ClientError(Exception):
    """Something that a module reports with ``fail_json``. The text never holds a secret."""


class TransportError(ClientError):
    """No answer. ``sent`` tells whether the request may have been executed."""

    def __init__(self, method: str, url: str, reason: str, sent: bool, hint: str) -> None:
        self.sent = sent
        executed = " The request may have been executed." if sent and method != "GET" else ""
        super().__init__(f"{method} {url}: {reason}.{executed} {hint}")


class ApiError(ClientError):
    """The client answered with an error."""

    def __init__(
        self, method: str, url: str, status: int, code: int | None = None, title: str = "", details: str = ""
    ) -> None:
        self.method = method
        self.url = url
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        words = [f"{method} {url} answered {status}"]
        if code is not None:
            words.append(f"error {code} {title}".rstrip())
        if details:
            words.append(details)
        super().__init__(f"{', '.join(words).rstrip('.')}. {self.hint}")

    @property
    def hint(self) -> str:
        """What to do next."""
        by_status = STATUS_HINTS.get(self.status, "Look at the webapp's log.")
        return by_status if self.code is None else HINTS.get(self.code, by_status)
