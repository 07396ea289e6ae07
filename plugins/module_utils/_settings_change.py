# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the application settings. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Settings, Application": the fields, their types, and those that need a restart of the
coreapps. Numbers were captured as numbers and are documented as strings, so both are equal here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._api import to_int

Fields = Mapping[str, Any]

KINDS = ["audio", "document", "image", "sticker", "video", "voice"]  # of media
FIELD_OF_OPTION = {"message_statuses": "message"}  # Ansible keeps the field's own name for itself

NEED_RESTART = (
    "callback_persist",
    "db_garbagecollector_enable",
    "pass_through",
    "webhooks.max_concurrent_requests",
)


def _flag() -> dict[str, Any]:
    return {"type": "bool"}


def _number() -> dict[str, Any]:
    return {"type": "int"}


def settings_argument_spec() -> dict[str, Any]:
    """The fields, as suboptions."""
    receipts = {"sent": _flag(), "delivered": _flag(), "read": _flag()}
    return {
        "axolotl_context_striping_disabled": _flag(),
        "callback_backoff_delay_ms": _number(),
        "callback_persist": _flag(),
        "db_garbagecollector_enable": _flag(),
        "garbagecollector_enable": {"type": "dict", "options": {"messages": _flag(), "media": _flag()}},
        "heartbeat_interval": _number(),
        "log_level": {"type": "str"},
        "max_callback_backoff_delay_ms": _number(),
        "media": {
            "type": "dict",
            "options": {"auto_download": {"type": "list", "elements": "str", "choices": KINDS}},
        },
        "notify_user_change_number": _flag(),
        "on_call_pager": {"type": "str"},
        "pass_through": _flag(),
        "sent_status": _flag(),
        "show_security_notifications": _flag(),
        "skip_referral_media_download": _flag(),
        "unhealthy_interval": _number(),
        "verbose_logging": _flag(),
        "webhook_payload_conversation_pricingmodel_disabled": _flag(),
        "webhooks": {
            "type": "dict",
            "options": {
                "url": {"type": "str", "no_log": True},
                "max_concurrent_requests": {"type": "int", "choices": [6, 12, 18, 24]},
                "message_statuses": {"type": "dict", "options": receipts},
            },
        },
    }


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the options that somebody has set."""
    values = {name: given(value) if isinstance(value, Mapping) else value for name, value in options.items()}
    return {
        FIELD_OF_OPTION.get(name, name): value for name, value in values.items() if value is not None and value != {}
    }


def differing(wanted: Fields, present: Fields) -> dict[str, Any]:
    """The wanted fields that the present settings lack or have otherwise."""
    result: dict[str, Any] = {}
    for name, value in wanted.items():
        there = present.get(name)
        if isinstance(value, Mapping):
            inner = differing(value, there if isinstance(there, Mapping) else {})
            if inner:
                result[name] = inner
        elif not equal(value, there):
            result[name] = value
    return result


def equal(wanted: Any, there: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(there, list) and sorted(map(str, wanted)) == sorted(map(str, there))
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    if isinstance(wanted, int):
        return to_int(there) == wanted
    return bool(wanted == there)


def only(fields: Fields, settings: Fields) -> dict[str, Any]:
    """Of the settings those that are among the fields, null where there is none."""
    result: dict[str, Any] = {}
    for name, value in fields.items():
        there = settings.get(name)
        if isinstance(value, Mapping):
            result[name] = only(value, there if isinstance(there, Mapping) else {})
        else:
            result[name] = there
    return result


def merged(settings: Fields, change: Fields) -> dict[str, Any]:
    """The settings after a change."""
    result = dict(settings)
    for name, value in change.items():
        there = result.get(name)
        if isinstance(value, Mapping):
            value = merged(there if isinstance(there, Mapping) else {}, value)
        result[name] = value
    return result


def names(fields: Fields, before: str = "") -> list[str]:
    """As ``webhooks.url``, in order."""
    found: list[str] = []
    for name, value in sorted(fields.items()):
        found += names(value, f"{before}{name}.") if isinstance(value, Mapping) else [f"{before}{name}"]
    return found
