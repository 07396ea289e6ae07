# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence: a client that is stopped and cannot come back by itself. Private to this collection; may change at any time.

Fenced means: not running, restart policy C(no), on no network, renamed, compose files set aside. Each of them alone leaves a way back:
the engine restarts by policy, compose finds containers by label, C(compose up) recreates what differs from the file. A container
without a network reaches neither the database nor WhatsApp, whoever starts it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker, DockerError
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file

STOP_ORDER = ("webapp", "coreapp", "master")
START_ORDER = ("master", "coreapp", "webapp")
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
NOTICE = (
    "# The WhatsApp client of this project was moved to another host by waba.migration (run %s) and is fenced here.\n"
    "# Two clients for one number throw each other out. What is left below are the project's other services.\n"
    "# The complete file is beside this one, as %s. rollback.yml puts it back.\n"
)


class FenceError(Exception):
    """The fence cannot be set, proved or taken down. The text says why and what to do."""


def timestamp() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Record:
    """What the fence has changed, written before each change, so that an interrupted fence can be finished or taken down."""

    def __init__(self, path: str):
        self.path = path
        self.data: dict[str, Any] = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.data = json.load(file)

    def save(self) -> None:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        write_private_file(self.path, json.dumps(self.data, indent=2, sort_keys=True).encode())

    def archive(self) -> None:
        """Keeps the record of a fence that was taken down."""
        if os.path.exists(self.path):
            os.replace(self.path, "%s.%s" % (self.path, self.data.get("run_id", "unknown")))
        self.data = {}


def remember(record: Record, run_id: str, mine: list[dict[str, Any]]) -> bool:
    """Adds what is not recorded yet; containers that are half fenced keep their first record. Returns whether it grew."""
    known = record.data.get("containers", {})
    fresh = {
        c["Id"]: {
            "name": containers.name_of(c),
            "restart_policy": containers.policy_of(c),
            "networks": containers.networks_of(c),
            "role": containers.role_of(c),
        }
        for c in mine
        if c["Id"] not in known and not containers.FENCED.search(containers.name_of(c))
    }
    if not fresh and record.data:
        return False
    record.data.setdefault("run_id", run_id)
    record.data.setdefault("files", [])
    record.data["containers"] = {**known, **fresh}
    return True


def fence_actions(mine: list[dict[str, Any]], run_id: str) -> list[dict[str, Any]]:
    """What is left to do, in order. Empty for a fenced client."""
    actions: list[dict[str, Any]] = []
    restarting = [c["Id"] for c in mine if containers.policy_of(c) != "no"]
    if restarting:
        actions.append({"do": "policy", "ids": restarting, "policy": "no"})
    for role in STOP_ORDER:
        ids = [c["Id"] for c in mine if containers.role_of(c) == role and c["State"]["Running"]]
        if ids:
            actions.append({"do": "stop", "ids": ids, "role": role})
    for container in mine:
        for network in containers.networks_of(container):
            actions.append({"do": "disconnect", "id": container["Id"], "network": network, "name": containers.name_of(container)})
    for container in mine:
        name = containers.name_of(container)
        if not containers.FENCED.search(name):
            actions.append({"do": "rename", "id": container["Id"], "name": name, "to": "%s-fenced-%s" % (name, run_id)})
    return actions


def unfence_actions(mine: list[dict[str, Any]], record: dict[str, Any]) -> list[dict[str, Any]]:
    """What is left to do to have the recorded state again, in order. Does not start anything."""
    actions: list[dict[str, Any]] = []
    for container in mine:
        was = record.get("containers", {}).get(container["Id"])
        if was is None:
            continue
        name = containers.name_of(container)
        if name != was["name"]:
            actions.append({"do": "rename", "id": container["Id"], "name": name, "to": was["name"]})
        present = containers.networks_of(container)
        for network, settings in was["networks"].items():
            if network not in present:
                actions.append({"do": "connect", "id": container["Id"], "network": network, "name": was["name"], **settings})
        if containers.policy_of(container) != was["restart_policy"]:
            actions.append({"do": "policy", "ids": [container["Id"]], "policy": was["restart_policy"]})
    return actions


def start_actions(mine: list[dict[str, Any]], policy: str | None) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if policy is not None:
        ids = [c["Id"] for c in mine if containers.policy_of(c) != policy]
        if ids:
            actions.append({"do": "policy", "ids": ids, "policy": policy})
    for role in START_ORDER:
        ids = [c["Id"] for c in mine if containers.role_of(c) == role and not c["State"]["Running"]]
        if ids:
            actions.append({"do": "start", "ids": ids, "role": role})
    return actions


def stop_actions(mine: list[dict[str, Any]], policy: str | None) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if policy is not None:
        changed = [c["Id"] for c in mine if containers.policy_of(c) != policy]
        if changed:
            actions.append({"do": "policy", "ids": changed, "policy": policy})
    for role in STOP_ORDER:
        ids = [c["Id"] for c in mine if containers.role_of(c) == role and c["State"]["Running"]]
        if ids:
            actions.append({"do": "stop", "ids": ids, "role": role})
    return actions


def sentence(action: dict[str, Any]) -> str:
    """For people: what an action does."""
    if action["do"] == "policy":
        return "restart policy %s on %d containers" % (action["policy"], len(action["ids"]))
    if action["do"] in ("stop", "start"):
        return "%s %d %s" % (action["do"], len(action["ids"]), action["role"])
    if action["do"] == "disconnect":
        return "disconnect %s from %s" % (action["name"], action["network"])
    if action["do"] == "connect":
        return "connect %s to %s" % (action["name"], action["network"])
    if action["do"] == "rename":
        return "rename %s to %s" % (action["name"], action["to"])
    if action["do"] == "file":
        return "%s %s" % (action["what"], action["path"])
    return "remove %s" % action["name"]


def execute(docker: Docker, actions: list[dict[str, Any]], stop_timeout: int) -> None:
    for action in actions:
        kind = action["do"]
        if kind == "policy":
            docker.set_restart_policy(action["ids"], action["policy"])
        elif kind == "stop":
            docker.stop(action["ids"], stop_timeout)
        elif kind == "start":
            docker.start(action["ids"])
        elif kind == "disconnect":
            docker.disconnect(action["network"], action["id"])
        elif kind == "connect":
            docker.connect(action["network"], action["id"], action["aliases"], action["ip"])
        elif kind == "rename":
            docker.rename(action["id"], action["to"])
        elif kind == "remove":
            docker.remove(action["id"])
        else:
            raise AssertionError(kind)


def proof(mine: list[dict[str, Any]]) -> list[str]:
    """What a fresh look shows; raises FenceError on a container that is not fenced."""
    lines = []
    for container in mine:
        name = containers.name_of(container)
        if not containers.is_fenced(container):
            raise FenceError(
                "%s is not fenced: running %s, restart policy %s, networks %s. Something on this host works against the fence; "
                "look for a supervisor that restarts containers." % (
                    name, container["State"]["Running"], containers.policy_of(container), ", ".join(containers.networks_of(container)) or "none"
                )
            )  # fmt: skip
        finished = container["State"].get("FinishedAt", "")
        lines.append("%s: stopped %s, restart policy no, no network" % (name, finished[:19]))
    return lines


# -- compose files ----------------------------------------------------------------------------------------------------


def files_to_set_aside(mine: list[dict[str, Any]], directory: str) -> list[str]:
    """The files that compose made the containers from, and what it would find by itself in the project directory."""
    candidates = containers.compose_files_of(mine, directory) + [os.path.join(directory, name) for name in COMPOSE_NAMES]
    return [path for path in dict.fromkeys(candidates) if os.path.exists(path)]


def pending_files(record: Record, mine: list[dict[str, Any]], directory: str) -> list[str]:
    """Files that still stand there whole. A reduced file that the fence itself wrote is none."""
    done = {entry["path"] for entry in record.data.get("files", []) if os.path.exists(entry["aside"])}
    return [path for path in files_to_set_aside(mine, directory) if path not in done]


def set_aside(
    docker: Docker, record: Record, mine: list[dict[str, Any]], others: list[dict[str, Any]], directory: str, run_id: str
) -> list[dict[str, Any]]:
    """Moves the compose files aside. Other services of the project keep a reduced file, if it can be made."""
    actions: list[dict[str, Any]] = []
    paths = pending_files(record, mine, directory)
    if not paths:
        return actions
    reduced = reduced_project(docker, paths, directory, mine) if others else None
    for path in paths:
        aside = "%s.fenced-%s" % (path, run_id)
        record.data["files"].append({"path": path, "aside": aside, "reduced": bool(reduced) and path == paths[0]})
    record.save()
    for path in paths:
        aside = "%s.fenced-%s" % (path, run_id)
        mode = os.stat(path).st_mode & 0o777
        os.replace(path, aside)
        actions.append({"do": "file", "what": "set aside", "path": path})
        if reduced and path == paths[0]:
            text = NOTICE % (run_id, os.path.basename(aside)) + json.dumps(reduced, indent=2) + "\n"
            write_private_file(path, text.encode(), mode)
            actions.append({"do": "file", "what": "keep the other services in", "path": path})
    return actions


def reduced_project(
    docker: Docker, paths: list[str], directory: str, mine: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The project without the client's services; None when compose cannot read it or nothing would be left."""
    try:
        model = docker.compose_config(paths, directory)
    except (DockerError, ValueError):
        return None
    gone = {containers.labels_of(c).get(containers.SERVICE) for c in mine}
    services = {name: service for name, service in (model.get("services") or {}).items() if name not in gone}
    if not services:
        return None
    for service in services.values():
        for key in ("depends_on", "links"):
            if isinstance(service.get(key), dict):
                service[key] = {k: v for k, v in service[key].items() if k not in gone}
            elif isinstance(service.get(key), list):
                service[key] = [k for k in service[key] if str(k).partition(":")[0] not in gone]
    return {**model, "services": services}


def put_back(record: Record) -> list[dict[str, Any]]:
    """Puts the compose files back where they were."""
    actions: list[dict[str, Any]] = []
    for entry in record.data.get("files", []):
        if os.path.exists(entry["aside"]):
            os.replace(entry["aside"], entry["path"])
            actions.append({"do": "file", "what": "put back", "path": entry["path"]})
    return actions


def wait_until_running(look: Callable[[], list[dict[str, Any]]], seconds: float = 2.0) -> list[dict[str, Any]]:
    """Looks again after a moment: a container that dies at once must not count as started."""
    time.sleep(min(seconds, 0.3))
    mine = look()
    dead = [c for c in mine if not c["State"]["Running"]]
    if dead:
        names = ", ".join("%s (exit code %s)" % (containers.name_of(c), c["State"].get("ExitCode")) for c in dead)
        raise FenceError("Started, but not running any more: %s. Look at docker logs of these containers." % names)
    return mine
