# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from one platform's containers to another's. Pure. Private to this collection; may change at any time.

A list of what may go along, since nobody knows all names and places in which people keep secrets. The variables are
those of the vendor's published setup scripts and deployment templates that hold no secret.
"""

from __future__ import annotations

import re
from typing import Collection, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils._secret_names import looks_like_a_secret

DOCUMENTED = frozenset([
    "WA_DB_ENGINE", "WA_DB_HOSTNAME", "WA_DB_PORT", "WA_DB_USERNAME", "WA_DB_NAME_PREFIX", "WA_DB_PERSISTENT",
    "WA_DB_CONNECTION_IDLE_TIMEOUT", "WA_DB_SSL_CA", "WA_DB_SSL_CERT", "WA_DB_SSL_KEY", "WA_CONFIG_ON_DB",
    "WA_APP_MULTICONNECT", "WA_MASTER_NODE", "WA_TCP_LISTEN_ADDRESS", "WA_WEB_SERVERNAME", "WACORE_HOSTNAME",
    "COREAPP_HOSTNAME", "COREAPP_EXTERNAL_PORTS", "COREAPP_CONTAINER_NAME", "WEBAPP_HOSTNAME",
    "WEBAPP_EXTERNAL_PORTS", "WEBAPP_CONTAINER_NAME", "WA_RUNNING_ENV", "WA_RUNNING_ENV_VERSION", "ORCHESTRATION",
])  # fmt: skip
NAME = "a secret by its name"
CREDENTIALS = "credentials in its value"
UNKNOWN = "not a documented variable of the client"

_SECRET_PART = re.compile(r"pass|pwd|(?:^|_)pw(?:_|$)|credential|secret|token", re.I)
_CREDENTIALS = re.compile(r"[:/]\S*@|-----BEGIN")
_PROGRAM = re.compile(r"/[A-Za-z0-9._/-]+")


def sort_out(
    environment: Mapping[str, str], image: Mapping[str, str], asked_for: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables that go along, and by name why others do not.

    What the image sets itself is neither: the new containers have it from there.
    """
    carried: dict[str, str] = {}
    left: dict[str, str] = {}
    for name, value in environment.items():
        reason = _reason_against(name, value, asked_for)
        if not reason:
            carried[name] = value
        elif image.get(name) != value:
            left[name] = reason
    return carried, left


def _reason_against(name: str, value: str, asked_for: Collection[str]) -> str:
    if _CREDENTIALS.search(value):
        return CREDENTIALS
    if name in DOCUMENTED:
        return ""
    if looks_like_a_secret(name) or _SECRET_PART.search(name):
        return NAME
    return "" if name in asked_for else UNKNOWN


def is_plain(words: Sequence[str], image: Sequence[str]) -> bool:
    """Tell whether a command can hold no secret: it is the image's own, or nothing but paths of programs."""
    return list(words) == list(image) or all(_PROGRAM.fullmatch(word) for word in words)
