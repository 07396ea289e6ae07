# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker commands that bring a client into a state. Pure. Private to this collection; may change at any time.

Each plan is what is left to do, so that an interrupted one goes on where it ended, and is empty when nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._containers import Json

# No new work first, the connection to WhatsApp last.
STOP_ORDER = (containers.WEBAPP, containers.COREAPP, containers.MASTER)
START_ORDER = tuple(reversed(STOP_ORDER))
DEFAULT_BRIDGE = "bridge"


class PlanError(Exception):
    """There is no way to the wanted state. The text says why and what to do; nothing has been changed."""


@dataclass(frozen=True)
class Step:
    """One docker command, what it means to people, and what it changes."""

    arguments: tuple[str, ...]
    sentence: str
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def starts(self) -> bool:
        return self.arguments[0] == "start"

    @property
    def stops(self) -> bool:
        return self.arguments[0] == "stop"


def picture(mine: Sequence[Json]) -> dict[str, dict[str, Any]]:
    """Return what the plans change, by container id."""
    return {
        c["Id"]: {
            "name": containers.name_of(c),
            "running": containers.is_running(c),
            "restart_policy": containers.policy_of(c),
            "networks": sorted(containers.networks_of(c)),
        }
        for c in mine
    }


def picture_after(before: Mapping[str, Mapping[str, Any]], steps: Sequence[Step]) -> dict[str, dict[str, Any]]:
    """Return the picture that the steps lead to."""
    after = {identifier: dict(values) for identifier, values in before.items()}
    for step in steps:
        for identifier, values in step.changes.items():
            if values:
                after[identifier].update(values)
            else:
                del after[identifier]
    return after


def plan_fence(mine: Sequence[Json], run_id: str, stop_timeout: int) -> list[Step]:
    """Policies before stops, so that the engine brings nothing back; names last, which only people go by."""
    return [
        *_set_policies(mine, {c["Id"]: "no" for c in mine}),
        *_stop(mine, stop_timeout),
        *(step for c in mine for step in _disconnect(c)),
        *(_rename(c, f"{containers.name_of(c)}-fenced-{run_id}") for c in mine if not _bears_fence(c)),
    ]


def plan_unfence(
    mine: Sequence[Json], record: Mapping[str, Any], taken_names: Sequence[str], present_networks: Sequence[str]
) -> list[Step]:
    """Return what restores the record's networks, names and policies. It starts nothing."""
    recorded = record["containers"]
    unknown = [containers.name_of(c) for c in mine if _bears_fence(c) and c["Id"] not in recorded]
    if unknown:
        raise PlanError(
            "{} is fenced, but the fence's record does not know it, so its networks and restart policy are not known. "
            "Give the right record, or restore it by hand.".format(", ".join(unknown))
        )
    known = [c for c in mine if c["Id"] in recorded]
    conflicts = [recorded[c["Id"]]["name"] for c in known if _name_is_taken(c, recorded, taken_names)]
    if conflicts:
        raise PlanError(
            "Other containers have taken the names {} since the client was fenced. Remove or rename them first; "
            "if they belong to a client that was started anew, only one of the two may run.".format(
                ", ".join(conflicts)
            )
        )
    wanted = {name for c in known for name in recorded[c["Id"]]["networks"]} - {DEFAULT_BRIDGE}
    return [
        *(_create_network(name, record["networks"].get(name, {})) for name in sorted(wanted - set(present_networks))),
        *(step for c in known for step in _connect(c, recorded[c["Id"]])),
        *(_rename(c, recorded[c["Id"]]["name"]) for c in known if containers.name_of(c) != recorded[c["Id"]]["name"]),
        *_set_policies(known, {c["Id"]: recorded[c["Id"]]["restart_policy"] for c in known}),
    ]


def plan_start(mine: Sequence[Json], policy: str | None) -> list[Step]:
    steps = _set_policies(mine, {c["Id"]: policy for c in mine}) if policy else []
    for role in START_ORDER:
        chosen = [c for c in mine if containers.role_of(c) == role and not containers.is_running(c)]
        if chosen:
            steps.append(_on_all("start", chosen, {"running": True}))
    return steps


def plan_stop(mine: Sequence[Json], policy: str | None, stop_timeout: int) -> list[Step]:
    return [*(_set_policies(mine, {c["Id"]: policy for c in mine}) if policy else []), *_stop(mine, stop_timeout)]


def plan_remove(mine: Sequence[Json], stop_timeout: int) -> list[Step]:
    """Return what removes the containers, and nothing else: no volume goes with them."""
    stops = _stop(mine, stop_timeout)
    removals = [Step(("rm", c["Id"]), f"remove {containers.name_of(c)}", {c["Id"]: {}}) for c in mine]
    return [*stops, *removals]


def _bears_fence(container: Json) -> bool:
    return containers.FENCED.search(containers.name_of(container)) is not None


def _name_is_taken(container: Json, recorded: Mapping[str, Any], taken: Sequence[str]) -> bool:
    wanted = recorded[container["Id"]]["name"]
    return bool(wanted != containers.name_of(container) and wanted in taken)


def _set_policies(mine: Sequence[Json], wanted: Mapping[str, str]) -> list[Step]:
    by_policy: dict[str, list[Json]] = {}
    for container in mine:
        if containers.policy_of(container) != wanted[container["Id"]]:
            by_policy.setdefault(wanted[container["Id"]], []).append(container)
    return [
        Step(
            ("update", "--restart", policy, *(c["Id"] for c in chosen)),
            f"set restart policy {policy} on {_names(chosen)}",
            {c["Id"]: {"restart_policy": policy} for c in chosen},
        )
        for policy, chosen in sorted(by_policy.items())
    ]


def _stop(mine: Sequence[Json], timeout: int) -> list[Step]:
    """One command for each role: the engine stops its containers side by side."""
    steps = []
    for role in STOP_ORDER:
        chosen = [c for c in mine if containers.role_of(c) == role and containers.is_running(c)]
        if chosen:
            steps.append(_on_all("stop", chosen, {"running": False}, "-t", str(timeout)))
    return steps


def _on_all(verb: str, chosen: Sequence[Json], change: Json, *options: str) -> Step:
    return Step(
        (verb, *options, *(c["Id"] for c in chosen)),
        f"{verb} {_names(chosen)}",
        {c["Id"]: dict(change) for c in chosen},
    )


def _disconnect(container: Json) -> list[Step]:
    left = sorted(containers.networks_of(container))
    steps = []
    while left:
        network, left = left[0], left[1:]
        steps.append(
            Step(
                ("network", "disconnect", "--force", network, container["Id"]),
                f"disconnect {containers.first_name_of(container)} from {network}",
                {container["Id"]: {"networks": left}},
            )
        )
    return steps


def _connect(container: Json, recorded: Mapping[str, Any]) -> list[Step]:
    there = sorted(containers.networks_of(container))
    steps = []
    for network, endpoint in sorted(recorded["networks"].items()):
        if network in there:
            continue
        there = sorted([*there, network])
        steps.append(
            Step(
                ("network", "connect", *_endpoint_options(network, endpoint), network, container["Id"]),
                "connect {} to {}".format(recorded["name"], network),
                {container["Id"]: {"networks": there}},
            )
        )
    return steps


def _endpoint_options(network: str, endpoint: Mapping[str, Any]) -> list[str]:
    """The default bridge knows neither aliases nor chosen addresses."""
    if network == DEFAULT_BRIDGE:
        return []
    options = [item for alias in endpoint["aliases"] for item in ("--alias", alias)]
    options += [item for link in endpoint["links"] for item in ("--link", link)]
    options += ["--ip", endpoint["ip"]] if endpoint["ip"] else []
    return options + (["--ip6", endpoint["ip6"]] if endpoint["ip6"] else [])


def _create_network(name: str, recorded: Mapping[str, Any]) -> Step:
    """Somebody has pruned the network, which is in nobody's use while the client is fenced."""
    options = ["--driver", recorded.get("driver") or "bridge"]
    options += ["--internal"] if recorded.get("internal") else []
    options += ["--ipv6"] if recorded.get("ipv6") else []
    for subnet in recorded.get("subnets") or []:
        options += ["--subnet", subnet["subnet"]]
        options += ["--gateway", subnet["gateway"]] if subnet.get("gateway") else []
    for kind, values in (("--opt", recorded.get("options")), ("--label", recorded.get("labels"))):
        options += [item for key, value in sorted((values or {}).items()) for item in (kind, f"{key}={value}")]
    return Step(("network", "create", *options, name), f"create the network {name} again, which is gone")


def _rename(container: Json, name: str) -> Step:
    return Step(
        ("rename", container["Id"], name),
        f"rename {containers.name_of(container)} to {name}",
        {container["Id"]: {"name": name}},
    )


def _names(chosen: Sequence[Json]) -> str:
    return ", ".join(containers.first_name_of(c) for c in chosen)
