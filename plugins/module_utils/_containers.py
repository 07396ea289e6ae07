# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers are the client's, and what they say of it. Pure. Private to this collection; may change at any time.

A client's containers are known by their image, which only filters; that they belong together is known by compose project or listed
names, and by the same database server and name prefix. A Master is a coreapp image with WA_MASTER_NODE=1.
"""

from __future__ import annotations

import os
import re
from typing import Any

IMAGE = re.compile(r"(^|/)(?:[^/]*whatsapp\.biz)/(coreapp|web)(?=[:@]|$)")
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"
MEDIA = "/usr/local/wamedia"
DATA = "/usr/local/waent/data"
FENCED = re.compile(r"-fenced-[A-Za-z0-9_.-]+$")
ROLES = ("webapp", "coreapp", "master")

Json = dict


def kind_of(image: str) -> str | None:
    """``coreapp`` or ``web`` for an image of the client."""
    found = IMAGE.search(image)
    return found.group(2) if found else None


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in container["Config"].get("Env") or [])
    return {name: value for name, _separator, value in pairs}


def labels_of(container: dict[str, Any]) -> dict[str, str]:
    return container["Config"].get("Labels") or {}


def name_of(container: dict[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def role_of(container: dict[str, Any]) -> str | None:
    kind = kind_of(str(container["Config"]["Image"]))
    if kind is None:
        return None
    if kind == "web":
        return "webapp"
    return "master" if environment_of(container).get("WA_MASTER_NODE") == "1" else "coreapp"


def database_of(environment: dict[str, str]) -> dict[str, Any]:
    return {
        "engine": environment.get("WA_DB_ENGINE", ""),
        "host": environment.get("WA_DB_HOSTNAME", ""),
        "port": environment.get("WA_DB_PORT", ""),
        "user": environment.get("WA_DB_USERNAME", ""),
        "prefix": environment.get("WA_DB_NAME_PREFIX", ""),
    }


def select(
    inspected: list[dict[str, Any]], project: str, names: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """Returns the client's containers, the project's other ones, and a sentence for each container of a client that is not taken."""
    mine, others, refused = [], [], []
    for container in inspected:
        in_project = labels_of(container).get(PROJECT) == project
        listed = name_of(container) in names or container["Id"] in names or FENCED.sub("", name_of(container)) in names
        wanted = listed if names else in_project
        if role_of(container) is None:
            if in_project:
                others.append(container)
        elif wanted:
            mine.append(container)
        else:
            refused.append(
                "%s has an image of the client, but belongs to %s"
                % (name_of(container), "compose project %s" % labels_of(container)[PROJECT] if PROJECT in labels_of(container) else "no compose project")
            )
    places = {(d["host"], d["prefix"]) for d in (database_of(environment_of(c)) for c in mine)}
    if len(places) > 1:
        listing = ", ".join("%s with prefix %r" % place for place in sorted(places))
        raise ValueError("The containers of %s use different databases (%s): that is more than one client" % (project or "this list", listing))
    foreign = [
        name_of(c)
        for c in inspected
        if c not in mine and role_of(c) is not None and (lambda d: (d["host"], d["prefix"]))(database_of(environment_of(c))) in places
    ]
    refused += ["%s uses the same databases and was not selected" % name for name in foreign]
    return sorted(mine, key=lambda c: (ROLES.index(role_of(c) or ""), name_of(c))), others, refused


def networks_of(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Networks with the aliases that were chosen; the one that the engine adds itself, the short id, is left out."""
    short = container["Id"][:12]
    result = {}
    for name, settings in ((container.get("NetworkSettings") or {}).get("Networks") or {}).items():
        wanted = (settings.get("IPAMConfig") or {}).get("IPv4Address") or None
        aliases = [a for a in settings.get("Aliases") or [] if a != short]
        result[name] = {"aliases": aliases, "ip": wanted, "links": settings.get("Links") or []}
    return result


def ports_of(container: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for port, bindings in sorted((container["HostConfig"].get("PortBindings") or {}).items()):
        for binding in bindings or []:
            rows.append({"container": port, "host_ip": binding.get("HostIp", ""), "host_port": binding.get("HostPort", "")})
    return rows


def mounts_of(container: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "type": m.get("Type", ""),
            "name": m.get("Name", ""),
            "source": m.get("Source", ""),
            "destination": m.get("Destination", ""),
            "rw": m.get("RW", True),
        }
        for m in container.get("Mounts") or []
    ]


def is_fenced(container: dict[str, Any]) -> bool:
    return not container["State"]["Running"] and not networks_of(container) and policy_of(container) == "no" and bool(FENCED.search(name_of(container)))


def policy_of(container: dict[str, Any]) -> str:
    return (container["HostConfig"].get("RestartPolicy") or {}).get("Name") or "no"


def version_of(image: str) -> str:
    """The tag, without the v that the vendor's tags begin with."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return re.sub(r"^v+", "", tag)


def describe_container(container: dict[str, Any], with_environment: bool) -> dict[str, Any]:
    state, config, host = container["State"], container["Config"], container["HostConfig"]
    entry = {
        "id": container["Id"],
        "short_id": container["Id"][:12],
        "name": name_of(container),
        "service": labels_of(container).get(SERVICE) or FENCED.sub("", name_of(container)),
        "role": role_of(container),
        "image": config["Image"],
        "image_id": container.get("Image", ""),
        "running": bool(state["Running"]),
        "status": state.get("Status", ""),
        "exit_code": state.get("ExitCode", 0),
        "started_at": state.get("StartedAt", ""),
        "restart_policy": policy_of(container),
        "hostname": config.get("Hostname", ""),
        "networks": networks_of(container),
        "network_mode": host.get("NetworkMode", ""),
        "ports": ports_of(container),
        "mounts": mounts_of(container),
        "command": config.get("Cmd") or [],
        "entrypoint": config.get("Entrypoint") or [],
        "cap_drop": host.get("CapDrop") or [],
        "user": config.get("User", ""),
    }
    if with_environment:
        entry["environment"] = environment_of(container)
    return entry


def state_of(mine: list[dict[str, Any]]) -> str:
    if not mine:
        return "absent"
    if all(is_fenced(c) for c in mine):
        return "fenced"
    running = [bool(c["State"]["Running"]) for c in mine]
    if all(running):
        return "running"
    return "partial" if any(running) else "stopped"


def compose_files_of(mine: list[dict[str, Any]], directory: str) -> list[str]:
    """The compose files that the containers were made from, as absolute paths."""
    files: list[str] = []
    for container in mine:
        labels = labels_of(container)
        base = labels.get(WORKING_DIR) or directory
        for path in (labels.get(CONFIG_FILES) or "").split(","):
            absolute = os.path.join(base, path) if path else ""
            if absolute and absolute not in files:
                files.append(absolute)
    return files


def obstacles_of(mine: list[dict[str, Any]]) -> list[str]:
    """Why a container could not be fenced, a sentence each."""
    found = []
    for container in mine:
        mode = str(container["HostConfig"].get("NetworkMode", ""))
        if mode == "host" or mode.startswith("container:"):
            found.append("%s uses network mode %s, from which it cannot be disconnected" % (name_of(container), mode))
        if container["HostConfig"].get("AutoRemove"):
            found.append("%s was started with --rm: stopping it would remove it" % name_of(container))
    return found


def describe(
    mine: list[dict[str, Any]], others: list[dict[str, Any]], project: str, directory: str, with_environment: bool = False
) -> dict[str, Any]:
    """What the modules return as ``client``. Holds secrets only with ``with_environment``."""
    environments = [environment_of(c) for c in mine]
    first = environments[0] if environments else {}
    versions = sorted({version_of(str(c["Config"]["Image"])) for c in mine})
    roles = [role_of(c) for c in mine]
    mounts = [m for c in mine for m in mounts_of(c)]
    media = next((m for m in mounts if m["destination"] == MEDIA), None)
    return {
        "project": project,
        "project_directory": directory,
        "compose_files": compose_files_of(mine, directory),
        "state": state_of(mine),
        "version": versions[0] if len(versions) == 1 else "",
        "versions": versions,
        "database": database_of(first),
        "masters": roles.count("master"),
        "coreapps": roles.count("coreapp"),
        "webapps": roles.count("webapp"),
        "multiconnect": any(e.get("WA_APP_MULTICONNECT") == "1" for e in environments),
        "config_on_db": bool(environments) and all(e.get("WA_CONFIG_ON_DB") == "1" for e in environments),
        "data_mounts": sorted({m["source"] for m in mounts if m["destination"].rstrip("/") == DATA}),
        "media": {"type": media["type"], "name": media["name"], "path": media["source"]} if media else {"type": "", "name": "", "path": ""},
        "containers": [describe_container(c, with_environment) for c in mine],
        "others": [
            {"name": name_of(c), "service": labels_of(c).get(SERVICE, ""), "image": c["Config"]["Image"]} for c in others
        ],
        "fence_obstacles": obstacles_of(mine),
    }
