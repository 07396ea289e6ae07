# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings without their secrets. Pure. Private to this collection; may change at any time."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

REDACTED = "REDACTED"


def redact_url(url: str) -> str:
    """Hides user information and the values of query parameters: both are places where receivers keep their secrets."""
    if not url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = "%s@%s" % (REDACTED, host) if "@" in parts.netloc else host
    query = urlencode([(name, REDACTED) for name, _value in parse_qsl(parts.query, keep_blank_values=True)])
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def redact_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """A copy that may be shown: webhook URL redacted, credentials of media providers hidden."""
    shown = copy.deepcopy(settings)
    webhooks = shown.get("webhooks")
    if isinstance(webhooks, dict) and isinstance(webhooks.get("url"), str):
        webhooks["url"] = redact_url(webhooks["url"])
    media = shown.get("media")
    if isinstance(media, dict) and isinstance(media.get("providers"), list):
        media["providers"] = [
            {"name": p.get("name"), "type": p.get("type"), "config": REDACTED} for p in media["providers"] if isinstance(p, dict)
        ]
    return shown
