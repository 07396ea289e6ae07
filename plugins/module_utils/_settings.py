# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings without their secrets. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Settings, Application" (webhooks.url), "Settings, Application, Media Providers"
(credentials).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

REDACTED = "REDACTED"
_SECRET_KEY = re.compile(
    r"passw|secret|token|bearer|basic|credential|authorization|api_?key|private_?key|\bpin\b", re.I
)
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)
# Receivers put tokens into the path as well. A word has no digits, an identifier that is worth showing is short.
_TOKEN_SEGMENT = re.compile(r"^(?=.*\d)[\w.~%=+-]{16,}$|^.{40,}$")


def redact_url(url: str) -> str:
    """Hides user information, values of the query, the fragment, and what looks like a token in the path."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return REDACTED
    user, at, host = parts.netloc.rpartition("@")
    path = "/".join(REDACTED if _TOKEN_SEGMENT.match(segment) else segment for segment in parts.path.split("/"))
    netloc = REDACTED + at + host if user or at else host
    return urlunsplit((parts.scheme, netloc, path, _redact_query(parts.query), REDACTED if parts.fragment else ""))


def _redact_query(query: str) -> str:
    if not query:
        return ""
    if any("=" not in field for field in query.split("&")):
        return REDACTED  # a bare word may be the secret itself
    return urlencode([(name, REDACTED) for name, _value in parse_qsl(query, keep_blank_values=True)])


def redact_settings(settings: Any) -> Any:
    """A copy that may be shown: credentials hidden at any depth, URLs without theirs, media providers by name only."""
    if isinstance(settings, dict):
        return {key: _redact_value(str(key), value) for key, value in settings.items()}
    if isinstance(settings, list):
        return [redact_settings(value) for value in settings]
    if isinstance(settings, str) and _URL.match(settings):
        return redact_url(settings)
    return settings


def _redact_value(key: str, value: Any) -> Any:
    if key == "providers" and isinstance(value, list):
        return [_redact_provider(provider) for provider in value]
    if _SECRET_KEY.search(key) and value not in (None, "", True, False):
        return REDACTED
    return redact_settings(value)


def _redact_provider(provider: Any) -> Any:
    if not isinstance(provider, dict):
        return REDACTED
    return {"name": provider.get("name"), "type": provider.get("type"), "config": REDACTED}
