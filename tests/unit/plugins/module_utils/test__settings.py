# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of settings and URLs, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_settings, redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("https://hooks.example.org/wa", "https://hooks.example.org/wa"),
        ("https://hooks.example.org:8443/v1/whatsapp/15550100001", "https://hooks.example.org:8443/v1/whatsapp/15550100001"),
        ("https://user:word@hooks.example.org/wa", "https://REDACTED@hooks.example.org/wa"),
        ("https://word@hooks.example.org/wa", "https://REDACTED@hooks.example.org/wa"),
        ("https://hooks.example.org/wa?key=word&n=", "https://hooks.example.org/wa?key=REDACTED&n=REDACTED"),
        ("https://hooks.example.org/wa?word", "https://hooks.example.org/wa?REDACTED"),
        ("https://hooks.example.org/wa?key=1&word", "https://hooks.example.org/wa?REDACTED"),
        ("https://hooks.example.org/wa#word", "https://hooks.example.org/wa#REDACTED"),
        ("https://hooks.example.org/T0001/0123456789abcdef", "https://hooks.example.org/T0001/REDACTED"),
        ("https://hooks.example.org/" + "w" * 40, "https://hooks.example.org/REDACTED"),
        ("https://hooks.example.org/incoming-callbacks", "https://hooks.example.org/incoming-callbacks"),
        ("https://[broken/word", "REDACTED"),
    ],
)  # fmt: skip
def test_urls(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"callback_persist": True, "heartbeat_interval": 5}, {"callback_persist": True, "heartbeat_interval": 5}),
        (
            {"webhooks": {"url": "https://u:word@h/wa", "max_concurrent_requests": 6}},
            {"webhooks": {"url": "https://REDACTED@h/wa", "max_concurrent_requests": 6}},
        ),
        (
            {
                "media": {
                    "auto_download": ["image"],
                    "providers": [{"name": "p1", "type": "www", "config": {"bearer": "word"}}],
                }
            },
            {"media": {"auto_download": ["image"], "providers": [{"name": "p1", "type": "www", "config": "REDACTED"}]}},
        ),
        ({"media": {"providers": ["word"]}}, {"media": {"providers": ["REDACTED"]}}),
        (
            {"later": [{"api_key": "word", "Password": "word"}]},
            {"later": [{"api_key": "REDACTED", "Password": "REDACTED"}]},
        ),
        ({"proxy": {"basic": {"username": "word"}}}, {"proxy": {"basic": "REDACTED"}}),
        ({"token": "", "show_token": False}, {"token": "", "show_token": False}),
        ({"wa_id": "15550100001"}, {"wa_id": "15550100001"}),
        ({"backup": ["https://h/?k=word"]}, {"backup": ["https://h/?k=REDACTED"]}),
    ],
)  # fmt: skip
def test_settings(settings: dict[str, Any], shown: dict[str, Any]) -> None:
    before = str(settings)

    assert redact_settings(settings) == shown
    assert str(settings) == before
