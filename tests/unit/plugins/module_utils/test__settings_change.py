# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between wanted and present settings."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._settings_change import (
    differing,
    given,
    merged,
    names,
    only,
)

PRESENT = {
    "callback_persist": True,
    "heartbeat_interval": 5,
    "unhealthy_interval": "30",
    "log_level": "info",
    "media": {"auto_download": ["image", "voice"]},
    "webhooks": {"url": "https://h.example/", "max_concurrent_requests": 6},
}


@pytest.mark.parametrize(
    ("wanted", "difference"),
    [
        ({}, {}),
        ({"callback_persist": True, "heartbeat_interval": 5, "unhealthy_interval": 30, "log_level": "info"}, {}),
        ({"media": {"auto_download": ["voice", "image"]}}, {}),
        ({"webhooks": {"url": "https://h.example/"}}, {}),
        ({"callback_persist": False}, {"callback_persist": False}),
        ({"heartbeat_interval": 6}, {"heartbeat_interval": 6}),
        ({"unhealthy_interval": 31}, {"unhealthy_interval": 31}),
        ({"heartbeat_interval": 5, "log_level": "debug"}, {"log_level": "debug"}),
        ({"media": {"auto_download": []}}, {"media": {"auto_download": []}}),
        ({"media": {"auto_download": ["image"]}}, {"media": {"auto_download": ["image"]}}),
        (
            {"webhooks": {"url": "https://h.example/", "max_concurrent_requests": 12}},
            {"webhooks": {"max_concurrent_requests": 12}},
        ),
        ({"webhooks": {"message": {"read": False}}}, {"webhooks": {"message": {"read": False}}}),
        ({"on_call_pager": ""}, {"on_call_pager": ""}),
        ({"log_level": {"inner": 1}}, {"log_level": {"inner": 1}}),
    ],
)
def test_difference(wanted: dict[str, Any], difference: dict[str, Any]) -> None:
    assert differing(wanted, PRESENT) == difference
    assert differing(wanted, merged(PRESENT, difference)) == {}


@pytest.mark.parametrize(
    ("wanted", "there"), [(1, True), (0, False), (True, 1), (False, 0), (True, "true"), (5, None), (False, None)]
)
def test_kinds_that_are_not_equal(wanted: Any, there: Any) -> None:
    assert differing({"a": wanted}, {"a": there}) == {"a": wanted}


def test_what_nobody_has_set() -> None:
    assert given({"a": None, "b": {"c": None}, "d": {"e": False, "f": None}, "g": 0, "h": "", "i": []}) == {
        "d": {"e": False},
        "g": 0,
        "h": "",
        "i": [],
    }


def test_option_with_another_name_than_its_field() -> None:
    assert given({"webhooks": {"url": "", "message_statuses": {"read": True, "sent": None}}}) == {
        "webhooks": {"url": "", "message": {"read": True}}
    }


def test_merging_leaves_the_settings_as_they_were() -> None:
    before = str(PRESENT)

    after = merged(PRESENT, {"webhooks": {"max_concurrent_requests": 12}, "later": {"x": 1}})

    assert after["webhooks"] == {"url": "https://h.example/", "max_concurrent_requests": 12}
    assert (after["later"], after["log_level"], str(PRESENT)) == ({"x": 1}, "info", before)


def test_only_the_fields() -> None:
    fields = {"webhooks": {"url": "", "message": {"read": True}}, "log_level": "debug"}

    assert only(fields, PRESENT) == {
        "webhooks": {"url": "https://h.example/", "message": {"read": None}},
        "log_level": "info",
    }


def test_names() -> None:
    assert names({"webhooks": {"url": "", "message": {"read": True}}, "a": 1}) == [
        "a",
        "webhooks.message.read",
        "webhooks.url",
    ]
