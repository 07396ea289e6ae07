# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's rule for passwords. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Users, Login". Letters and digits outside ASCII are not mentioned there, and do not count
here.
"""

from __future__ import annotations

import string

SHORTEST, LONGEST = 8, 64
CLASSES = (
    ("an upper-case letter", string.ascii_uppercase),
    ("a lower-case letter", string.ascii_lowercase),
    ("a digit", string.digits),
    ("a special character", string.punctuation),
)


def lacking(password: str) -> list[str]:
    """What the password lacks, a few words each, without anything of it."""
    found = []
    if not SHORTEST <= len(password) <= LONGEST:
        found.append(f"{SHORTEST} to {LONGEST} characters")
    return found + [name for name, characters in CLASSES if not set(password) & set(characters)]
