# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fence has changed on a host. Private to this collection; may change at any time.

The record is on disk before the first change, so that an interrupted fence can be finished or taken down.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._containers import Json
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file

FORMAT = 1
DIRECTORY = "/var/lib/waba-migration"


class RecordError(Exception):
    """The record cannot be used. The text says why and what to do."""


class RecordFile:
    """The record on disk. ``data`` is None where no fence was begun."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.data: Json | None = self._load()

    def save(self, data: Json) -> None:
        Path(self.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private_file(self.path, (json.dumps(data, indent=2, sort_keys=True) + "\n").encode("utf-8"))
        self.data = data

    def archive(self) -> None:
        """Keep the record of a fence that was taken down, under another name."""
        if self.data is not None:
            Path(self.path).replace("{}.{}".format(self.path, self.data["run_id"]))
            self.data = None

    def _load(self) -> Json | None:
        try:
            data = json.loads(Path(self.path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise RecordError(
                f"The fence's record {self.path} is not JSON ({error}). Put it right from a copy before anything else."
            ) from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise RecordError(
                f"The fence's record {self.path} has a format that this version does not know. "
                "Use the version of the collection that wrote it."
            )
        return data


def default_path(project: str) -> str:
    return str(Path(DIRECTORY, project, "fence.json"))


def remember(
    data: Mapping[str, Any] | None,
    run_id: str,
    mine: Sequence[Json],
    networks: Mapping[str, Json],
    existing: Sequence[str],
) -> Json:
    """Return the record with what it does not know yet; what is recorded of a half fenced container stays."""
    result: Json = (
        copy.deepcopy(dict(data))
        if data
        else {"format": FORMAT, "run_id": run_id, "containers": {}, "networks": {}, "files": []}
    )
    # The policy is what a fence changes first: where it is not "no", there is nothing yet that the record must keep.
    untouched = [c["Id"] for c in mine if containers.policy_of(c) != "no" and not _bears_fence(c)]
    known = {i: entry for i, entry in result["containers"].items() if i in existing and i not in untouched}
    for container in mine:
        if container["Id"] not in known and not _bears_fence(container):
            known[container["Id"]] = {
                "name": containers.name_of(container),
                "role": containers.role_of(container),
                "service": containers.service_of(container),
                "running": containers.is_running(container),
                "restart_policy": containers.policy_of(container),
                "networks": containers.networks_of(container),
                "links": containers.links_of(container),
            }
    result["containers"] = known
    fixed = {
        n for entry in known.values() for n, endpoint in entry["networks"].items() if endpoint["ip"] or endpoint["ip6"]
    }
    for name, inspected in networks.items():
        result["networks"].setdefault(name, _describe_network(inspected, with_subnets=name in fixed))
    return result


def unrecorded_networks(data: Mapping[str, Any] | None, mine: Sequence[Json]) -> list[str]:
    """Return the networks that a fence would leave and that the record does not describe."""
    described = (data or {}).get("networks", {})
    return sorted({name for c in mine for name in containers.networks_of(c) if name not in described})


def _bears_fence(container: Json) -> bool:
    return containers.FENCED.search(containers.name_of(container)) is not None


def _describe_network(inspected: Json, with_subnets: bool) -> dict[str, Any]:
    """Addresses are kept only where a container has a fixed one; elsewhere the engine chooses a free range again."""
    subnets = [
        {"subnet": entry["Subnet"], "gateway": entry.get("Gateway", "")}
        for entry in (inspected.get("IPAM") or {}).get("Config") or []
        if entry.get("Subnet")
    ]
    return {
        "driver": inspected.get("Driver", ""),
        "internal": bool(inspected.get("Internal")),
        "ipv6": bool(inspected.get("EnableIPv6")),
        "options": inspected.get("Options") or {},
        "labels": inspected.get("Labels") or {},
        "subnets": subnets if with_subnets else [],
    }
