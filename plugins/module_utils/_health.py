# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health answer and what it must show for a topology. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Health", "High availability", "Multiconnect". With one shard exactly one coreapp is connected and every
other node is not, the primary master included. With more shards as many coreapps are connected, and the primary master too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CONNECTED, CONNECTING, DISCONNECTED = "connected", "connecting", "disconnected"
UNINITIALIZED, UNREGISTERED = "uninitialized", "unregistered"


@dataclass(frozen=True)
class Node:
    """One node of the answer. ``container`` is None where the answer names none (single instance)."""

    name: str
    host: str | None
    container: str | None
    role: str
    status: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Topology:
    masters: int
    coreapps: int
    shards: int = 1

    @property
    def mode(self) -> str:
        if self.masters == 0:
            return "single"
        return "ha" if self.shards == 1 else "multiconnect"


def parse_health(answer: Any) -> list[Node]:
    """The nodes of a health answer, whatever its shape."""
    health = answer.get("health") if isinstance(answer, dict) else None
    if not isinstance(health, dict):
        return []
    if "gateway_status" in health or "errors" in health:
        return [Node("coreapp", None, None, "coreapp", _status(health))]
    nodes = []
    for name, entry in sorted(health.items()):
        host, _, container = name.rpartition(":")
        entry = entry if isinstance(entry, dict) else {"gateway_status": str(entry)}
        nodes.append(Node(name, host or name, container or None, str(entry.get("role", "unknown")), _status(entry)))
    return nodes


def _status(entry: dict[str, Any]) -> str:
    if "gateway_status" in entry:
        return str(entry["gateway_status"])
    errors = entry.get("errors") or [{}]
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return "error %s %s" % (first.get("code", "?"), first.get("details") or first.get("title") or "")


def lacking(nodes: list[Node], topology: Topology, state: str) -> list[str]:
    """What the picture lacks, a sentence each; empty when it is as it must be."""
    if not nodes:
        return ["the answer names no node"]
    if state == UNREGISTERED:
        return ["%s is %s, not unregistered" % (n.name, n.status) for n in nodes if n.status != UNREGISTERED]
    if topology.mode == "single":
        return [] if nodes[0].status == CONNECTED else ["the coreapp is %s, not connected" % nodes[0].status]
    return _lacking_nodes(nodes, topology) + _lacking_connections(nodes, topology)


def _lacking_nodes(nodes: list[Node], topology: Topology) -> list[str]:
    masters = [n for n in nodes if n.role.endswith("_master")]
    coreapps = [n for n in nodes if n.role == "coreapp"]
    primaries = [n.name for n in nodes if n.role == "primary_master"]
    found = []
    if len(masters) != topology.masters:
        found.append("%d masters instead of %d" % (len(masters), topology.masters))
    if len(coreapps) != topology.coreapps:
        found.append("%d coreapps instead of %d" % (len(coreapps), topology.coreapps))
    if len(primaries) != 1:
        found.append("%d primary masters instead of 1" % len(primaries))
    found += ["%s is %s" % (n.name, n.status) for n in nodes if n.status.startswith("error") or n.status in (UNINITIALIZED, UNREGISTERED)]
    return found


def _lacking_connections(nodes: list[Node], topology: Topology) -> list[str]:
    connected = [n for n in nodes if n.role == "coreapp" and n.status == CONNECTED]
    found = []
    if len(connected) != topology.shards:
        idle = ["%s is %s" % (n.name, n.status) for n in nodes if n.role == "coreapp" and n.status != CONNECTED]
        found.append(
            "%d coreapps are connected instead of %d%s" % (len(connected), topology.shards, " (%s)" % ", ".join(idle) if idle else "")
        )
    for node in nodes:
        if node.role != "primary_master" or node.status.startswith("error"):
            continue
        if topology.shards > 1 and node.status != CONNECTED:
            found.append("the primary master %s is %s, not connected" % (node.name, node.status))
        if topology.shards == 1 and node.status == CONNECTED:
            found.append("the primary master %s is connected, which it must not be with one shard" % node.name)
    return found


def initialising(nodes: list[Node]) -> bool:
    """Whether the schema is still being created or upgraded, which may take longer than a connection."""
    return any(n.status == UNINITIALIZED for n in nodes)
