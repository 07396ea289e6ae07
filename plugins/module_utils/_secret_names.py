# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names stand for secrets. Pure. Private to this collection; may change at any time."""

from __future__ import annotations

import re

_SECRET_WORDS = frozenset(("password", "passwd", "passphrase", "token", "secret", "pin", "private"))
# What a key may be without being a secret: a public one, one that only says whether there is one.
_HARMLESS_KEYS = frozenset(("host", "public", "present"))
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def looks_like_a_secret(key: str) -> bool:
    """Tell whether a name, in whichever way its words are joined, is one under which people keep secrets."""
    words = {word.lower() for word in _WORD.findall(key)}
    return bool(words & _SECRET_WORDS) or ("key" in words and not words & _HARMLESS_KEYS)
