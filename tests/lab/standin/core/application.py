# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application settings: the fields, their defaults and what a PATCH accepts."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

from standin.common.errors import ApiError

MEDIA_KINDS = ("audio", "document", "voice", "video", "image", "sticker")

# Defaults as captured from a fresh client where a capture exists, else as documented.
DEFAULTS: dict[str, Any] = {
    "callback_backoff_delay_ms": 3000,
    "max_callback_backoff_delay_ms": 900000,
    "callback_persist": True,
    "media": {"auto_download": ["voice", "sticker", "audio", "document", "image", "video"]},
    "webhooks": {
        "url": "",
        "max_concurrent_requests": 6,
        "message": {"sent": False, "delivered": True, "read": False},
    },
    "sent_status": True,
    "pass_through": False,
    "heartbeat_interval": 5,
    "unhealthy_interval": 30,
    "db_garbagecollector_enable": True,
    "garbagecollector_enable": {"messages": True, "media": False},
    "axolotl_context_striping_disabled": False,
    "notify_user_change_number": True,
    "show_security_notifications": False,
    "skip_referral_media_download": False,
    "webhook_payload_conversation_pricingmodel_disabled": False,
    "on_call_pager": "",
    "verbose_logging": False,
    "log_level": "info",
    "wa_id": "",
}


def _bad(details: str) -> ApiError:
    return ApiError(1009, details)


def _value(path: str, old: Any, new: Any) -> Any:
    if isinstance(old, bool):
        if not isinstance(new, bool):
            raise _bad(f"{path} must be a boolean")
        return new
    if isinstance(old, int):
        # The docs' tables show these numbers as strings, captures as numbers. Both are taken.
        if isinstance(new, str) and new.isdigit():
            new = int(new)
        if isinstance(new, bool) or not isinstance(new, int) or new < 0:
            raise _bad(f"{path} must be a number")
        return new
    if isinstance(old, str):
        if not isinstance(new, str):
            raise _bad(f"{path} must be a string")
        return new
    return new


def patch(current: dict[str, Any], change: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Returns the settings after a PATCH; raises ApiError on a value that cannot be."""
    result = copy.deepcopy(current)
    for name, new in change.items():
        where = f"{path}.{name}" if path else name
        if where == "wa_id":
            raise ApiError(1010, "wa_id is read-only")
        if name not in result:
            raise ApiError(1010, f"{where} is not a known setting")
        if isinstance(result[name], dict):
            if not isinstance(new, dict):
                raise _bad(f"{where} must be an object")
            result[name] = patch(result[name], new, where)
        else:
            result[name] = _value(where, result[name], new)
    if not path:
        _check(current, result)
    return result


def _check(old: dict[str, Any], new: dict[str, Any]) -> None:
    url = new["webhooks"]["url"]
    if url and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
        raise _bad("webhooks.url must be an https URL")  # [P]
    if new["webhooks"]["max_concurrent_requests"] not in (6, 12, 18, 24):
        raise _bad("webhooks.max_concurrent_requests must be 6, 12, 18 or 24")
    kinds = new["media"]["auto_download"]
    if not isinstance(kinds, list) or set(kinds) - set(MEDIA_KINDS):
        raise _bad(f"media.auto_download must be a subset of {', '.join(MEDIA_KINDS)}")
    if new["pass_through"] and not old["pass_through"]:
        raise _bad("pass_through cannot be turned on any more")


def complete(stored: dict[str, Any] | None, number: str | None) -> dict[str, Any]:
    """The settings as GET shows them."""
    result = (
        patch(DEFAULTS, {k: v for k, v in (stored or {}).items() if k != "wa_id"})
        if stored
        else copy.deepcopy(DEFAULTS)
    )
    result["wa_id"] = number or ""
    return result
