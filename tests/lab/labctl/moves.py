# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which number A can move, and what each of them must leave behind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl.layout import ACME

PLAYBOOKS = Path("playbooks")


@dataclass(frozen=True)
class Move:
    """One option: how it is run, and how the new side differs from the old one after it."""

    playbook: Path
    variables: dict[str, Any] = field(default_factory=dict)
    """Beside the inventory's. None of them is secret."""
    new_platform: bool = False
    """The new side has users, tokens and a webhook of its own."""
    identity_changes: int = 0
    """Security codes that change, as documented."""

    def command(self, inventory: Path) -> list[str]:
        extra = ["--extra-vars", json.dumps(self.variables)] if self.variables else []
        return ["ansible-playbook", "-i", str(inventory), *extra, str(self.playbook)]


# The client alone: it is pointed at the databases that it has.
STAY = {
    "migration_move_database": False,
    "database_host_dump_directory": "/srv",
    "new_host_database_hostname": ACME.database_host,
    "new_host_database_username": "",
    "new_host_database_password": "",
}

MOVES = {
    "settings": Move(PLAYBOOKS / "migrate_settings.yml", new_platform=True, identity_changes=1),
    "messages": Move(PLAYBOOKS / "migrate_messages.yml", new_platform=True),
    "full": Move(PLAYBOOKS / "migrate_full.yml"),
    "client_only": Move(PLAYBOOKS / "migrate_full.yml", variables=STAY),
}
