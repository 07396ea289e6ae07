# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a token ends: from the login's answer, else from the token."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._tokens import expiry


def jwt(claims: Any) -> str:
    parts = [{"typ": "JWT", "alg": "HS256"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".signature"


@pytest.mark.parametrize(
    ("token", "expires_after", "ends"),
    [
        pytest.param("x", "2018-03-01 15:29:26+00:00", "2018-03-01T15:29:26+00:00", id="as documented"),
        pytest.param("x", "2018-03-01 15:29:26Z", "2018-03-01T15:29:26+00:00", id="Z for UTC"),
        pytest.param("x", "2018-03-01 16:29:26+01:00", "2018-03-01T15:29:26+00:00", id="another zone"),
        pytest.param("x", "2018-03-01 15:29:26", "2018-03-01T15:29:26+00:00", id="no zone is UTC"),
        pytest.param(jwt({"exp": 1519918166}), "", "2018-03-01T15:29:26+00:00", id="from the token"),
        pytest.param(jwt({"exp": "1519918166"}), "soon", "2018-03-01T15:29:26+00:00", id="from the token, as text"),
        pytest.param(jwt({"exp": 1}), "2018-03-01 15:29:26+00:00", "2018-03-01T15:29:26+00:00", id="answer wins"),
        pytest.param("x", "", None, id="nothing known"),
        pytest.param("a.!!!.c", "", None, id="no base64"),
        pytest.param(jwt({}), "", None, id="no claim"),
        pytest.param(jwt([]), "", None, id="no claims"),
        pytest.param(jwt({"exp": None}), "", None, id="empty claim"),
        pytest.param(jwt({"exp": 10**30}), "", None, id="beyond all time"),
    ],
)
def test_expiry(token: str, expires_after: str, ends: str | None) -> None:
    found = expiry(token, expires_after)

    assert (found.isoformat() if found else None) == ends
