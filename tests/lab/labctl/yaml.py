# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of YAML as an inventory needs: nested mappings of JSON scalars and lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

INDENT = "  "


def dump(document: Mapping[str, Any], depth: int = 0) -> str:
    """A block mapping. Strings are quoted as JSON quotes them, which YAML reads the same way."""
    lines = []
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            lines.append(f"{INDENT * depth}{key}:\n{dump(value, depth + 1)}")
        else:
            lines.append(f"{INDENT * depth}{key}: {json.dumps(value)}\n")
    return "".join(lines)
