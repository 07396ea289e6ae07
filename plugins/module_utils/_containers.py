# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one container of a client says of itself. Pure. Private to this collection; may change at any time.

Everything here takes an entry of ``docker inspect``.
"""

from __future__ import annotations

import re
from typing import Any, Dict

Json = Dict[str, Any]

# Any registry in front of it, any folder in it, a tag or a digest behind it.
IMAGE = re.compile(r"(?:^|[/.])whatsapp\.biz(?:/[^/:@]+)*/(coreapp|web)(?:[:@]|$)")
FENCED = re.compile(r"-fenced-[A-Za-z0-9_.-]+$")

COMPOSE = "com.docker.compose."
# Of those that a container may have, and that others may keep a secret in.
LABELS = (COMPOSE, "waba.migration.")
PROJECT = COMPOSE + "project"
SERVICE = COMPOSE + "service"
CONFIG_FILES = COMPOSE + "project.config_files"
WORKING_DIRECTORY = COMPOSE + "project.working_dir"

WEBAPP = "webapp"
COREAPP = "coreapp"
MASTER = "master"
UPGRADE = "upgrade"
ROLES = (WEBAPP, COREAPP, MASTER)

# The network of a container that is on none.
NO_NETWORK = "none"


def environment_of(container: Json) -> dict[str, str]:
    return variables_of(container["Config"])


def variables_of(config: Json) -> dict[str, str]:
    """Return the environment in the configuration of a container or an image."""
    pairs = (str(entry).partition("=") for entry in config.get("Env") or [])
    return {name: value for name, _separator, value in pairs}


def labels_of(container: Json) -> dict[str, str]:
    return container["Config"].get("Labels") or {}


def project_of(container: Json) -> str:
    return labels_of(container).get(PROJECT, "")


def name_of(container: Json) -> str:
    return str(container["Name"]).lstrip("/")


def first_name_of(container: Json) -> str:
    """Return the name without what the fence has added."""
    return FENCED.sub("", name_of(container))


def service_of(container: Json) -> str:
    """Return the compose service; a container that was not started by compose counts as one of its own name."""
    return labels_of(container).get(SERVICE) or first_name_of(container)


def is_running(container: Json) -> bool:
    return bool(container["State"]["Running"])


def role_of(container: Json) -> str | None:
    """Return webapp, coreapp, master or upgrade (a one-time upgrade of the schema), or None for anything else."""
    found = IMAGE.search(str(container["Config"]["Image"]))
    if found is None:
        return None
    environment = environment_of(container)
    if found.group(1) == "web":
        return WEBAPP
    if environment.get("WA_DB_UPGRADE") == "1":
        return UPGRADE
    return MASTER if environment.get("WA_MASTER_NODE") == "1" else COREAPP


def database_of(container: Json) -> dict[str, str]:
    environment = environment_of(container)
    return {
        "engine": environment.get("WA_DB_ENGINE", ""),
        "host": environment.get("WA_DB_HOSTNAME", ""),
        "port": environment.get("WA_DB_PORT", ""),
        "user": environment.get("WA_DB_USERNAME", ""),
        "prefix": environment.get("WA_DB_NAME_PREFIX", ""),
    }


def place_of(container: Json) -> tuple[str, str]:
    """Return database host and name prefix, which tell one client's databases from another's."""
    database = database_of(container)
    return database["host"], database["prefix"]


def policy_of(container: Json) -> str:
    """Return the restart policy as ``docker update`` takes it."""
    policy = container["HostConfig"].get("RestartPolicy") or {}
    name = policy.get("Name") or "no"
    retries = policy.get("MaximumRetryCount") or 0
    return f"{name}:{retries}" if name == "on-failure" and retries else str(name)


def addresses_of(container: Json) -> list[str]:
    """Return the IPv4 addresses that the container has now. One that is stopped has none."""
    return _addresses(container, "IPAddress")


def addresses6_of(container: Json) -> list[str]:
    """Return the same for IPv6, on networks that have it."""
    return _addresses(container, "GlobalIPv6Address")


def _addresses(container: Json, key: str) -> list[str]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return sorted({endpoint[key] for endpoint in networks.values() if (endpoint or {}).get(key)})


def networks_of(container: Json) -> dict[str, Json]:
    """Return the networks by name, with what the operator chose there.

    The short id among the aliases is the engine's, and an address counts as chosen only when it was asked for.
    """
    short_id = container["Id"][:12]
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    result = {}
    for name, endpoint in networks.items():
        if name == NO_NETWORK:
            continue
        wanted = (endpoint or {}).get("IPAMConfig") or {}
        result[name] = {
            "aliases": [alias for alias in (endpoint or {}).get("Aliases") or [] if alias != short_id],
            "ip": wanted.get("IPv4Address") or None,
            "ip6": wanted.get("IPv6Address") or None,
            "links": list((endpoint or {}).get("Links") or []),
        }
    return result


def is_fenced(container: Json) -> bool:
    return (
        not is_running(container)
        and policy_of(container) == "no"
        and not networks_of(container)
        and FENCED.search(name_of(container)) is not None
    )


def version_of(container: Json) -> str:
    """Return the image's tag without the v in front; empty for an image that is named by a digest only."""
    image = str(container["Config"]["Image"]).partition("@")[0]
    return image.rpartition("/")[2].partition(":")[2].lstrip("v")


def ports_of(container: Json) -> list[Json]:
    published = container["HostConfig"].get("PortBindings") or {}
    return [
        {"container": port, "host_ip": binding.get("HostIp", ""), "host_port": binding.get("HostPort", "")}
        for port, bindings in sorted(published.items())
        for binding in bindings or []
    ]


def mounts_of(container: Json) -> list[Json]:
    return [
        {
            "type": mount.get("Type", ""),
            "name": mount.get("Name", ""),
            "source": mount.get("Source", ""),
            "destination": mount.get("Destination", ""),
            "rw": mount.get("RW", True),
        }
        for mount in container.get("Mounts") or []
    ]


def links_of(container: Json) -> list[str]:
    """Return the old kind of links, which only the default bridge has."""
    return list(container["HostConfig"].get("Links") or [])
