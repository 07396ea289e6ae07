# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each error says what was tried, what came back, and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, TransportError

URL = "https://127.0.0.1:9090/v1/settings/backup"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(
            ApiError("POST", URL, 500, 1014, "Internal error", "Please check if wacore is running: wacore:6252"),
            f"POST {URL} answered 500, error 1014 Internal error, Please check if wacore is running: wacore:6252. "
            "The webapp cannot reach the coreapp, or failed inside. Look at the coreapp's container and log.",
            id="code with details",
        ),
        pytest.param(
            ApiError("POST", URL, 400, 1009, "Parameter value is not valid", "Too short."),
            f"POST {URL} answered 400, error 1009 Parameter value is not valid, Too short. "
            "The client did not accept a value. Its details say which.",
            id="details that end in a full stop",
        ),
        pytest.param(
            ApiError("POST", URL, 401),
            f"POST {URL} answered 401. "
            "The password, token or API key is wrong, has expired, or belongs to another client.",
            id="401 with an empty body",
        ),
        pytest.param(
            ApiError("POST", URL, 503, 4711, "New"),
            f"POST {URL} answered 503, error 4711 New. The client is starting or overloaded. Look at its health.",
            id="unknown code falls back to the status",
        ),
        pytest.param(
            ApiError("POST", URL, 500), f"POST {URL} answered 500. Look at the webapp's log.", id="nothing known at all"
        ),
    ],
)
def test_text_of_an_answer(error: ApiError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(
    ("method", "sent", "text"),
    [
        ("POST", True, f"POST {URL}: reset. The request may have been executed. Look there."),
        ("POST", False, f"POST {URL}: reset. Look there."),
        ("GET", True, f"GET {URL}: reset. Look there."),
    ],
)
def test_text_without_an_answer(method: str, sent: bool, text: str) -> None:
    assert str(TransportError(method, URL, "reset", sent, "Look there.")) == text
