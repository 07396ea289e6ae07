# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian image that everything grows on: from a registry where one answers, else made from Debian packages."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from labctl import docker, process
from labctl.errors import LabError

DEBIAN_IMAGE = "waba-lab/debian:13"
REGISTRY_IMAGE = "debian:13-slim"
SUITE = "trixie"
ANSWER_SECONDS = 10.0
PULL_SECONDS = 600.0
MAKE_SECONDS = 600.0


def ensure_debian() -> str:
    """Makes sure that there is a Debian image, and returns its identifier."""
    if docker.inspect("image", DEBIAN_IMAGE) is None:
        if _pulled():
            docker.run("tag", REGISTRY_IMAGE, DEBIAN_IMAGE, tried=f"Naming {REGISTRY_IMAGE} {DEBIAN_IMAGE}")
        else:
            _make()
    return docker.run(
        "image", "inspect", "--format", "{{.Id}}", DEBIAN_IMAGE, tried=f"Looking at {DEBIAN_IMAGE}"
    ).text.strip()


def _pulled() -> bool:
    """Whether the registry handed the image out. One that does not answer at all may cost only seconds."""
    # The first line comes with the registry's manifest; from there on it is only a matter of bandwidth.
    return process.started_and_done(["docker", "pull", REGISTRY_IMAGE], ANSWER_SECONDS, PULL_SECONDS)


def _make() -> None:
    tool = _mmdebstrap()
    with tempfile.TemporaryDirectory(prefix="waba-lab-") as directory:
        tarball = Path(directory) / "debian.tar"
        command = [tool, "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, str(tarball)]
        made = process.run(command, MAKE_SECONDS)
        if made.code != 0:
            raise LabError(
                f"Making a Debian {SUITE} image with mmdebstrap",
                made.complaint,
                "See that this machine reaches a Debian mirror, or let its Docker engine reach a registry.",
            )
        docker.run("import", str(tarball), DEBIAN_IMAGE, tried="Importing the Debian image", timeout=MAKE_SECONDS)


def _mmdebstrap() -> str:
    """Path of mmdebstrap, which is installed when we may."""
    found = shutil.which("mmdebstrap")
    if found:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabError(
            f"Getting the base image {REGISTRY_IMAGE}",
            "no registry answered, and mmdebstrap, which makes one from Debian packages, is not installed",
            "Let the engine reach a registry, or run `apt-get install mmdebstrap debian-archive-keyring` as root.",
        )
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "mmdebstrap", "debian-archive-keyring"],
    ):
        done = process.run(command, MAKE_SECONDS, environment={"DEBIAN_FRONTEND": "noninteractive"})
        if done.code != 0:
            raise LabError(" ".join(command), done.complaint, "See that this machine reaches its Debian mirror.")
    return "mmdebstrap"
