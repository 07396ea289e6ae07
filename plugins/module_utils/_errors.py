# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a module and the client. Private to this collection; may change at any time."""

from __future__ import annotations

# What to do about an error code of the client. Codes: On-Premises API, "Error and status codes".
HINTS = {
    1005: "The account may not do this, or the credentials are wrong. Use the administrator's.",
    1006: "What was asked for does not exist on this client.",
    1009: "The client did not accept a value. Its details say which.",
    1011: "The client is not ready. Look at its health, and for a backup at its registration.",
    1014: "The webapp cannot reach the coreapp, or failed inside. Look at the coreapp's container and log.",
    1015: "Too many requests. Wait a moment.",
    1016: "The client is overloaded. Wait until its callback queue has shrunk.",
    1017: "There is no primary master at the moment. Wait for the fail-over.",
    1018: "No coreapp serves this recipient at the moment. Wait for the fail-over.",
    1023: "The client cannot use its database. Look at the database server.",
    1024: "The default password must be changed first. Log in with new_password.",
}


class ClientError(Exception):
    """Something that a module reports with ``fail_json``. The text never holds a secret."""


class TransportError(ClientError):
    """No answer. ``sent`` tells whether the request may have been executed."""

    def __init__(self, method: str, url: str, reason: str, sent: bool):
        super().__init__(
            "%s %s: %s. %s" % (method, url, reason, "The request may have been executed." if sent else "Check api_url and that the webapp runs.")
        )
        self.sent = sent


class ApiError(ClientError):
    """The client answered with an error."""

    def __init__(self, method: str, url: str, status: int, code: int | None = None, title: str = "", details: str = ""):
        self.method = method
        self.url = url
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        words = ["%s %s answered %d" % (method, url, status)]
        if code is not None:
            words.append("error %d %s" % (code, title))
        if details:
            words.append(details)
        text = ", ".join(words)
        super().__init__("%s. %s" % (text.rstrip("."), self.hint()))

    def hint(self) -> str:
        if self.code in HINTS:
            return HINTS[self.code]
        if self.status == 401:
            return "Wrong user name or password, or the token has expired or belongs to another client."
        if self.status == 404:
            return "Check api_url and the client's version."
        return "Look at the webapp's log."
