# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after a run was rolled back before the new client was started: the old one serves as it did."""

from __future__ import annotations

import json

from labctl.layout import ACME, SSH_HOSTS
from labctl.state import run_directory

from checks import baseline, moved, neighbour, probes, replication
from checks.scene import Scene
from checks.verdict import Check, listed

POLICY = "unless-stopped"
"""What the lab's compose files say."""


def connected_on_old(scene: Scene) -> str:
    slots = scene.network["numbers"][ACME.wa_id]["slots"].values()
    places = {scene.host_of(slot["peer"]) for slot in slots}
    return "" if places == {"old"} else f"connected on {', '.join(places) or 'no host'}"


def never_on_new(scene: Scene) -> str:
    seen = [event for event in scene.events(ACME) if event.get("peer") and scene.host_of(event["peer"]) == "new"]
    return listed([f"{event['event']} at {event['time']:.3f}" for event in seen])


def old_containers(scene: Scene) -> str:
    """The same ones, by identity, not made anew, with everything that the fence took from them."""
    before = {text.split(" ", 1)[0] for text in scene.before["containers"]["old"].values()}
    there = {entry["id"]: entry for entry in scene.containers("old")}
    found = [f"{identity[:12]} is gone" for identity in before - there.keys()]
    found += [f"{entry['name']} is another one" for identity, entry in there.items() if identity not in before]
    for entry in there.values():
        wanted = f"{ACME.project}-{entry['service']}-1"
        if (entry["name"], entry["status"], entry["restart_policy"]) != (wanted, "running", POLICY):
            found.append(f"{entry['name']} is {entry['status']}, restart policy {entry['restart_policy']}")
        if f"{ACME.project}_default" not in entry["networks"]:
            found.append(f"{entry['name']} is not on its network")
    return listed(found)


def old_files(scene: Scene) -> str:
    now = probes.tree(scene.lab, "old", ACME.directory)
    before = {path: text for path, text in scene.before["old_files"].items() if path.startswith(f"{ACME.directory}/")}
    return listed(
        [f"{path} is not as it was" for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
    )


def keys_taken_back(scene: Scene) -> str:
    return listed(
        [
            f"{host} lets in other keys than before"
            for host in SSH_HOSTS
            if probes.authorized_keys(scene.lab, host) != scene.before["keys"][host]
        ]
    )


def verdict(scene: Scene) -> str:
    report = json.loads((run_directory(scene.lab.inventories[ACME.key]) / "report.json").read_text(encoding="utf-8"))
    return "" if report["verdict"] == "rolled_back" else f"the report says {report['verdict']}"


def token_works(scene: Scene) -> str:
    return "" if baseline.token(scene.session, "old") else "no token"


CHECKS: tuple[Check[Scene], ...] = (
    Check("connected-on-old", "the number is connected on the old host and nowhere else", connected_on_old),
    Check("never-on-new", "the new host never called", never_on_new),
    Check("one-at-a-time", "at no moment did two hosts hold the number", moved.one_client_at_a_time),
    Check("no-kicks", "no client was kicked out by another", moved.no_kicks),
    Check("no-registrations", "nobody called for a registration", moved.no_registrations),
    Check("identity", "the identity is the same", moved.identity_kept),
    Check("no-incidents", "the network saw no stale keys and no foreign identity", moved.no_incidents),
    Check("ledger", "every message arrived once", moved.ledger_balanced),
    Check("old-containers", "the old containers run as they did", old_containers),
    Check("old-files", "the old project directory is as it was", old_files),
    Check("old-media", "the old media are as they were", moved.old_media_kept),
    Check("login", "a user logs in on the old host", token_works),
    Check("neighbour-containers", "number B's containers live on", neighbour.containers_live_on),
    Check("neighbour-connected", "number B never lost its connection", neighbour.stayed_connected),
    Check("neighbour-ledger", "every message of number B arrived once", neighbour.ledger_balanced),
    Check("keys-taken-back", "no key of the run opens a host", keys_taken_back),
    Check("replication", "no server replicates or has anything of it", replication.nothing_left),
    Check("old-server", "the old server is set as it was, with the plugins that it had", replication.settings_kept),
    Check("verdict", "the report says that it was rolled back", verdict),
)
