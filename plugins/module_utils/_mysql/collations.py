# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collations that a definition leaves to the server. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import literal

UTF8 = "utf8mb4"


def keep_defaults(source: Mapping[str, str], target: Mapping[str, str], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Statements by which a session on the target reads definitions as the source means them.

    A definition names only what is not the default, and releases differ in what that is: MySQL 5.7's C(utf8mb4) is not
    that of MySQL 8. Where the target has no such setting, the comparison at the end finds the difference.
    """
    if facts.get("default_collation_for_utf8mb4") and source.get(UTF8, target[UTF8]) != target[UTF8]:
        return (f"SET SESSION default_collation_for_utf8mb4 = {literal(source[UTF8])}",)
    overridden = dict(pair.split("=") for pair in facts.get("character_set_collations", "").split(",") if pair)
    changed = {charset: source[charset] for charset in overridden if charset in source}
    if changed and changed != overridden:
        pairs = ",".join(f"{charset}={collation}" for charset, collation in changed.items())
        return (f"SET SESSION character_set_collations = {literal(pairs)}",)
    return ()
