# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views, routines, triggers and events: whose they are on the target. Pure; private; may change at any time."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Program

# The beginnings of lines in which a dump names a definer. Inside of a routine's text no statement begins like this.
_DEFINER = re.compile(
    rb"^(CREATE |/\*!50013 |/\*!50003 CREATE\*/ /\*!50017 |/\*!50106 CREATE\*/ /\*!50117 )"
    rb"DEFINER=(`(?:[^`]|``)*`)(?:@(`(?:[^`]|``)*`))?"
)


def split_account(definer: str) -> tuple[str, str]:
    user, _at, host = definer.rpartition("@")
    return (user, host) if _at else (host, "")


def with_new_definers(programs: Iterable[Program], accounts: Collection[tuple[str, str]]) -> list[Program]:
    """Those whose definer is no account of the target."""
    return [program for program in programs if split_account(program.definer) not in accounts]


def rewrite_definers(
    lines: Iterable[bytes], accounts: Collection[tuple[str, str]], owner: str, on_replaced: Callable[[], None]
) -> Iterator[bytes]:
    """A dump with the owner in place of definers that the target does not have."""
    new = b"DEFINER=" + _quoted(owner) + b"@`%`"
    for line in lines:
        found = _DEFINER.match(line)
        if found and (_plain(found.group(2)), _plain(found.group(3) or b"``")) not in accounts:
            on_replaced()
            yield found.group(1) + new + line[found.end() :]
        else:
            yield line


def _plain(quoted: bytes) -> str:
    return quoted[1:-1].replace(b"``", b"`").decode("utf-8", "replace")


def _quoted(name: str) -> bytes:
    return ("`" + name.replace("`", "``") + "`").encode()
