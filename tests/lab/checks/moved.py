# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after number A has moved from old to new, its messages flowing all the while."""

from __future__ import annotations

import json
import math
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from labctl import databases
from labctl.api import Api
from labctl.layout import ACME, ENGINE_HOSTS, SSH_HOSTS
from labctl.state import run_directory

from checks import baseline, dumps, fence, probes, record, rows, settings
from checks.options import CARRIED, IDENTITY_CHANGES, NEW_PLATFORM, SETTINGS
from checks.scene import Scene
from checks.verdict import listed

_DOWNTIME = re.compile(r"^Downtime +(?:at most )?([0-9.]+) s", re.MULTILINE)
ROUNDED_SECONDS = 1.0
# The stamps of a run are cut off behind their milliseconds.
CUT_SECONDS = 0.005


def connected_on_new(scene: Scene) -> str:
    slots = scene.network["numbers"][ACME.wa_id]["slots"]
    places = {slot: scene.host_of(entry["peer"]) for slot, entry in slots.items()}
    return "" if places and set(places.values()) == {"new"} else f"connected are {places or 'no slots'}"


def one_client_at_a_time(scene: Scene) -> str:
    """Reads the network's events: when a slot connects, nobody else may hold it, and no other host another slot."""
    found = []
    connected: dict[int, str] = {0: "old"}
    for event in scene.events(ACME):
        host, slot = scene.host_of(event.get("peer", "")), int(event.get("slot", 0))
        if event["event"] == "connected":
            others = {place for place in connected.values() if place != host}
            if others:
                found.append(f"{host} connected at {event['time']:.3f} while {', '.join(sorted(others))} was")
            connected[slot] = host
        elif event["event"] == "kicked":
            found.append(f"{scene.host_of(event['by_peer'])} connected at {event['time']:.3f} while {host} was")
            connected.pop(slot, None)
        elif event["event"] == "disconnected" and connected.get(slot) == host:
            del connected[slot]
    return listed(found)


def never_back_on_old(scene: Scene) -> str:
    """Once the number was on the new host, the old one has not called again."""
    moved = False
    found = []
    for event in scene.events(ACME):
        host = scene.host_of(event.get("peer", ""))
        moved = moved or (event["event"] == "connected" and host == "new")
        if moved and host == "old" and event["event"] in ("connected", "refused"):
            found.append(f"{event['event']} from old at {event['time']:.3f}")
    return listed(found)


def no_kicks(scene: Scene) -> str:
    return f"{scene.network['kicks']} kicks" if scene.network["kicks"] else ""


def no_registrations(scene: Scene) -> str:
    return f"{scene.network['registrations']} registration calls" if scene.network["registrations"] else ""


def identity_kept(scene: Scene) -> str:
    """The same, but where a restore makes a new security code, and exactly one."""
    wanted, changes = IDENTITY_CHANGES[scene.option], scene.network["identity_changes"]
    return "" if changes == wanted else f"{changes} identity changes" + (f" instead of {wanted}" if wanted else "")


def no_incidents(scene: Scene) -> str:
    return listed([f"{entry['event']} from {scene.host_of(entry['peer'])}" for entry in scene.network["incidents"]])


def ledger_balanced(scene: Scene) -> str:
    ledger = scene.ledger(ACME)
    if not ledger["outbound"]["accepted"] or not ledger["inbound"]["sent"]:
        return "no messages flowed"
    return (
        ""
        if ledger["balanced"] and not ledger["pending"]
        else listed([*ledger["reasons"], f"{ledger['pending']} pending"])
    )


def fenced(scene: Scene) -> str:
    """Not running, nothing that starts it, no network to call out by."""
    before = {text.split(" ", 1)[0] for text in scene.before["containers"]["old"].values()}
    there = {entry["id"]: entry for entry in scene.containers("old")}
    found = [f"{identity[:12]} is gone" for identity in before - there.keys()]
    for entry in there.values():
        state = (entry["status"], entry["restart_policy"], entry["networks"])
        if entry["status"] not in ("exited", "created") or entry["restart_policy"] != "no" or entry["networks"]:
            found.append(f"{entry['name']} is {state[0]}, restart policy {state[1]}, networks {state[2]}")
    return listed(found)


def old_databases_unchanged(scene: Scene) -> str:
    return listed([f"{name} has changed" for name in dumps.differing(scene.fence_digests, scene.old_digests)])


def foreign_databases_unchanged(scene: Scene) -> str:
    """What merely looks like number A's on its server, and the server's roles."""
    mine = set(dumps.acme_databases())
    names = tuple(name for name in scene.before["old_databases"] if name not in mine)
    place = scene.before_place("foreign-now")
    now = dumps.take(scene.session, ACME.database_host, names, place)
    return listed(dumps.differing({name: scene.before["old_databases"][name] for name in names}, now))


def rows_arrived(scene: Scene) -> str:
    """Where the client is, whether its databases have moved with it or stayed."""
    old, new, stores = scene.fence_dumps, scene.serving_dumps, CARRIED[scene.option]
    if not sum(old[store].count() for store in stores):
        return "the old databases were empty"
    if scene.option in NEW_PLATFORM:
        old = {**old, "configStore": rows.less(old["configStore"], "config", ("application",))}
    return listed([text for store in stores for text in rows.missing(store, old[store], new[store])])


def history_at_the_fence(scene: Scene) -> str:
    """The evidence itself: what was there before the run was there at the fence, by the server's own count."""
    found = []
    for name, count in scene.before["old_counts"].items():
        database, table = name.split(" ", 1)
        store = database.removeprefix(ACME.prefix)
        kept = len(scene.fence_dumps[store].tables[table].rows) if table in scene.fence_dumps[store].tables else -1
        if kept < count and not rows.RULES.get((store, table), rows.STRICT).may_go:
            found.append(f"{name} had {count} rows and has {kept}")
    return listed(found)


def sequences_go_on(scene: Scene) -> str:
    old, new = scene.fence_dumps, scene.serving_dumps
    return listed([text for store in CARRIED[scene.option] for text in rows.behind(store, old[store], new[store])])


def token_works(scene: Scene) -> str:
    """The token that the old platform issued opens the new one, for a reader and for an administrator."""
    api = Api(scene.session.state.port("new", ACME.api_port))
    headers = {"Authorization": f"Bearer {scene.before['token']}"}
    answers = [api.call("GET", path, headers=headers) for path in ("/v1/health", "/v1/settings/application")]
    return listed([answer.describe() for answer in answers if answer.status != 200])


def passwords_work(scene: Scene) -> str:
    api = Api(scene.session.state.port("new", ACME.api_port))
    found = []
    for user in baseline.USERS:
        answer = api.login(user, scene.session.secrets[f"{ACME.key}_{user}_password"])
        if answer.status != 200:
            found.append(f"{user}: {answer.describe()}")
    return listed(found)


def media_arrived(scene: Scene) -> str:
    old, new = scene.media("old"), scene.media("new")
    if not old:
        return "there were no media"
    missing = [f"{name} is missing" for name in old.keys() - new.keys()]
    return listed(sorted(missing + [f"{name} differs" for name in old.keys() & new.keys() if old[name] != new[name]]))


def late_picture_arrived(scene: Scene) -> str:
    """The one that came when the fence was ordered. The old client must have stored it, or it was not to be moved."""
    stored = scene.fence_dumps["messageStore"].tables["media"]
    picture = record.load(scene.lab, fence.STAGE)["late_picture"]
    if not picture:
        return "none was sent, since nobody ordered the fence"
    hashes = [dict(zip(stored.columns, row, strict=True))["sha256"] for row in stored.rows.values()]
    if picture["sha256"] not in hashes:
        return "the old client has not stored it, so nothing is proven"
    return "" if picture["sha256"] in scene.media("new").values() else "it is not on the new host"


def old_media_kept(scene: Scene) -> str:
    before, now = scene.before["old_media"], scene.media("old")
    return listed([f"{name} is not as it was" for name in sorted(before) if now.get(name) != before[name]])


def media_downloadable(scene: Scene) -> str:
    """The oldest one, through the API, by the hash that the old database has."""
    media = scene.fence_dumps["messageStore"].tables["media"]
    entries = [dict(zip(media.columns, row, strict=True)) for row in media.rows.values()]
    first = min(entries, key=lambda entry: (entry["created"], entry["id"]))
    port = scene.session.state.port("new", ACME.api_port)
    token = settings.administrator(scene)[1] if scene.option in NEW_PLATFORM else scene.before["token"]
    status, found = probes.download(port, f"/v1/media/{first['id']}", token)
    if status != 200:
        return f"HTTP {status} for the medium {first['id']}"
    return "" if found == first["sha256"] else f"the medium {first['id']} comes with another content"


def no_copy_made(scene: Scene) -> str:
    """The databases have stayed, and the new server is as it was."""
    before = set(scene.before["new_databases"])
    now = databases.server(scene.lab, scene.session.state, "db-new").names()
    return listed([f"there is a database {name} on db-new" for name in now if name not in before])


def dumps_as_reported(scene: Scene) -> str:
    """The files that the report names, for root alone, with the hashes that it tells."""
    facts = _report(scene)["phases"]["move"]["facts"]
    told = {dump["path"]: f"600 {dump['sha256']}" for dump in facts["dumps"]}
    found = probes.tree(scene.lab, facts["dump_host"], *told)
    lacking = {f"{ACME.prefix}{store}" for store in CARRIED[scene.option]} - {dump["name"] for dump in facts["dumps"]}
    return listed(
        [f"there is no dump of {name}" for name in sorted(lacking)]
        + [
            f"{path} is {found.get(path, 'not there')}, the report says {told[path]}"
            for path in told
            if found.get(path) != told[path]
        ]
    )


def keys_taken_back(scene: Scene) -> str:
    found = [
        f"{host} lets in other keys than before"
        for host in SSH_HOSTS
        if probes.authorized_keys(scene.lab, host) != scene.before["keys"][host]
    ]
    for host in ENGINE_HOSTS:
        left = [
            path
            for path, text in probes.contents(scene.lab, host, *baseline.RUN_PLACES).items()
            if b"PRIVATE KEY" in text
        ]
        found += [f"{host} still has the key {path}" for path in left]
    return listed(found)


def files_private(scene: Scene) -> str:
    """Whatever holds a secret is for root alone, and so is all of the run directory."""
    secrets = [value.encode() for value in scene.session.secrets.values() if len(value) > 6]
    found = []
    for host in ENGINE_HOSTS:
        modes = probes.tree(scene.lab, host, *baseline.RUN_PLACES)
        for path, text in probes.contents(scene.lab, host, *baseline.RUN_PLACES).items():
            mode = int(modes[path].split(" ", 1)[0], 8)
            if mode & 0o077 and any(secret in text for secret in secrets):
                found.append(f"{path} on {host} holds a secret and has mode {mode:04o}")
    place = run_directory(scene.lab.inventories[ACME.key])
    for file in (place, *sorted(place.rglob("*"))):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            found.append(f"{file.name} of the run has mode {mode:04o}")
    return listed(found)


def report_agrees(scene: Scene) -> str:
    """The run's own word against the network's."""
    report = _report(scene)
    if (report["verdict"], report["option"]) != ("succeeded", scene.option):
        return f"its verdict on the option {report['option']} is {report['verdict']}"
    phases = report["phases"]
    up = phases["start"]["ended"]
    # A client that is cut off before its backup stops only after it. The network finds out with what it sends next.
    down = (
        phases["backup"]["facts"]["off_network_since"]
        if scene.option == SETTINGS
        else phases["fence"]["facts"]["stopping_at"]
    )
    # Attempts that were rolled back have downtimes of their own, and longer ones perhaps.
    gaps = [(gap["from"], gap["to"] or math.inf) for gap in scene.ledger(ACME)["gaps"]]
    seen = [gap for gap in gaps if gap[0] <= _time(up) and gap[1] >= _time(down)]
    if not seen:
        return f"the network saw no downtime between {down} and {up}"
    words = _report_file(scene, "txt").read_text(encoding="utf-8")
    figure, told = _DOWNTIME.search(words), _time(up) - _time(down)
    if figure is None or abs(float(figure[1]) - told) > ROUNDED_SECONDS:
        return f"it says {figure[0] if figure else 'nothing of downtime'}, by its own times it was {told:.1f} s"
    # A run that was interrupted in the window can only tell what it was at most.
    interrupted = report["opened"] > down
    if ("at most" in words) is not interrupted:
        return "it says 'at most' of a run that was not interrupted, or leaves it out for one that was"
    # Which holds however slow this machine is.
    return listed(
        [
            f"by its own times {what} between {since} and {until}, the network saw it at {stamp:.3f}"
            for what, stamp, since, until in (
                ("the client went down", seen[-1][0], down, phases["fence"]["ended"]),
                ("the client came up", seen[-1][1], phases["fence"]["ended"], up),
            )
            if not _time(since) - CUT_SECONDS <= stamp <= _time(until) + CUT_SECONDS
        ]
    )


def _time(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _report_file(scene: Scene, form: str) -> Path:
    return run_directory(scene.lab.inventories[ACME.key]) / f"report.{form}"


def _report(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_report_file(scene, "json").read_text(encoding="utf-8"))
    return found
