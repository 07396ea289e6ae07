# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two clients as a whole: set up once, kept aside in that pristine form, brought back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from labctl import control, databases, images, onboarding, project
from labctl.errors import LabError
from labctl.layout import ACME, BETA, CLIENT_IMAGES, NUMBERS, POSTGRES_IMAGE, POSTGRESQL, Lab, Number, Topology
from labctl.session import Session
from labctl.state import State

BETA_MESSAGES = 500


@dataclass(frozen=True)
class Setup:
    """How one client is to be."""

    number: Number
    topology: Topology
    messages: int
    engine: str

    def signature(self) -> dict[str, Any]:
        """What must be the same for a pristine copy to be of use."""
        return {
            "topology": asdict(self.topology),
            "messages": self.messages,
            "engine": self.engine,
            "schema": images.schema_fingerprint(),
        }


def setups(topology: Topology, messages: int, engine: str) -> tuple[Setup, ...]:
    return (Setup(ACME, topology, messages, engine), Setup(BETA, Topology(), BETA_MESSAGES, POSTGRESQL.name))


def load_images(lab: Lab, on_new: bool) -> None:
    """Hands the client's images to the old host. The new one gets them from a migration, unless told otherwise."""
    images.load_into(lab.container("old"), (*CLIENT_IMAGES, POSTGRES_IMAGE))
    if on_new:
        images.load_into(lab.container("new"), CLIENT_IMAGES)


def side_by_side(work: Callable[[Setup], None], chosen: Iterable[Setup]) -> None:
    """Does the same for several clients at once."""
    with ThreadPoolExecutor(max_workers=len(NUMBERS)) as pool:
        for future in [pool.submit(work, setup) for setup in chosen]:
            future.result()


def ensure(session: Session, setup: Setup, say: Callable[[str], None]) -> None:
    """Makes sure that a client serves: set up where there is none, started where it stands, left where it moved."""
    lab, state, number = session.lab, session.state, setup.number
    if not has_pristine(state, setup):
        create(session, setup, say)
        return
    connected = control.connected_slots(state, number.wa_id)
    if connected and not _on_old(lab, number):
        say(f"{number.title} has moved to the new host; `lab reset` brings it back")
        return
    if not _on_old(lab, number):
        raise LabError(
            f"Starting the client of {number.title}",
            "its containers are fenced or gone on the old host",
            "Run `lab reset` to start over.",
        )
    project.start(lab, number)
    onboarding.wait_connected(state, number, setup.topology)


def has_pristine(state: State, setup: Setup) -> bool:
    kept: dict[str, Any] = state.pristine.get(setup.number.key, {})
    return bool(kept.get("signature") == setup.signature())


def _on_old(lab: Lab, number: Number) -> bool:
    """Whether the project on the old host is one that compose may start: there, and not fenced."""
    found = [container for container in project.containers(lab, "old") if container["project"] == number.project]
    return bool(found) and all(container["networks"] for container in found)


def create(session: Session, setup: Setup, say: Callable[[str], None]) -> None:
    """Sets a client up from nothing and keeps it aside before it serves."""
    lab, state, number = session.lab, session.state, setup.number
    state.pristine.pop(number.key, None)
    session.save()
    say(f"{number.title}: setting up a {setup.topology.describe()} client")
    project.remove(lab, number)
    if number is ACME:
        databases.server(lab, state, number.database_host).drop_client_databases()
    control.forget(state, number.wa_id)
    onboarding.onboard(session, number, setup.topology, setup.messages, say)
    project.stop(lab, number)
    snapshot = control.snapshot(state, number.wa_id)
    if number is ACME:
        databases.server(lab, state, number.database_host).keep_pristine()
    project.keep_pristine(lab, number)
    # The restart also makes the coreapps read the webhook's certificate authority.
    project.start(lab, number)
    onboarding.wait_connected(state, number, setup.topology)
    state.pristine[number.key] = {"signature": setup.signature(), "network": snapshot}
    session.save()
    say(f"{number.title}: connected")


def bring_back(session: Session, setup: Setup) -> None:
    """Back to the pristine form, whatever has happened to the client."""
    lab, state, number = session.lab, session.state, setup.number
    project.bring_back(lab, number)
    if number is ACME:
        databases.server(lab, state, number.database_host).restore_pristine()
    control.restore(
        state, number.wa_id, state.pristine[number.key]["network"], session.secrets[f"{number.key}_two_step_pin"]
    )
    project.start(lab, number)
    onboarding.wait_connected(state, number, setup.topology)


def is_whole(lab: Lab, state: State, setup: Setup) -> bool:
    """Whether a client serves on the old host with all of its containers running."""
    number = setup.number
    found = [container for container in project.containers(lab, "old") if container["project"] == number.project]
    slots = set(control.connected_slots(state, number.wa_id))
    return (
        bool(found)
        and all(c["status"] == "running" and c["networks"] for c in found)
        and onboarding.expected_slots(setup.topology) <= slots
    )
