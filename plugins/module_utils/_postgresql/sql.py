# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quoting for PostgreSQL: the only place where a name or a value becomes text. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping

# An identifier longer than this many bytes is cut off by the server without an error.
IDENTIFIER_BYTES = 63


def identifier(*parts: str) -> str:
    """Quote a name, or a qualified name given in parts."""
    return ".".join('"' + _without_nul(part).replace('"', '""') + '"' for part in parts)


def literal(value: str) -> str:
    """Quote a value so that it is right whatever standard_conforming_strings says."""
    quoted = "'" + _without_nul(value).replace("\\", "\\\\").replace("'", "''") + "'"
    return " E" + quoted if "\\" in value else quoted


def conninfo(values: Mapping[str, str]) -> str:
    """Write a libpq connection string."""
    return " ".join(
        "{}='{}'".format(key, _without_nul(value).replace("\\", "\\\\").replace("'", "\\'"))
        for key, value in values.items()
    )


def startup_options(settings: Mapping[str, str]) -> str:
    """Write the value of libpq's C(options): settings that hold from the first statement on."""
    return " ".join(
        "-c {}={}".format(name, _without_nul(value).replace("\\", "\\\\").replace(" ", "\\ "))
        for name, value in settings.items()
    )


def printable(text: str) -> str:
    """Text for people: bytes of an unknown encoding, which are kept in every other place, become question marks."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("PostgreSQL knows no text with a NUL character")
    return text
