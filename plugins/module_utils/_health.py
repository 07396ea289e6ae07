# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health answer and what it must show for a topology. Pure. Private to this collection; may change at any time.

API facts: On-Premises API, "Health", "High Availability", "Multiconnect". With one shard exactly one coreapp is
connected and every other node is disconnected, the primary master included. With more shards as many coreapps are
connected, and the primary master too. What an unregistered cluster shows is not documented; masters are allowed to be
disconnected there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CONNECTED, CONNECTING, DISCONNECTED = "connected", "connecting", "disconnected"
UNINITIALIZED, UNREGISTERED = "uninitialized", "unregistered"
PRIMARY, SECONDARY, COREAPP = "primary_master", "secondary_master", "coreapp"


@dataclass(frozen=True)
class Node:
    """One node of the answer. Host and container are None where the answer names none (single instance)."""

    name: str
    host: str | None
    container: str | None
    role: str
    status: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_master(self) -> bool:
        return self.role in (PRIMARY, SECONDARY)

    def __str__(self) -> str:
        return f"{self.role} {self.name}" if self.is_master else self.name


@dataclass(frozen=True)
class Topology:
    masters: int
    coreapps: int
    shards: int = 1


def parse_health(answer: Any) -> list[Node]:
    """The nodes of a health answer, whatever its shape."""
    health = answer.get("health") if isinstance(answer, dict) else None
    if not isinstance(health, dict):
        return []
    if "gateway_status" in health or "errors" in health:
        return [Node("coreapp", None, None, COREAPP, _status(health))]
    return [_node(name, entry) for name, entry in sorted(health.items())]


def _node(name: str, entry: Any) -> Node:
    host, colon, container = name.rpartition(":")
    if not isinstance(entry, dict):
        entry = {"gateway_status": entry}
    role = str(entry.get("role") or "unknown")
    return Node(name, host if colon else name, container if colon else None, role, _status(entry))


def _status(entry: dict[str, Any]) -> str:
    if entry.get("gateway_status"):
        return str(entry["gateway_status"])
    errors = entry.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "error: no status"
    return f"error {first.get('code', '?')}: {first.get('details') or first.get('title') or 'no details'}"


def initialising(nodes: list[Node]) -> bool:
    """Whether a schema is being created or upgraded, which may take longer than a connection."""
    return any(node.status == UNINITIALIZED for node in nodes)


def connecting(node: Node) -> bool:
    """Whether the node is connected, or about to be."""
    return node.status in (CONNECTED, CONNECTING)


def lacking(nodes: list[Node], topology: Topology, state: str) -> list[str]:
    """What the picture lacks, a sentence each; empty when it is as it must be."""
    if not nodes:
        return ["the answer names no node"]
    found = _lacking_nodes(nodes, topology)
    if state == UNREGISTERED:
        return found + [_instead(node, UNREGISTERED) for node in nodes if not _may_be_unregistered(node)]
    return found + _lacking_connections(nodes, topology)


def _may_be_unregistered(node: Node) -> bool:
    return node.status == UNREGISTERED or (node.is_master and node.status == DISCONNECTED)


def _lacking_nodes(nodes: list[Node], topology: Topology) -> list[str]:
    masters = sum(node.is_master for node in nodes)
    coreapps = sum(node.role == COREAPP for node in nodes)
    primaries = sum(node.role == PRIMARY for node in nodes)
    found = []
    if masters != topology.masters:
        found.append(f"{counted(masters, 'master')} instead of {topology.masters}")
    if coreapps != topology.coreapps:
        found.append(f"{counted(coreapps, 'coreapp')} instead of {topology.coreapps}")
    if topology.masters and primaries != 1:
        found.append(f"{counted(primaries, 'primary master')} instead of 1")
    return found + [f"{node.name} has the unknown role {node.role}" for node in nodes if _is_stranger(node)]


def _is_stranger(node: Node) -> bool:
    return not node.is_master and node.role != COREAPP


def _lacking_connections(nodes: list[Node], topology: Topology) -> list[str]:
    coreapps = [node for node in nodes if node.role == COREAPP]
    connected = [node for node in coreapps if node.status == CONNECTED]
    spares = [node for node in coreapps if node.status != CONNECTED]
    found = []
    if len(connected) != topology.shards:
        rest = ", ".join(f"{node} is {node.status}" for node in spares)
        found.append(
            f"{counted(len(connected), 'coreapp')} connected instead of {topology.shards}{f' ({rest})' if rest else ''}"
        )
    else:
        found += [_instead(node, DISCONNECTED) for node in spares if node.status != DISCONNECTED]
    for node in nodes:
        if node.is_master:
            wanted = CONNECTED if node.role == PRIMARY and topology.shards > 1 else DISCONNECTED
            found += [_instead(node, wanted)] if node.status != wanted else []
    return found


def _instead(node: Node, wanted: str) -> str:
    return f"{node} is {node.status}, not {wanted}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
