# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret in every form in which it could stand in an output, a log or a file."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

SHORT = 8
"""A shorter secret, such as a PIN, is searched as a word of its own only: its other forms are in any bigger file."""
_TOKEN = re.compile(rb"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
"""A JSON web token, whoever has issued it."""


def base64_forms(value: bytes, alphabet: bytes = b"+/") -> dict[str, bytes]:
    """The characters that do not depend on what stands before and after, at each of the three offsets."""
    forms = {}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + value, alphabet).rstrip(b"=")
        first = (8 * offset + 5) // 6
        whole = 8 * (offset + len(value)) // 6
        forms[f"base64, offset {offset}"] = encoded[first:whole]
    return forms


def disguises(value: str) -> dict[str, bytes]:
    """Name of each form to the form. Those that are equal to an earlier one are left out."""
    raw = value.encode()
    forms = {
        "plain": raw,
        "URL-encoded": quote(value, safe="").encode(),
        "form-encoded": quote_plus(value).encode(),
        "JSON-escaped": json.dumps(value)[1:-1].encode(),
        "JSON-escaped twice": json.dumps(json.dumps(value))[3:-3].encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        **base64_forms(raw),
        **{f"{name}, for URLs": form for name, form in base64_forms(raw, b"-_").items()},
    }
    distinct: dict[str, bytes] = {}
    for name, form in forms.items():
        if form not in distinct.values():
            distinct[name] = form
    return distinct


@dataclass(frozen=True)
class Leak:
    """A secret where it must not be. Never the secret itself."""

    place: str
    secret: str
    form: str

    def __str__(self) -> str:
        return f"{self.place} holds {self.secret} ({self.form})"


def leaks(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[Leak]:
    """Searches every place for every secret in every form, and for tokens, whose values nobody knows beforehand."""
    found = []
    for name, value in sorted(secrets.items()):
        for form, needle in ({"plain": value.encode()} if len(value) < SHORT else disguises(value)).items():
            word = re.compile(rb"(?<![\w.])" + re.escape(needle) + rb"(?![\w.])") if len(value) < SHORT else None
            found += [
                Leak(place, name, form)
                for place, text in places.items()
                if (word.search(text) if word else needle in text)
            ]
    return found + [Leak(place, "a token", "JWT") for place, text in places.items() if _TOKEN.search(text)]
