# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disks of the lab's hosts: what outlives their containers."""

from __future__ import annotations

from labctl import docker
from labctl.images import BASE_IMAGE
from labctl.layout import DATABASE_HOSTS, ENGINE_HOSTS, HOSTS, DatabaseEngine, Lab

LIMITED_HOST = "db-new"
LIMIT = "2g"
HOLDER = f"{LIMITED_HOST}-disk"


def data_volume(lab: Lab, host: str) -> str:
    """The volume of a database server's data."""
    return lab.volume(f"{host}-data")


def volumes_of(lab: Lab, host: str, database: DatabaseEngine) -> dict[str, str]:
    """Volume name to mount point: what outlives a container."""
    if host in ENGINE_HOSTS:
        return {lab.volume(f"{host}-docker"): "/var/lib/docker"}
    if host in DATABASE_HOSTS:
        return {data_volume(lab, host): database.mount_point}
    return {lab.volume("evidence"): "/var/lib/lab"}


def ensure(lab: Lab, database: DatabaseEngine) -> None:
    """Every volume is there, and the limited one is mounted."""
    disk = data_volume(lab, LIMITED_HOST)
    wanted = {name for host in HOSTS for name in volumes_of(lab, host, database)}
    present = set(
        docker.names("volume", "ls", "--quiet", "--filter", f"label={lab.label}", tried="Listing the lab's volumes")
    )
    for name in sorted(wanted - present):
        # A disk of limited size, so that a test can fill it.
        options = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={LIMIT},mode=0755")
        limited = options if name == disk else ()
        docker.run("volume", "create", "--label", lab.label, *limited, name, tried=f"Creating the volume {name}")
    holder = lab.container(HOLDER)
    found = docker.inspect("container", holder)
    if found is None:
        # A tmpfs lives as long as somebody mounts it. The holder keeps it while the host is off, as a disk is kept.
        docker.run(
            "run", "--detach", "--init", "--name", holder, "--label", lab.label,
            "--network", "none", "--volume", f"{disk}:/disk", BASE_IMAGE, "sleep", "infinity",
            tried=f"Mounting the disk of {LIMITED_HOST}",
        )  # fmt: skip
    elif not found["State"]["Running"]:
        docker.run("start", holder, tried=f"Mounting the disk of {LIMITED_HOST}")


def remove(lab: Lab, host: str) -> None:
    """Removes the data of a database server whose container is gone."""
    volume = data_volume(lab, host)
    if docker.inspect("volume", volume) is not None:
        docker.run("volume", "rm", volume, tried=f"Removing the volume {volume}")
