# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab up`: from whatever is there to a running lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from labctl import clients, control, databases, evidence, faults, hosts, images, inventory
from labctl import session as sessions
from labctl.clients import Setup
from labctl.files import make_private_directory
from labctl.layout import HOSTS, SSH_HOSTS, Lab
from labctl.session import Session

DEFAULT_MESSAGES = 20_000
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """What was asked for. None leaves it as the lab has it."""

    topology: str | None = None
    shards: int | None = None
    messages: int | None = None
    bare: bool = False
    images_on_new: bool = False


def up(lab: Lab, wishes: Wishes, say: Say) -> None:
    """Brings the lab up. Whatever is there already, and still right, is left alone."""
    make_private_directory(lab.directory)
    chosen = SSH_HOSTS if wishes.bare else HOSTS
    images.ensure_images(say, [image for image in images.IMAGES if not wishes.bare or image.tag in images.HOST_ONLY])
    _make_room(lab, say)
    session = sessions.create(lab)
    hosts_up(session, say, chosen)
    databases.ensure_old_server(lab, session.secrets)
    inventory.write(lab, session.state, session.keys, session.secrets)
    if not wishes.bare:
        _clients_up(session, wishes, say)


def _make_room(lab: Lab, say: Say) -> None:
    """Removes what cannot be gone on with: hosts of an older make, or ones whose keys and passwords are not ours."""
    elsewhere = hosts.made_elsewhere(lab)
    if elsewhere:
        places = " and ".join(place or "an earlier version" for place in elsewhere)
        say(f"a lab named {lab.name} was made from {places}: building it anew from here")
    elif hosts.outdated(lab, SSH_HOSTS):
        say("the hosts' images have changed: building the lab anew")
    elif sessions.exists(lab):
        return
    hosts.remove_everything(lab)
    sessions.forget(lab)


def hosts_up(session: Session, say: Say, chosen: tuple[str, ...] = HOSTS) -> None:
    """Every host is there, on, and free of faults."""
    hosts.ensure_hosts(session.lab, session.state, session.keys, session.secrets, say, chosen)
    session.save()
    faults.undo_all(session.lab, session.state)
    session.save()
    hosts.wait_all_ready(session.lab, session.state, chosen)


def _clients_up(session: Session, wishes: Wishes, say: Say) -> None:
    lab, state = session.lab, session.state
    clients.load_images(lab, wishes.images_on_new)
    evidence.configure(session)
    fresh = not state.pristine

    def ensure(setup: Setup) -> None:
        clients.ensure(session, setup, say)

    clients.side_by_side(ensure, apply(session, wishes))
    if fresh:
        control.baseline(state)


def apply(session: Session, wishes: Wishes) -> tuple[Setup, ...]:
    """Remembers what was asked for and tells how each client is to be."""
    topology = sessions.remembered_topology(session, wishes.topology, wishes.shards)
    session.state.topology = asdict(topology)
    session.state.messages = wishes.messages or session.state.messages or DEFAULT_MESSAGES
    return clients.setups(topology, session.state.messages)
