# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that select a client's containers. Private to this collection; may change at any time."""

from __future__ import annotations

from typing import Any


def selection_spec() -> dict[str, Any]:
    return {
        "project": {"type": "str", "required": True},
        "project_directory": {"type": "path", "required": True},
        "containers": {"type": "list", "elements": "str", "default": []},
        "docker_cli": {"type": "str", "default": "docker"},
    }
