# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab reset`: back to the pristine old side with an empty new side, whatever a test has done."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

from labctl import clients, control, databases, docker, evidence, hosts, images, project
from labctl.clients import Setup
from labctl.layout import ACME, ENGINE_HOSTS, ENGINES, HOSTS, SSH_HOSTS
from labctl.session import Session
from labctl.state import run_directory
from labctl.up import Say, Wishes, apply, change_engine, hosts_up, prepare

LEFTOVERS = "/var/lib/waba-migration /var/tmp/waba-migration* /root/.ansible"


def reset(session: Session, wishes: Wishes, say: Say) -> None:
    """Number B is left alone as long as it is whole."""
    lab, state = session.lab, session.state
    if wishes.engine:
        images.ensure_images(say, images.needed(ENGINES[wishes.engine]))
    change_engine(session, wishes, say)
    hosts_up(session, say)
    prepare(session)
    evidence.stop_traffic(lab)
    wanted = apply(session, wishes)
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        work = [
            pool.submit(project.empty_host, lab, "new", wishes.images_on_new),
            pool.submit(databases.server(lab, state, "db-new").empty),
            *(pool.submit(_clean, session, host) for host in SSH_HOSTS),
        ]
        for future in work:
            future.result()
    clients.load_images(lab, wishes.images_on_new)

    def restore(setup: Setup) -> None:
        if not clients.has_pristine(state, setup):
            clients.create(session, setup, say)
        elif setup.number is ACME or not clients.is_whole(lab, state, setup):
            say(f"{setup.number.title}: bringing back the client as it was set up")
            clients.bring_back(session, setup)

    clients.side_by_side(restore, wanted)
    session.save()
    evidence.forget(session)
    control.baseline(state)
    for inventory in lab.inventories.values():
        shutil.rmtree(run_directory(inventory), ignore_errors=True)


def _clean(session: Session, host: str) -> None:
    """Removes what a migration leaves on a host: keys of its own, its state, its fact cache."""
    name = session.lab.container(host)
    docker.put(
        name,
        [file for file in hosts.files_of(host, session.keys, session.secrets) if file.path.endswith("authorized_keys")],
    )
    engine = session.state.database_engine
    others = "" if host in ENGINE_HOSTS else f"truncate --size 0 {engine.log} {engine.statement_log}\n"
    docker.script(
        name,
        f"rm -rf {LEFTOVERS}\nfind /root/.ssh -type f ! -name authorized_keys -delete\n{others}",
        tried=f"Cleaning up {host}",
    )
