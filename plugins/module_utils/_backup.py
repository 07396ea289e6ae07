# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that keeps a settings backup. Pure. Private to this collection; may change at any time."""

from __future__ import annotations

import hashlib
import json


def wrap(data: str) -> bytes:
    """The file's content. JSON, so that the backup stays as it is, character by character."""
    return json.dumps({"data": data}).encode()


def unwrap(content: bytes) -> str | None:
    """The backup in a file's content, None when there is none."""
    try:
        data = json.loads(content)["data"]
    except (KeyError, TypeError, ValueError):
        return None
    return data if isinstance(data, str) and data else None


def checksum(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
