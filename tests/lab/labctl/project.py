# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients' compose projects on the lab's Docker hosts: start, stop, look at, and bring back as they were."""

from __future__ import annotations

import json
from typing import Any

from labctl import docker
from labctl.compose import project_files
from labctl.layout import BETA, DatabaseEngine, Lab, Number, Topology

PRISTINE = "/var/lib/lab/pristine"
PROJECT_LABEL = "com.docker.compose.project"
VOLUME_LABEL = "com.docker.compose.volume"
SERVICE_LABEL = "com.docker.compose.service"
COMPOSE_SECONDS = 180.0
VOLUMES = "/var/lib/docker/volumes"


def data_volumes(number: Number) -> tuple[str, ...]:
    """The project's volumes that hold data; number B's database is among them."""
    return (number.media_volume, *([f"{number.project}_postgresData"] if number is BETA else []))


def compose(
    lab: Lab, number: Number, *arguments: str, host: str = "old", tried: str, timeout: float = COMPOSE_SECONDS
) -> str:
    """Runs docker compose in the project's directory."""
    return docker.execute(lab.container(host), *command(number, *arguments), tried=tried, timeout=timeout)


def command(number: Number, *arguments: str) -> tuple[str, ...]:
    """docker compose in the project's directory."""
    return "docker", "compose", "--project-directory", number.directory, "--progress", "quiet", *arguments


def write_files(lab: Lab, number: Number, topology: Topology, secrets: dict[str, str], engine: DatabaseEngine) -> None:
    docker.put(lab.container("old"), project_files(number, topology, secrets, engine))


def start(lab: Lab, number: Number) -> None:
    compose(lab, number, "up", "--detach", "--remove-orphans", tried=f"Starting the client of {number.title}")


def stop(lab: Lab, number: Number) -> None:
    """Stops the whole project, its database included."""
    compose(lab, number, "stop", tried=f"Stopping the client of {number.title}")


def keep_pristine(lab: Lab, number: Number) -> None:
    """Copies the stopped project's files and volumes aside."""
    place = f"{PRISTINE}/{number.key}"
    volumes = "\n".join(
        f"tar -C {VOLUMES}/{volume}/_data -cf {place}/{volume}.tar ." for volume in data_volumes(number)
    )
    docker.script(
        lab.container("old"),
        f"rm -rf {place}\nmkdir -p {place}\ncp -a {number.directory} {place}/project\n{volumes}\n",
        tried=f"Keeping a pristine copy of the client of {number.title}",
    )


def bring_back(lab: Lab, number: Number) -> None:
    """Puts project and volumes back as they were kept; the containers are new and not yet started."""
    place = f"{PRISTINE}/{number.key}"
    volumes = "\n".join(_volume_from(number, volume, f"{place}/{volume}.tar") for volume in data_volumes(number))
    docker.script(
        lab.container("old"),
        f"{_remove_containers(number)}\nrm -rf {number.directory}\n"
        f"cp -a {place}/project {number.directory}\n{volumes}\n",
        tried=f"Bringing back the client of {number.title}",
    )


def _volume_from(number: Number, volume: str, tarball: str) -> str:
    """Shell lines that fill a volume of the project from an archive, as compose would have created it."""
    labels = (
        f"--label {PROJECT_LABEL}={number.project} --label {VOLUME_LABEL}={volume.removeprefix(number.project + '_')}"
    )
    data = f"{VOLUMES}/{volume}/_data"
    return (
        f"docker volume inspect {volume} > /dev/null 2>&1 || docker volume create {labels} {volume} > /dev/null\n"
        f"find {data} -mindepth 1 -delete\ntar -C {data} -xpf {tarball}"
    )


def remove(lab: Lab, number: Number) -> None:
    """Removes the project with its data from the old host."""
    volumes = " ".join(data_volumes(number))
    docker.script(
        lab.container("old"),
        f"{_remove_containers(number)}\ndocker volume rm --force {volumes} > /dev/null\nrm -rf {number.directory}\n",
        tried=f"Removing the client of {number.title}",
    )


def _remove_containers(number: Number) -> str:
    """Fenced containers keep their labels whatever they are called by now."""
    listing = f"docker ps --all --quiet --filter label={PROJECT_LABEL}={number.project}"
    return f"{listing} | xargs --no-run-if-empty docker rm --force > /dev/null"


def empty_host(lab: Lab, host: str, keep_images: bool) -> None:
    """Leaves no container, volume, network, project or image on a Docker host."""
    removal = "docker images --quiet | sort --unique | xargs --no-run-if-empty docker rmi --force > /dev/null\n"
    docker.script(
        lab.container(host),
        "docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes > /dev/null\n"
        "docker volume ls --quiet | xargs --no-run-if-empty docker volume rm > /dev/null\n"
        "docker network prune --force > /dev/null\n"
        f"{'' if keep_images else removal}"
        "rm -rf /root/biz /root/beta\n",
        tried=f"Emptying {host}",
    )


def containers(lab: Lab, host: str) -> list[dict[str, Any]]:
    """The containers of a Docker host: identity, project, state, and what could bring them back."""
    text = docker.script(
        lab.container(host),
        # One that is removed between the two commands makes inspect fail, which has printed all the others by then.
        "docker ps --all --quiet --no-trunc | xargs --no-run-if-empty docker inspect 2> /dev/null || true\n",
        tried=f"Listing the containers of {host}",
    )
    return [_described(document) for document in json.loads(text or "[]")]


def crashed(lab: Lab, number: Number) -> str:
    """Last words of the project's containers that end as soon as they are started; empty when none does."""
    return docker.script(
        lab.container("old"),
        "for id in $(docker ps --quiet --filter status=restarting"
        f" --filter label={PROJECT_LABEL}={number.project}); do\n"
        "  docker inspect --format '{{.Name}} keeps ending:' $id; docker logs --tail 3 $id 2>&1\ndone\n",
        tried=f"Looking for crashed containers of {number.title}",
    ).strip()


def _described(document: dict[str, Any]) -> dict[str, Any]:
    labels = document["Config"]["Labels"] or {}
    return {
        "id": document["Id"],
        "name": document["Name"].removeprefix("/"),
        "image": document["Config"]["Image"],
        "project": labels.get(PROJECT_LABEL),
        "service": labels.get(SERVICE_LABEL),
        "status": document["State"]["Status"],
        "exit_code": document["State"]["ExitCode"],
        "started_at": document["State"]["StartedAt"],
        "finished_at": document["State"]["FinishedAt"],
        "restarts": document["RestartCount"],
        "restart_policy": document["HostConfig"]["RestartPolicy"]["Name"],
        "networks": sorted(document["NetworkSettings"]["Networks"] or {}),
    }
