# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run at the highest verbosity keeps the lab's secrets to itself."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from labctl import docker
from labctl.errors import LabError
from labctl.files import write_private
from labctl.layout import ACME, ENGINE_HOSTS, REPOSITORY, SSH_HOSTS
from labctl.session import Session
from labctl.state import run_directory

from checks import disguises, record
from checks.disguises import Leak, leaks
from checks.sampler import sampling
from checks.verdict import Verdict, listed

STAGE = "discretion"
PLANTED_STAGE = "planted"
RUN_SECONDS = 900.0
RUN_FILES = ("journal.json", "report.json", "report.html", "report.txt")
BACKUP = "settings-backup.json"
"""Encrypted with its own password, and the one file of the run that holds what is to be kept."""
PLACES = "/var/log /tmp /var/tmp /root/.ansible /run/lab"
"""Where a host's programs log, and where modules leave what they forget to remove."""


def _must(session: Session, name: str, log: Path, *more: str) -> None:
    """Runs a playbook as loud as it gets, all of its output in a file, and insists on success."""
    command = [
        "ansible-playbook", "-vvv", "--inventory", str(session.lab.inventories[ACME.key]), *more,
        str(REPOSITORY / "playbooks" / f"{name}.yml"),
    ]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")}
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=environment, timeout=RUN_SECONDS, check=False,
        )  # fmt: skip
    if done.returncode:
        words = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
        raise LabError(f"Running {name}.yml with -vvv", "\n".join(words), f"Read {log}.")


def run(session: Session) -> None:
    """A whole move, overheard; before it a look at everything whose output is not censored, for `plant_in_output`."""
    planted = record.directory(session.lab, PLANTED_STAGE)
    options = ("-e", "migration_no_log=false", "-e", f"migration_run_directory={planted / 'run'}")
    _must(session, "preflight", planted / "output", *options)
    log = record.directory(session.lab, STAGE) / "output"
    with sampling(session.lab) as seen:
        _must(session, "migrate_full", log)
    for name, text in seen.items():
        write_private(log.with_name(name), text)


def overheard(session: Session) -> dict[str, bytes]:
    """Everything that was said and written, by place."""
    lab = session.lab
    places = {file.name: file.read_bytes() for file in sorted(record.directory(lab, STAGE).iterdir()) if file.is_file()}
    directory = run_directory(lab.inventories[ACME.key])
    places |= {
        f"{file.relative_to(directory)} of the run": file.read_bytes()
        for file in sorted(directory.rglob("*"))
        if file.is_file() and file.name != BACKUP and file.suffix != ".lock"
    }
    for host in SSH_HOSTS:
        result = docker.run(
            "exec", lab.container(host), "bash", "-c", f"find {PLACES} -type f -exec cat {{}} + 2> /dev/null || true",
            tried=f"Reading the logs of {host}",
        )  # fmt: skip
        places[f"logs of {host}"] = result.output
    for host in ENGINE_HOSTS:
        text = docker.script(
            lab.container(host),
            "for id in $(docker ps --all --quiet); do docker logs $id 2>&1; done\n",
            tried=f"Reading the containers' logs on {host}",
        )
        places[f"container logs of {host}"] = text.encode()
    return places


def told(found: list[Leak], places: dict[str, bytes]) -> list[Verdict]:
    """One verdict a place."""
    return [
        Verdict(
            "secrets",
            f"none in {place} ({len(text)} bytes)",
            listed([str(leak) for leak in found if leak.place == place]) or ("" if text else f"{place} is empty"),
        )
        for place, text in places.items()
    ]


def judge(session: Session) -> list[Verdict]:
    places = overheard(session)
    missing = sorted({f"{file} of the run" for file in RUN_FILES} - places.keys())
    verdicts = told(leaks(session.secrets, places), places)
    return [*verdicts, *(Verdict("secrets", "", f"there is no {place}") for place in missing)]


# -- the search itself is put to the test -----------------------------------------------------------------------------


def _secret(session: Session) -> str:
    return session.secrets[f"{ACME.key}_database_password"]


def plant_in_process(session: Session) -> dict[str, bytes]:
    """An argument of a process that lives for a moment on a host."""
    with sampling(session.lab) as seen:
        docker.call("exec", session.lab.container("new"), "bash", "-c", "sleep 0.3; :", _secret(session))
    return seen


def plant_in_output(session: Session) -> dict[str, bytes]:
    """What a real run says that is not censored."""
    return {"output": (record.directory(session.lab, PLANTED_STAGE) / "output").read_bytes()}


def plant_in_log(session: Session) -> dict[str, bytes]:
    """A line in a host's log, in base64."""
    line = base64.b64encode(f"password={_secret(session)}".encode()).decode()
    file = "/var/log/planted.log"
    name = session.lab.container("db-new")
    docker.script(name, f"echo {line} > {file}\n", tried="Planting a secret")
    try:
        return {name: text for name, text in overheard(session).items() if name == "logs of db-new"}
    finally:
        docker.script(name, f"rm {file}\n", tried="Removing the planted secret")


def plant_in_run(session: Session) -> dict[str, bytes]:
    """A file of the run directory, in hex."""
    file = run_directory(session.lab.inventories[ACME.key]) / "planted.txt"
    write_private(file, disguises.disguises(session.secrets[f"{ACME.key}_admin_password"])["hex"])
    try:
        return {name: text for name, text in overheard(session).items() if name.startswith(file.name)}
    finally:
        file.unlink()


Planting = Callable[[Session], dict[str, bytes]]
PLANTED_AFTERWARDS: tuple[Planting, ...] = (plant_in_process, plant_in_log, plant_in_run)
PLANTED: tuple[Planting, ...] = (*PLANTED_AFTERWARDS, plant_in_output)


def plant(session: Session, plantings: Sequence[Planting]) -> list[Verdict]:
    """Each planted secret must be found."""
    verdicts = []
    for planting in plantings:
        found = leaks(session.secrets, planting(session))
        name = planting.__name__.replace("plant_in_", "planted in ")
        verdicts.append(Verdict(name, listed([str(leak) for leak in found], 2), "" if found else "it was not found"))
    return verdicts
