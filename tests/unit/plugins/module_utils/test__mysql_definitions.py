# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondary indexes are taken out of a table's definition only where they can wait, all or none."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.definitions import (
    Definition,
    Index,
    deferrable,
    split,
)

PRIMARY = Index("PRIMARY", "BTREE", ("id",))
PLAIN = Index("a", "BTREE", ("a", "b"))
CREATE = """CREATE TABLE `t` (
  `id` int NOT NULL,
  `a` int DEFAULT NULL COMMENT '  KEY `a` (`a`),',
  PRIMARY KEY (`id`),
  UNIQUE KEY `u``x` (`a`) COMMENT 'with, comma',
  KEY `a` (`a`,`b` DESC),
  CONSTRAINT `c` CHECK ((`a` <> 5))
) ENGINE=InnoDB AUTO_INCREMENT=7
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 3 */"""


@pytest.mark.parametrize(
    ("indexes", "auto_increment", "foreign_keys", "expected"),
    [
        ([PRIMARY, PLAIN, Index("u", "BTREE", ("c",))], "id", False, ["a", "u"]),
        ([PRIMARY], None, False, []),
        ([PLAIN], None, False, []),
        ([PRIMARY, PLAIN], None, True, []),
        ([PRIMARY, PLAIN], "b", False, []),
        ([PRIMARY, PLAIN, Index("f", "FULLTEXT", ("c",))], None, False, []),
        ([PRIMARY, PLAIN, Index("s", "SPATIAL", ("c",))], None, False, []),
        ([PRIMARY, PLAIN, Index("e", "BTREE", (None,))], None, False, []),
    ],
    ids=["plain", "no other", "no primary", "foreign key", "counter", "full text", "spatial", "expression"],
)
def test_deferrable(indexes: list[Index], auto_increment: str | None, foreign_keys: bool, expected: list[str]) -> None:
    assert deferrable(indexes, auto_increment, foreign_keys) == expected


def test_split() -> None:
    definition = split(CREATE, ["u`x", "a"])
    assert definition.create == CREATE.replace("  UNIQUE KEY `u``x` (`a`) COMMENT 'with, comma',\n", "").replace(
        "  KEY `a` (`a`,`b` DESC),\n", ""
    )
    assert definition.add_indexes("`t`") == (
        "ALTER TABLE `t` ADD UNIQUE KEY `u``x` (`a`) COMMENT 'with, comma', ADD KEY `a` (`a`,`b` DESC)"
    )


def test_the_last_line_of_a_definition_has_no_comma() -> None:
    create = "CREATE TABLE `t` (\n  `id` int,\n  PRIMARY KEY (`id`),\n  KEY `a` (`id`)\n) ENGINE=InnoDB"
    assert split(create, ["a"]) == Definition(
        "CREATE TABLE `t` (\n  `id` int,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB", ("KEY `a` (`id`)",)
    )


@pytest.mark.parametrize("names", [[], ["a", "not there"]])
def test_a_definition_that_is_not_understood_stays_whole(names: list[str]) -> None:
    assert split(CREATE, names) == Definition(CREATE)
