# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a client's API fails, and what a module must say of each."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Call, error

ATTEMPTS = 5  # of a GET


@dataclass(frozen=True)
class Trouble:
    """``says`` comes after method and URL. A GET that meets a ``passing`` trouble is repeated, nothing else is."""

    says: str
    status: int = 200
    answer: Any = None
    drop: bool = False
    passing: bool = False

    def calls(self, method: str, path: str, auth: str | None, body: Any = None) -> list[Call]:
        """The calls to expect of a module that meets nothing else."""
        call = Call(method, path, auth, body, self.status, self.answer, self.drop)
        return [call] * (ATTEMPTS if method == "GET" and self.passing else 1)


TROUBLES = {
    "credentials, no body": Trouble("answered 401. The password, token or API key is wrong", 401, b""),
    "credentials": Trouble(
        "answered 401, error 1005 Access denied, Invalid credentials. The account may not do this, the credentials are",
        401,
        error(1005, "Access denied", "Invalid credentials."),
    ),
    "role": Trouble(
        "answered 403, error 1005 Access denied. The account may not do this", 403, error(1005, "Access denied")
    ),
    "rate limit": Trouble(
        "answered 429, error 1015 Too many requests. Too many requests. Wait a minute and run again.",
        429,
        error(1015, "Too many requests"),
        passing=True,
    ),
    "rate limit, no body": Trouble("answered 429. Too many requests. Wait a minute", 429, b"", passing=True),
    "not ready": Trouble(
        "answered 503, error 1011 Service not ready. The client is not ready. Look at its health",
        503,
        error(1011, "Service not ready"),
        passing=True,
    ),
    "overloaded": Trouble(
        "answered 500, error 1016 System overloaded. The client is overloaded. Wait until its callback queue",
        500,
        error(1016, "System overloaded"),
        passing=True,
    ),
    "no coreapp": Trouble(
        "answered 500, error 1014 Internal error, Connection timed out. Please check if wacore is running: "
        "wacore:6252. The webapp cannot reach the coreapp, or failed inside. Look at the coreapp's container",
        500,
        error(1014, "Internal error", "Connection timed out. Please check if wacore is running: wacore:6252"),
    ),
    "no primary": Trouble(
        "answered 500, error 1017 Not Primary Master. There is no primary master at the moment. Wait for the fail-over",
        500,
        error(1017, "Not Primary Master"),
    ),
    "no database": Trouble(
        "answered 500, error 1023 Database error occurred. The client cannot use its database. Look at the database",
        500,
        error(1023, "Database error occurred"),
    ),
    "proxy": Trouble("answered 502. Look at the webapp's log", 502, b"<html>Bad Gateway</html>"),
    "no JSON": Trouble("answered 200, but not with JSON. Is api_url the client's API?", 200, b"<html>Welcome</html>"),
    "lost answer": Trouble("Check api_url and that the webapp runs.", drop=True, passing=True),
}


def assert_no_secret(result: dict[str, Any], *secrets: str) -> None:
    """Neither in the result nor, as Ansible's own mask would show, in what the module made of it."""
    assert "invocation" in result, "a look at the options belongs to the proof"
    text = json.dumps(result)
    for secret in secrets:
        assert secret not in text
        assert base64.b64encode(f"admin:{secret}".encode()).decode() not in text
    told = {key: value for key, value in result.items() if key != "invocation"}
    assert "****" not in json.dumps(told)
    assert "NO_LOG" not in json.dumps(told)
