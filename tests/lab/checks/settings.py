# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the new client is set to, as its administrator is told."""

from __future__ import annotations

import json

from labctl.api import Api
from labctl.layout import ACME

from checks import baseline, probes
from checks.options import NEW_PLATFORM, SETTINGS
from checks.scene import Scene
from checks.verdict import listed

NEW_WEBHOOK = "https://webhook.provider.example/callbacks"


def administrator(scene: Scene) -> tuple[Api, str]:
    """The new client's API, logged in as whoever has that client now, and the token."""
    side = "new_" if scene.option in NEW_PLATFORM else ""
    return baseline.log_in(scene.session, "new", "admin", scene.session.secrets[f"{ACME.key}_{side}admin_password"])


def kept(scene: Scene) -> str:
    """As the old client told them. A new platform has its own webhook, and nothing else of its own."""
    now = probes.settings(administrator(scene)[0])
    url = NEW_WEBHOOK if scene.option in NEW_PLATFORM else ""
    return listed(differing(scene.before["settings"], now, url, restored=scene.option == SETTINGS))


def differing(before: dict[str, str], now: dict[str, str], url: str, restored: bool) -> list[str]:
    """``url``: another webhook that is wanted. ``restored``: from a backup, which holds no profiles."""
    if not before[probes.WEBHOOK_CA].strip():
        return ["the old client had no webhook CA, so none can be missing"]
    paths = [path for path in before if path != probes.APPLICATION and not (restored and path in probes.PROFILES)]
    found = [f"{path} differs" for path in paths if before[path] != now[path]]
    theirs, mine = (json.loads(each[probes.APPLICATION])["settings"]["application"] for each in (before, now))
    if url:
        theirs["webhooks"]["url"] = url
    return found + [
        f"the setting {name} is {mine.get(name)}, was to be {theirs.get(name)}"
        for name in sorted(theirs.keys() | mine.keys())
        if theirs.get(name) != mine.get(name)
    ]
