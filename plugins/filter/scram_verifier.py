# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a password into what PostgreSQL keeps of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: scram_verifier
short_description: Turn a password into what PostgreSQL keeps of it
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Computes the SCRAM-SHA-256 verifier that PostgreSQL itself would store for a password. C(CREATE ROLE) takes it in
    place of the password, so that the password reaches neither the server nor its log.
  - The same input gives the same verifier, so that a task that sets it twice changes nothing the second time.
options:
  _input:
    description: The password. Only printable ASCII, which every client reads the same way.
    type: string
    required: true
  salt:
    description:
      - What makes the salt. It need not be secret, but should differ from role to role and from server to server.
      - It must not be computed from the password, since the server tells the salt to whoever asks.
    type: string
    required: true
  iterations:
    description: How often the password is hashed. The default is that of PostgreSQL.
    type: integer
    default: 4096
notes:
  - The documentation of PostgreSQL describes the format with the catalog C(pg_authid), RFC 5802 and RFC 7677 the
    computation.
"""

EXAMPLES = r"""
- name: Create an account whose password the server never sees
  community.postgresql.postgresql_user:
    name: waba
    password: "{{ vault_password | waba.migration.scram_verifier(salt='db.example.com/waba') }}"
  no_log: true
"""

RETURN = r"""
_value:
  description: The verifier, V(SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>), the last three in base64.
  type: string
"""

import hashlib
import re
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.waba.migration.plugins.module_utils._scram import verifier

SALT_BYTES = 16


def scram_verifier(password: Any, salt: str, iterations: int = 4096) -> str:
    """Return the SCRAM-SHA-256 verifier of the password.

    Raises AnsibleFilterError, which does not show the password, when it is not printable ASCII.
    """
    if not isinstance(password, str) or not re.fullmatch(r"[\x20-\x7e]+", password):
        raise AnsibleFilterError("scram_verifier takes a password of printable ASCII characters, and at least one.")
    salt_bytes = hashlib.sha256(salt.encode()).digest()[:SALT_BYTES]
    return verifier(password, salt_bytes, iterations)


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by name."""
        return {"scram_verifier": scram_verifier}
