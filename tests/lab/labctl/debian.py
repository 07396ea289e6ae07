# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian image that everything grows on: from a registry where one answers, else made from Debian packages."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from labctl import docker
from labctl.errors import LabError

DEBIAN_IMAGE = "waba-lab/debian:13"
REGISTRY_IMAGE = "debian:13-slim"
SUITE = "trixie"
ANSWER_SECONDS = 10.0
PULL_SECONDS = 600.0
MAKE_SECONDS = 600.0


def ensure_debian() -> None:
    """Makes sure that there is a Debian image."""
    if docker.inspect("image", DEBIAN_IMAGE) is not None:
        return
    if _pulled():
        docker.run("tag", REGISTRY_IMAGE, DEBIAN_IMAGE, tried=f"Naming {REGISTRY_IMAGE} {DEBIAN_IMAGE}")
        return
    _make()


def _pulled() -> bool:
    """Whether the registry handed the image out. One that does not answer at all may cost only seconds."""
    process = subprocess.Popen(
        ["docker", "pull", REGISTRY_IMAGE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    try:
        # The first line comes with the registry's manifest; from there on it is only a matter of bandwidth.
        if lines.get(timeout=ANSWER_SECONDS):
            return process.wait(timeout=PULL_SECONDS) == 0
        return False
    except (queue.Empty, subprocess.TimeoutExpired):
        return False
    finally:
        process.kill()
        process.wait()


def _make() -> None:
    tool = _mmdebstrap()
    with tempfile.TemporaryDirectory(prefix="waba-lab-") as directory:
        tarball = Path(directory) / "debian.tar"
        done = subprocess.run(
            [tool, "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, str(tarball)],
            capture_output=True,
            text=True,
            timeout=MAKE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise LabError(
                f"Making a Debian {SUITE} image with mmdebstrap",
                " / ".join(done.stderr.strip().splitlines()[-4:]),
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
            "Let the Docker engine reach a registry, or run `apt-get install mmdebstrap debian-archive-keyring` as root.",
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "mmdebstrap", "debian-archive-keyring"],
    ):
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=MAKE_SECONDS, check=False
        )
        if done.returncode != 0:
            raise LabError(
                " ".join(command),
                " / ".join(done.stderr.strip().splitlines()[-4:]),
                "See that this machine reaches its Debian mirror.",
            )
    return shutil.which("mmdebstrap") or "mmdebstrap"
