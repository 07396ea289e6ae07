# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definers that the target does not know become the owner, wherever a dump names one, and nowhere else."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Program
from ansible_collections.waba.migration.plugins.module_utils._mysql.programs import (
    rewrite_definers,
    split_account,
    with_new_definers,
)

ACCOUNTS = {("acme", "%"), ("root", "localhost"), ("role", "")}


def rewritten(line: bytes) -> tuple[bytes, int]:
    found: list[None] = []
    (result,) = rewrite_definers([line], ACCOUNTS, "ow`ner", lambda: found.append(None))
    return result, len(found)


@pytest.mark.parametrize(
    "line",
    [
        b"CREATE {} PROCEDURE `p`()\n",
        b"/*!50013 {} SQL SECURITY DEFINER */\n",
        b"/*!50003 CREATE*/ /*!50017 {}*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `m` FOR EACH ROW SET @x = 1 */;;\n",
        b"/*!50106 CREATE*/ /*!50117 {}*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;\n",
    ],
    ids=["routine", "view", "trigger", "event"],
)
def test_a_definer_is_replaced_where_it_is_not_known(line: bytes) -> None:
    gone = line.replace(b"{}", b"DEFINER=`go``ne`@`10.%`")
    assert rewritten(gone) == (line.replace(b"{}", b"DEFINER=`ow``ner`@`%`"), 1)
    for known in (b"DEFINER=`acme`@`%`", b"DEFINER=`root`@`localhost`", b"DEFINER=`role`"):
        kept = line.replace(b"{}", known)
        assert rewritten(kept) == (kept, 0)


@pytest.mark.parametrize(
    "line", [b"  CREATE DEFINER=`gone`@`%` in a comment\n", b"SELECT 'DEFINER=`gone`@`%`'\n", b"\xff\x00\n"]
)
def test_other_lines_stay(line: bytes) -> None:
    assert rewritten(line) == (line, 0)


def test_programs_with_new_definers() -> None:
    known, gone = Program("view", "a", "acme@%"), Program("view", "b", "we@ird@%")
    assert with_new_definers([known, gone], ACCOUNTS) == [gone]
    assert split_account("we@ird@%") == ("we@ird", "%")
    assert split_account("role") == ("role", "")
