# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab up`: from whatever is there to a running lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from labctl import clients, control, databases, evidence, faults, hosts, images, inventory, project
from labctl import session as sessions
from labctl.clients import Setup
from labctl.files import make_private_directory, one_at_a_time
from labctl.layout import ACME, ENGINES, HOSTS, SSH_HOSTS, DatabaseEngine, Lab
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
    engine: str | None = None


def up(lab: Lab, wishes: Wishes, say: Say) -> None:
    """Brings the lab up. Whatever is there already, and still right, is left alone."""
    make_private_directory(lab.directory)
    chosen = SSH_HOSTS if wishes.bare else HOSTS
    known = sessions.remembered_engine(lab)
    # Labs that are made side by side need the same images, and would take the same network.
    with one_at_a_time(lab.directory.parent / "up.lock"):
        images.ensure_images(say, images.needed(ENGINES[wishes.engine] if wishes.engine else known, wishes.bare))
        _make_room(lab, known, say)
        session = sessions.create(lab)
        change_engine(session, wishes, say)
        hosts_up(session, say, chosen)
    prepare(session)
    if not wishes.bare:
        _clients_up(session, wishes, say)


def change_engine(session: Session, wishes: Wishes, say: Say) -> None:
    """Removes the database servers when others are wished for. `hosts_up` makes the new ones, `prepare` fills them."""
    lab, state = session.lab, session.state
    if wishes.engine in (None, state.engine):
        return
    state.engine = str(wishes.engine)
    state.pristine.pop(ACME.key, None)
    if hosts.exists(lab, ACME.database_host):
        say(f"the database servers are to run {state.engine}: building them anew")
        hosts.remove_database_hosts(lab)
    session.save()


def prepare(session: Session) -> None:
    """What every lab has before its clients: accounts and foreign databases on the old server, inventories."""
    databases.server(session.lab, session.state, ACME.database_host).ensure_old(session.secrets)
    inventory.write(session.lab, session.state, session.keys, session.secrets)


def _make_room(lab: Lab, engine: DatabaseEngine, say: Say) -> None:
    """Removes what cannot be gone on with: hosts of another make or with other keys, notes on hosts that are gone."""
    elsewhere = hosts.made_elsewhere(lab)
    if elsewhere:
        places = " and ".join(place or "an earlier version" for place in elsewhere)
        say(f"a lab named {lab.name} was made from {places}: building it anew from here")
    elif hosts.outdated(lab, engine, SSH_HOSTS):
        say("the hosts' images have changed: building the lab anew")
    elif sessions.exists(lab) and any(hosts.exists(lab, name) for name in SSH_HOSTS):
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
    chosen = apply(session, wishes)
    anew = any(setup.number is ACME and not clients.has_pristine(state, setup) for setup in chosen)
    if anew:
        # One that has moved earlier would be a second client of the same number.
        evidence.stop_traffic(lab)
        project.empty_host(lab, "new", wishes.images_on_new)
    clients.load_images(lab, wishes.images_on_new)
    evidence.configure(session)

    def ensure(setup: Setup) -> None:
        clients.ensure(session, setup, say)

    clients.side_by_side(ensure, chosen)
    if anew:
        evidence.forget(session)
        control.baseline(state)


def apply(session: Session, wishes: Wishes) -> tuple[Setup, ...]:
    """Remembers what was asked for and tells how each client is to be."""
    topology = sessions.remembered_topology(session, wishes.topology, wishes.shards)
    session.state.topology = asdict(topology)
    session.state.messages = wishes.messages or session.state.messages or DEFAULT_MESSAGES
    return clients.setups(topology, session.state.messages, session.state.engine)
