# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quoting for MySQL and MariaDB: the only place where a name or a value becomes text. Private; may change."""

from __future__ import annotations

import re

# What sessions of ours never have in their sql_mode is NO_BACKSLASH_ESCAPES, so that this is right.
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"}
_ESCAPED = re.compile("[\\\\'\0\n\r\x1a]")
_BATCH_ESCAPE = re.compile(r"\\(.)")
_BATCH_CHARACTERS = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def identifier(*parts: str) -> str:
    """Quote a name, or a qualified name given in parts."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def literal(value: str) -> str:
    return "'" + _ESCAPED.sub(lambda found: _ESCAPES[found.group()], value) + "'"


def account(user: str, host: str) -> str:
    """Quote an account, as in GRANT."""
    return f"{literal(user)}@{literal(host)}"


def grant_pattern(database: str) -> str:
    """A database in GRANT, where C(_) and C(%) would stand for any character: C(acme_x) would cover C(acmeAx)."""
    return identifier(re.sub(r"([\\_%])", r"\\\1", database))


def json_rows(source: str, **expressions: str) -> str:
    """A statement whose rows are one JSON object each, so that NULL, numbers and text stay apart."""
    pairs = ", ".join(f"{literal(key)}, {expression}" for key, expression in expressions.items())
    return f"SELECT JSON_OBJECT({pairs}) {source}".rstrip()


def unescape(field: str) -> str:
    """Undo what the client does to a field in its batch mode."""
    return _BATCH_ESCAPE.sub(lambda found: _BATCH_CHARACTERS.get(found.group(1), found.group()), field)


def listed(values: list[str]) -> str:
    return ", ".join(literal(value) for value in values) or "NULL"
