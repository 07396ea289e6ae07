# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of number B, whose client shares the old host and is none of the move's business."""

from __future__ import annotations

from typing import Any

from labctl.layout import BETA, KNOWN_DATABASES, POSTGRESQL
from labctl.project import containers

from checks import dumps, probes, rows
from checks.scene import Scene
from checks.verdict import listed


def containers_live_on(scene: Scene) -> str:
    now = probes.lives(_containers(scene))
    before = scene.before["beta"]["containers"]
    found = [
        f"{service} was {before.get(service)}, is {now.get(service)}"
        for service in before.keys() | now.keys()
        if before.get(service) != now.get(service)
    ]
    return listed(found)


def _containers(scene: Scene) -> list[dict[str, Any]]:
    return [entry for entry in containers(scene.lab, "old") if entry["project"] == BETA.project]


def stayed_connected(scene: Scene) -> str:
    slots = scene.network["numbers"][BETA.wa_id]["slots"].values()
    places = {scene.host_of(slot["peer"]) for slot in slots}
    broken = [event for event in scene.events(BETA) if event["event"] != "baseline"]
    if places != {"old"}:
        return f"connected on {places or 'no host'}"
    return f"{broken[0]['event']} at {broken[0]['time']:.3f}" if broken else ""


def rows_kept(scene: Scene) -> str:
    """It has live traffic too: what it had before it has still."""
    place = scene.before_place("beta")
    found = []
    for store in KNOWN_DATABASES:
        before, now = dumps.read(place, BETA.prefix + store, POSTGRESQL), scene.beta_dumps[store]
        found += rows.missing(store, before, now) + rows.behind(store, before, now)
    media = probes.media(scene.lab, "old", BETA)
    kept = scene.before["beta"]["media"]
    found += [f"the medium {name} is not as it was" for name in kept if media.get(name) != kept[name]]
    if probes.tree(scene.lab, "old", BETA.directory) != scene.before["beta"]["files"]:
        found.append(f"the files of {BETA.directory} have changed")
    return listed(found)


def ledger_balanced(scene: Scene) -> str:
    ledger = scene.ledger(BETA)
    if not ledger["outbound"]["accepted"] or not ledger["inbound"]["sent"]:
        return "no messages flowed"
    return listed(ledger["reasons"])
