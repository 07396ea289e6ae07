# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of MySQL are read back."""

from __future__ import annotations

import pytest

from checks.mysql_dump import parse
from checks.rows import behind, missing

DUMP = r"""CREATE DATABASE /*!32312 IF NOT EXISTS*/ `acme_messageStore`;
CREATE TABLE `messages` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `key_id` varchar(64) NOT NULL,
  `payload` json NOT NULL,
  `media_id` varchar(36) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `key_id` (`key_id`)
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4;
INSERT INTO `messages` (`id`, `key_id`, `payload`, `media_id`) VALUES (1,'gB1','{\"a\": \"it\'s, (so);\"}',NULL);
INSERT INTO `messages` (`id`, `key_id`, `payload`, `media_id`) VALUES (2,'gB2','{}','m2');
CREATE TABLE `keyless` (
  `name` varbinary(9) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `keyless` (`name`) VALUES (0x00FF);
CREATE TABLE `fresh` (
  `id` int NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
"""


def test_dump_is_read_back() -> None:
    dump = parse(DUMP)
    assert dump.tables["messages"].columns == ("id", "key_id", "payload", "media_id")
    assert dump.tables["messages"].rows[("1",)] == ("1", "gB1", r"""{\"a\": \"it\'s, (so);\"}""", "NULL")
    assert dump.tables["messages"].rows[("2",)] == ("2", "gB2", "{}", "m2")
    assert dump.tables["keyless"].rows == {("0x00FF",): ("0x00FF",)}
    assert dump.tables["fresh"].rows == {}
    assert dump.sequences == {"messages": 9, "fresh": 1}


def test_differences_are_told() -> None:
    old, lost = parse(DUMP), parse(DUMP.replace("(2,'gB2'", "(3,'gB2'"))
    assert missing("messageStore", old, lost) == ["messageStore: messages lacks the row 2"]
    back = parse(DUMP.replace(" AUTO_INCREMENT=9", " AUTO_INCREMENT=3"))
    assert behind("s", old, back) == ["s: messages goes on with 3, the old one with 9"]


def test_dump_that_breaks_off_is_no_dump() -> None:
    with pytest.raises(ValueError, match="ends within"):
        parse(DUMP[: DUMP.index(") ENGINE")])
