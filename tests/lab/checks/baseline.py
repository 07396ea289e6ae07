# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab is before the run: what is to be the same afterwards, and what is to be found on the other side."""

from __future__ import annotations

import time
from typing import Any

from labctl import control, databases, docker, evidence
from labctl.api import Api
from labctl.databases.postgresql import PRISTINE_PREFIX
from labctl.layout import ACME, BETA, ENGINE_HOSTS, SSH_HOSTS
from labctl.session import Session
from labctl.state import run_directory
from labctl.waiting import wait_until

from checks import canary, dumps, fence, probes, record
from checks.options import NEW_PLATFORM

STAGE = "baseline"
USERS = ("admin", "sender", "monitor")
RATES: evidence.Rates = {"acme": (1.5, 0.75), "beta": (0.5, 0.25)}
"""Of the traffic: two labs share a machine with two cores."""
TRAFFIC_SECONDS = 60.0
API_SECONDS = 30.0
ENOUGH_MESSAGES = 4
RUN_PLACES = ("/var/lib/waba-migration", "/root/biz")
"""Where a run may leave files on a host."""


def token(session: Session, host: str) -> str:
    """The old administrator's, as soon as number A's API answers."""
    return log_in(session, host, "admin", session.secrets[f"{ACME.key}_admin_password"])[1]


def log_in(session: Session, host: str, user: str, password: str) -> tuple[Api, str]:
    """Logs in at number A's API, as soon as it answers. Returns the API, logged in, and the token."""
    api = Api(session.state.port(host, ACME.api_port))
    issued: list[str] = []

    def missing() -> str:
        answer = api.login(user, password)
        if answer.status == 200:
            issued.append(str(answer.document["users"][0]["token"]))
        return "" if issued else answer.describe()

    wait_until(missing, f"Logging in as {user} on {host}", API_SECONDS, "Read the client's log.", interval=1.0)
    return api, issued[0]


def look(session: Session, stage: str) -> dict[str, Any]:
    """Everything of the lab that a run could touch."""
    lab = session.lab
    place = record.directory(lab, stage)
    old, new, beta = ACME.database_host, "db-new", BETA.database_host
    server = databases.server(lab, session.state, old)
    known = server.databases()
    names = tuple(database.name for database in known if not database.name.startswith(PRISTINE_PREFIX))
    return {
        "time": time.time(),
        "old_databases": dumps.take(session, old, (*names, dumps.ROLES), place / "old"),
        "old_settings": server.settings(),
        "old_counts": {" ".join(table): count for table, count in server.counts(dumps.acme_databases()).items()},
        "old_media": probes.media(lab, "old", ACME),
        "old_files": probes.tree(lab, "old", *RUN_PLACES),
        "containers": {host: probes.lives(probes.containers(lab, host, ACME)) for host in ENGINE_HOSTS},
        "keys": {host: probes.authorized_keys(lab, host) for host in SSH_HOSTS},
        "new_databases": databases.server(lab, session.state, new).names(),
        "new_files": probes.tree(lab, "new", *RUN_PLACES),
        # In no order of their own where they were made within one second.
        "new_images": sorted(
            docker.execute(
                lab.container("new"), "docker", "images", "--quiet", tried="Listing the images of new"
            ).split()
        ),
        "beta": {
            "containers": probes.lives(probes.containers(lab, "old", BETA)),
            "databases": dumps.take(session, beta, dumps.beta_databases(), place / "beta"),
            "media": probes.media(lab, "old", BETA),
            "files": probes.tree(lab, "old", BETA.directory),
        },
        "run_directory": run_directory(lab.inventories[ACME.key]).exists(),
    }


def take(session: Session) -> None:
    """Starts the evidence of a test anew."""
    record.forget(session.lab)
    fence.discard(session)
    api, issued = log_in(session, "old", "admin", session.secrets[f"{ACME.key}_admin_password"])
    planted = canary.plant(session)
    record.save(
        session.lab,
        STAGE,
        {
            **look(session, STAGE),
            "token": issued,
            "settings": probes.settings(api),
            "canary": planted,
            "log_size": canary.log_size(session),
        },
    )


def await_traffic(session: Session, since: float) -> None:
    """Waits until messages have come through in both directions, for both numbers."""

    def lacking() -> str:
        for number in (ACME, BETA):
            out = control.network(session.state, f"/outbound?number={number.wa_id}&since={since}")
            inbound = control.network(session.state, f"/inbound?number={number.wa_id}&since={since}")
            done = [message for message in inbound if message["acknowledged"]]
            if min(len(out), len(done)) < ENOUGH_MESSAGES:
                return f"of {number.title}: {len(out)} messages out and {len(done)} in"
        return ""

    wait_until(lacking, "Waiting for messages to flow", TRAFFIC_SECONDS, "See `lab status`.")


def start_traffic(session: Session, option: str) -> None:
    """Lets messages flow, and waits until they do. A new platform's software knows its own password there."""
    since = time.time()
    evidence.start_traffic(session, option in NEW_PLATFORM, RATES)
    await_traffic(session, since)
