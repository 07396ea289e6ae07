# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules return of a client. Pure. Private to this collection; may change at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._carried import is_plain, sort_out
from ansible_collections.waba.migration.plugins.module_utils._compose_files import absolute_path
from ansible_collections.waba.migration.plugins.module_utils._containers import Json
from ansible_collections.waba.migration.plugins.module_utils._selection import Selection

MEDIA = "/usr/local/wamedia"
DATA = "/usr/local/waent/data"
SWARM = "com.docker.swarm.service.id"


@dataclass(frozen=True)
class Depth:
    """How much of a container is told. Without secrets it is what may be shown and go to another platform."""

    environment: bool = False
    secrets: bool = False
    # Variables that may go along besides the documented ones.
    asked_for: Sequence[str] = ()
    # What ``docker image inspect`` says under Config, by the image's id.
    images: Mapping[str, Json] = field(default_factory=dict)


SHALLOW = Depth()


def describe(selection: Selection, directory: str, depth: Depth = SHALLOW) -> Json:
    """Return the client."""
    mine = selection.mine
    environments = [containers.environment_of(c) for c in mine]
    roles = [containers.role_of(c) for c in mine]
    versions = sorted({containers.version_of(c) for c in mine})
    mounts = [mount for c in mine for mount in containers.mounts_of(c)]
    media = next((mount for mount in mounts if mount["destination"].rstrip("/") == MEDIA), None)
    return {
        "project": selection.project,
        "project_directory": directory,
        "compose_files": compose_files_of(mine, directory),
        "state": state_of(mine),
        "version": versions[0] if len(versions) == 1 else "",
        "versions": versions,
        "database": containers.database_of(mine[0]) if mine else dict.fromkeys(_DATABASE, ""),
        "masters": roles.count(containers.MASTER),
        "coreapps": roles.count(containers.COREAPP),
        "webapps": roles.count(containers.WEBAPP),
        "multiconnect": any(e.get("WA_APP_MULTICONNECT") == "1" for e in environments),
        "config_on_db": bool(mine) and all(e.get("WA_CONFIG_ON_DB") == "1" for e in environments),
        "data_mounts": sorted({mount["source"] for mount in mounts if mount["destination"].rstrip("/") == DATA}),
        "media": {"type": media["type"], "name": media["name"], "path": media["source"]}
        if media
        else {"type": "", "name": "", "path": ""},
        "containers": [describe_container(c, depth) for c in mine],
        "others": [
            {
                "name": containers.name_of(c),
                "service": containers.service_of(c),
                "image": c["Config"]["Image"],
            }
            for c in [*selection.others, *selection.upgrades]
        ],
        "fence_obstacles": obstacles_of(selection, directory),
    }


_DATABASE = ("engine", "host", "port", "user", "prefix")


def describe_container(container: Json, depth: Depth) -> Json:
    state, config, host = container["State"], container["Config"], container["HostConfig"]
    labels = containers.labels_of(container)
    entry = {
        "id": container["Id"],
        "short_id": container["Id"][:12],
        "name": containers.name_of(container),
        "service": containers.service_of(container),
        "role": containers.role_of(container),
        "image": config["Image"],
        "image_id": container.get("Image", ""),
        "running": containers.is_running(container),
        "status": state.get("Status", ""),
        "exit_code": state.get("ExitCode", 0),
        "started_at": state.get("StartedAt", ""),
        "restart_policy": containers.policy_of(container),
        "hostname": config.get("Hostname", ""),
        "networks": containers.networks_of(container),
        "addresses": containers.addresses_of(container),
        "addresses6": containers.addresses6_of(container),
        "network_mode": host.get("NetworkMode", ""),
        "links": containers.links_of(container),
        "ports": containers.ports_of(container),
        "mounts": containers.mounts_of(container),
        "cap_drop": host.get("CapDrop") or [],
        "user": config.get("User", ""),
        "labels": {name: value for name, value in sorted(labels.items()) if name.startswith(containers.LABELS)},
    }
    image = depth.images.get(container.get("Image", ""), {})
    entry.update(_commands_of(config, image, depth))
    if depth.environment:
        entry.update(_environment_of(container, image, depth))
    return entry


def _commands_of(config: Json, image: Json, depth: Depth) -> Json:
    found: Json = {"withheld": []}
    for name, key in (("command", "Cmd"), ("entrypoint", "Entrypoint")):
        words = config.get(key) or []
        shown = depth.secrets or is_plain(words, image.get(key) or [])
        found[name] = words if shown else []
        found["withheld"] += [] if shown else [name]
    return found


def _environment_of(container: Json, image: Json, depth: Depth) -> Json:
    environment = containers.environment_of(container)
    if depth.secrets:
        return {"environment": environment, "left_behind": {}}
    carried, left = sort_out(environment, containers.variables_of(image), depth.asked_for)
    return {"environment": carried, "left_behind": left}


def state_of(mine: Sequence[Json]) -> str:
    """Return running, stopped, fenced, partial (some of it) or absent."""
    if not mine:
        return "absent"
    if all(containers.is_fenced(c) for c in mine):
        return "fenced"
    running = [containers.is_running(c) for c in mine]
    if all(running):
        return "running"
    renamed = any(containers.FENCED.search(containers.name_of(c)) for c in mine)
    return "partial" if any(running) or renamed else "stopped"


def compose_files_of(mine: Sequence[Json], directory: str) -> list[str]:
    """Return the compose files that the containers were made from, as absolute paths."""
    files: dict[str, None] = {}
    for container in mine:
        labels = containers.labels_of(container)
        base = working_directory_of(container, directory)
        for path in labels.get(containers.CONFIG_FILES, "").split(","):
            if path:
                files[absolute_path(base, path)] = None
    return list(files)


def working_directory_of(container: Json, directory: str) -> str:
    return containers.labels_of(container).get(containers.WORKING_DIRECTORY) or directory


def obstacles_of(selection: Selection, directory: str) -> list[str]:
    """Return why a fence could not be set or would not hold, a sentence each with what to do."""
    found = [sentence for c in selection.mine for sentence in _obstacles_of_one(c)]
    for container in selection.upgrades:
        if containers.is_running(container):
            found.append(f"{containers.name_of(container)} upgrades the schema. Wait until it has ended")
    for container in selection.sharing():
        found.append(
            f"{containers.name_of(container)} uses the same databases, but was not selected. "
            "Add it to containers, with all others of this client"
        )
    files = set(compose_files_of(selection.mine, directory))
    for container in selection.outside:
        common = files.intersection(compose_files_of([container], ""))
        if common:
            found.append(
                "{} of another client was made from the same file {}. Give each client a compose file of its own and "
                "recreate its containers from it".format(containers.name_of(container), ", ".join(sorted(common)))
            )
    return found


def _obstacles_of_one(container: Json) -> list[str]:
    name, host = containers.name_of(container), container["HostConfig"]
    mode = str(host.get("NetworkMode", ""))
    found = []
    if mode == "host" or mode.startswith("container:"):
        found.append(
            f"{name} uses network mode {mode}, from which it cannot be disconnected. Put it on a project network first"
        )
    if host.get("AutoRemove"):
        found.append(f"{name} was started with --rm, so that stopping it would remove it. Recreate it without")
    if SWARM in containers.labels_of(container):
        found.append(f"{name} belongs to a Swarm service, which would replace it. Run it without Swarm first")
    return found
