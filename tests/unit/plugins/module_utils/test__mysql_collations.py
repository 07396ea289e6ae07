# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition that leaves the collation to the server means that of the source."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.collations import keep_defaults

MYSQL8 = {"default_collation_for_utf8mb4": "utf8mb4_0900_ai_ci"}
MARIADB = {"character_set_collations": "utf8mb4=utf8mb4_uca1400_ai_ci,utf8mb3=utf8mb3_uca1400_ai_ci"}
NEW = {"utf8mb4": "utf8mb4_0900_ai_ci", "latin1": "latin1_swedish_ci"}
OLD = {"utf8mb4": "utf8mb4_general_ci", "latin1": "latin1_swedish_ci"}


@pytest.mark.parametrize(
    ("source", "target", "facts", "statements"),
    [
        (NEW, NEW, MYSQL8, ()),
        (OLD, NEW, MYSQL8, ("SET SESSION default_collation_for_utf8mb4 = 'utf8mb4_general_ci'",)),
        (OLD, OLD, MARIADB, ("SET SESSION character_set_collations = 'utf8mb4=utf8mb4_general_ci'",)),
        (OLD, OLD, {}, ()),
        (OLD, OLD, {"character_set_collations": ""}, ()),
    ],
    ids=["equal", "MySQL 5.7 onto 8", "MariaDB 10 onto 11", "no setting", "nothing overridden"],
)
def test_keep_defaults(
    source: dict[str, str], target: dict[str, str], facts: dict[str, Any], statements: tuple[str, ...]
) -> None:
    assert keep_defaults(source, target, facts) == statements
