# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a token lives. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Users, Login": seven days, ``expires_after`` as ``YYYY-MM-DD HH:MM:SS+00:00``. That the
token is a JWT with ``exp`` was observed, not documented.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone


def expiry(token: str, expires_after: str = "") -> datetime | None:
    """When the token ends: what the login said, else what the token itself says, else None."""
    return _of_answer(expires_after) or _of_token(token)


def _of_answer(expires_after: str) -> datetime | None:
    try:
        ends = datetime.fromisoformat(expires_after.replace("Z", "+00:00"))
    except ValueError:
        return None
    return ends.replace(tzinfo=timezone.utc) if ends.tzinfo is None else ends.astimezone(timezone.utc)


def _of_token(token: str) -> datetime | None:
    try:
        claims = token.split(".")[1]
        content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return datetime.fromtimestamp(int(content["exp"]), timezone.utc)
    except (IndexError, KeyError, OSError, OverflowError, TypeError, ValueError):
        return None
