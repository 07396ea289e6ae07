# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is so, seen from outside of any migration: connections, containers, databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from labctl import control, databases, docker, network, project
from labctl.databases import postgresql
from labctl.databases.server import rows_of
from labctl.errors import LabError
from labctl.layout import BETA, DATABASE_HOSTS, ENGINE_HOSTS, HOSTS, Lab
from labctl.state import State


def gather(lab: Lab, state: State) -> dict[str, Any]:
    """Everything that a test needs. A host that is off or does not answer is reported with its error, not left out."""
    questions: dict[tuple[str, str], Callable[[], Any]] = {
        ("network", "state"): lambda: control.network(state, "/state"),
        ("network", "events"): lambda: control.network(state, "/events"),
        ("hosts", ""): lambda: host_states(lab),
        ("addresses", ""): lambda: network.addresses(lab),
    }
    for host in ENGINE_HOSTS:
        questions["containers", host] = partial(project.containers, lab, host)
    for host in DATABASE_HOSTS:
        questions["databases", host] = partial(server_databases, lab, state, host)
    questions["databases", "beta"] = lambda: beta_databases(lab)
    with ThreadPoolExecutor(max_workers=len(questions)) as pool:
        futures = {key: pool.submit(question) for key, question in questions.items()}
    truth: dict[str, Any] = {"lab": lab.name, "time": time.time(), "topology": state.topology, "engine": state.engine}
    for (group, name), future in futures.items():
        try:
            answer = future.result()
        except LabError as error:
            answer = {"error": f"{error.tried}: {error.found}"}
        if name:
            truth.setdefault(group, {})[name] = answer
        else:
            truth[group] = answer
    return truth


def host_states(lab: Lab) -> dict[str, str]:
    """State of every host: running, exited, or missing."""
    lines = docker.names(
        "ps",
        "--all",
        "--filter",
        f"label={lab.label}",
        "--format",
        "{{.Names}}\t{{.State}}",
        tried="Listing the lab's hosts",
    )
    found = dict(line.split("\t") for line in lines)
    return {host: found.get(lab.container(host), "missing") for host in HOSTS}


def server_databases(lab: Lab, state: State, host: str) -> list[dict[str, Any]]:
    """The databases of a server of the lab."""
    return [database._asdict() for database in databases.server(lab, state, host).databases()]


def beta_databases(lab: Lab) -> list[dict[str, Any]]:
    """Number B's databases, which live in a service of its own compose project."""
    rows = project.compose(
        lab, BETA, "exec", "--no-TTY", "--user", "postgres", "db",
        *postgresql.PSQL, "--dbname", "postgres", "--username", BETA.database_user, "--port", str(BETA.database_port),
        "--command", postgresql.LISTING,
        tried="Listing the databases of number B",
    )  # fmt: skip
    return [database._asdict() for database in postgresql.listed(rows_of(rows))]
