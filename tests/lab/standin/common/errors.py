# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's error codes with the HTTP status that was observed for them."""

from __future__ import annotations

from typing import Any

# code: (HTTP status, title). Titles as captured where a capture exists; statuses without an observation are [P].
CODES: dict[int, tuple[int, str]] = {
    1000: (500, "Generic error"),
    1001: (400, "Message too long"),
    1002: (400, "Invalid recipient type"),
    1004: (400, "Resource already exists"),
    1005: (403, "Access denied"),
    1006: (404, "Resource not found"),
    1008: (400, "Required parameter is missing"),
    1009: (400, "Parameter value is not valid"),
    1010: (400, "Parameter is not required"),
    1011: (503, "Service not ready"),
    1014: (500, "Internal error"),
    1015: (429, "Too many requests"),
    1016: (503, "System overloaded"),
    1017: (500, "Not Primary Master"),
    1018: (500, "Not Primary Coreapp"),
    1021: (400, "Bad user"),
    1022: (400, "Webhooks URL is not configured"),
    1023: (500, "Database error occurred"),
    1024: (401, "Password change required"),
    1025: (400, "Request is not valid"),
}


class ApiError(Exception):
    """An error that the API answers with."""

    def __init__(self, code: int, details: str = "", status: int | None = None, headers: dict[str, str] | None = None):
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.status = status or CODES[code][0]
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "title": CODES[self.code][1]}
        if self.details:
            error["details"] = self.details
        return {"errors": [error]}
