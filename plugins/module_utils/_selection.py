# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers are one client's. Pure. Private to this collection; may change at any time.

The image only filters. That containers belong together is known by compose project or by their names, and by the same
database host and name prefix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._containers import Json

SHORT_ID = 12


class SelectionError(Exception):
    """What was asked for is not one client. The text says what was found and what to do."""


@dataclass(frozen=True)
class Selection:
    """The containers of a host, sorted out."""

    project: str
    # The client's, by role and name.
    mine: list[Json]
    # The project's containers that are not the client's, such as a database.
    others: list[Json]
    # One-time upgrades of this client's schema.
    upgrades: list[Json]
    # Containers of clients outside of the selection.
    outside: list[Json]
    # Names that were asked for and are not there.
    missing: list[str]
    everything: list[Json]

    def sharing(self) -> list[Json]:
        """Return the containers outside of the selection that work on the databases of this client."""
        return [c for c in self.outside if self.mine and self._same_databases(self.mine[0], c)]

    def _same_databases(self, one: Json, two: Json) -> bool:
        if containers.place_of(one) != containers.place_of(two):
            return False
        same_project = containers.project_of(one) == containers.project_of(two)
        return same_project or not (self._has_local_host(one) or self._has_local_host(two))

    def _has_local_host(self, container: Json) -> bool:
        """Tell whether the database host is a name that means something in the container's own project only."""
        host, project = containers.place_of(container)[0], containers.project_of(container)
        return any(host in _names_of(c) for c in self.everything if containers.project_of(c) == project)

    def refused(self) -> list[str]:
        """Return a sentence for each container with an image of the client that was not selected."""
        sharing = [c["Id"] for c in self.sharing()]
        return [_sentence(c, self.project, c["Id"] in sharing) for c in self.outside]


def selection_spec() -> dict[str, Any]:
    """Return the options that say which client is meant."""
    return {
        "project": {"type": "str", "required": True},
        "project_directory": {"type": "path", "required": True},
        "containers": {"type": "list", "elements": "str", "default": []},
        "docker_cli": {"type": "str", "default": "docker"},
    }


def select(inspected: Sequence[Json], project: str, names: Sequence[str]) -> Selection:
    """Sort the containers of a host out, by compose project or, when names or ids are given, by these."""
    mine: list[Json] = []
    others: list[Json] = []
    upgrades: list[Json] = []
    outside: list[Json] = []
    for container in inspected:
        role = containers.role_of(container)
        in_project = containers.project_of(container) == project
        wanted = any(_is_meant(container, name) for name in names) if names else in_project
        if role is None:
            others += [container] if in_project else []
        elif role == containers.UPGRADE:
            upgrades += [container] if in_project or wanted else []
        else:
            (mine if wanted else outside).append(container)
    _check_one_client(mine, project)
    order = {role: number for number, role in enumerate(containers.ROLES)}
    mine.sort(key=lambda c: (order[containers.role_of(c) or ""], containers.name_of(c)))
    missing = [name for name in names if not any(_is_meant(c, name) for c in [*mine, *upgrades])]
    return Selection(project, mine, others, upgrades, outside, missing, list(inspected))


def _is_meant(container: Json, name: str) -> bool:
    identifier = str(container["Id"])
    by_id = len(name) >= SHORT_ID and identifier.startswith(name)
    return by_id or name in (containers.name_of(container), containers.first_name_of(container))


def _check_one_client(mine: Sequence[Json], project: str) -> None:
    places: dict[tuple[str, str], list[str]] = {}
    for container in mine:
        places.setdefault(containers.place_of(container), []).append(containers.name_of(container))
    if len(places) > 1:
        listing = "; ".join(
            f"{', '.join(sorted(names))} use {_place(place)}" for place, names in sorted(places.items())
        )
        raise SelectionError(
            f"The selected containers of compose project {project} use different databases, so they are more than one "
            f"client: {listing}. Give the names of those that belong to this number as containers."
        )


def _place(place: tuple[str, str]) -> str:
    host, prefix = place
    return f"host {host or '(none)'} with prefix '{prefix}'"


def _names_of(container: Json) -> list[str]:
    aliases = [alias for network in containers.networks_of(container).values() for alias in network["aliases"]]
    return [containers.service_of(container), containers.first_name_of(container), *aliases]


def _sentence(container: Json, project: str, shares: bool) -> str:
    found = containers.project_of(container)
    where = f"compose project {found}" if found else "no compose project"
    if found == project:
        where += ", but is not among the containers that were asked for"
    which = ", which are those of the selected client" if shares else ""
    return (
        f"{containers.name_of(container)} ({containers.role_of(container)}) is not taken: it belongs to {where}; "
        f"its databases are on {_place(containers.place_of(container))}{which}"
    )
