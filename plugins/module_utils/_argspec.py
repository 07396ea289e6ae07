# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to the client's API. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._api import PAUSES, Api
from ansible_collections.waba.migration.plugins.module_utils._http import Transport, Trust


def client_argument_spec() -> dict[str, Any]:
    return {
        "api_url": {"type": "str", "default": "https://127.0.0.1:9090"},
        "api_token": {"type": "str", "no_log": True},
        "api_username": {"type": "str", "default": "admin"},
        "api_password": {"type": "str", "no_log": True},
        "api_key": {"type": "str", "no_log": True},
        "ca_path": {"type": "path"},
        "fingerprint": {"type": "str"},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 30},
    }


def make_api(params: dict[str, Any], pauses: Sequence[float] = PAUSES) -> Api:
    """Raises ClientError on options that cannot be used."""
    trust = Trust(params["ca_path"], params["fingerprint"], params["validate_certs"])
    return Api(
        Transport(params["api_url"], trust, params["timeout"]),
        token=params["api_token"],
        username=params["api_username"],
        password=params["api_password"],
        api_key=params["api_key"],
        pauses=pauses,
    )
