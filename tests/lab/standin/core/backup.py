# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings backup: what it holds and how it is sealed. Format and algorithm are unknown [P]."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from standin.common.errors import ApiError

MAGIC = b"standin-backup-1"


def _key(password: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(password.encode())


def seal(content: dict[str, Any], password: str) -> str:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_key(password, salt)).encrypt(nonce, json.dumps(content).encode(), MAGIC)
    return base64.b64encode(salt + nonce + sealed).decode()


def unseal(data: str, password: str) -> dict[str, Any]:
    """Raises ApiError 1009 on a wrong password or damaged data; the real reply is unknown [P]."""
    try:
        raw = base64.b64decode(data, validate=True)
        content: dict[str, Any] = json.loads(AESGCM(_key(password, raw[:16])).decrypt(raw[16:28], raw[28:], MAGIC))
        return content
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise ApiError(1009, "The backup cannot be decrypted with this password") from error
