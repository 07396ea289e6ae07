# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random secrets of one lab, kept in one file that only its owner can read."""

from __future__ import annotations

import json
import secrets
import string
from pathlib import Path

from labctl.files import write_private

LETTERS = string.ascii_letters + string.digits
SPECIAL = "#%*+-.:;<>@[]_|"
"""Accepted by the client's password rule, and free of the characters that its database password must not hold."""


def word(length: int) -> str:
    """Letters and digits only: for keys, database passwords and whatever ends up in a URL."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def password(length: int = 20) -> str:
    """Satisfies the client's rule: an upper-case and a lower-case letter, a digit, a special character."""
    picks = [
        secrets.choice(alphabet)
        for alphabet in (string.ascii_uppercase, string.ascii_lowercase, string.digits, SPECIAL)
    ]
    picks += [secrets.choice(LETTERS + SPECIAL) for _ in range(length - len(picks))]
    secrets.SystemRandom().shuffle(picks)
    return "".join(picks)


def pin() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def generate() -> dict[str, str]:
    """A value for every secret of a lab."""
    made: dict[str, str] = {
        "db_old_admin_password": word(24),
        "db_new_admin_password": word(24),
        "acme_database_password": word(24),
        "acme_new_database_password": word(24),
        "beta_database_password": word(24),
        "beta_new_database_password": word(24),
    }
    for number in ("acme", "beta"):
        made |= {
            f"{number}_admin_password": password(),
            f"{number}_sender_password": password(),
            f"{number}_new_admin_password": password(),
            f"{number}_new_sender_password": password(),
            f"{number}_monitor_password": password(),
            f"{number}_jwt_crypto_key": word(64),
            f"{number}_api_key": word(40),
            f"{number}_two_step_pin": pin(),
            f"{number}_backup_password": password(24),
        }
    return made


def load_or_create(path: Path) -> dict[str, str]:
    """The lab's secrets. Names that a newer version of the lab added get a value, known ones keep theirs."""
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    complete = {**generate(), **known}
    if complete != known:
        write_private(path, json.dumps(complete, indent=2, sort_keys=True) + "\n")
    return complete
