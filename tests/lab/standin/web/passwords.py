# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of API users: the documented rule, and one-way hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from standin.common.errors import ApiError

SPECIAL = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
RULE = (
    "Password doesn't meet complexity requirements: length between 8 and 64 characters, "
    "at least 1 each of upper-case character, "
    f"lower-case character, digit, special character ({SPECIAL}) are required"
)


def check(password: object) -> str:
    """Returns the password, or raises the error that the client answers with."""
    if (
        not isinstance(password, str)
        or not 8 <= len(password) <= 64
        or not any(c.isdigit() for c in password)
        or not any(c.isupper() for c in password)
        or not any(c.islower() for c in password)
        or not any(c in SPECIAL for c in password)
    ):
        raise ApiError(1009, RULE)
    return password


def new_hash(password: str) -> tuple[bytes, bytes]:
    salt = secrets.token_bytes(16)
    return salt, digest(password, salt)


def digest(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 20_000)


def matches(password: str, salt: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(digest(password, salt), expected)
