# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that a benchmark runs in. None of them outlives it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labctl import docker
from labctl.errors import LabError
from labctl.images import BASE_IMAGE, IMAGES, Image, ensure_images
from labctl.layout import MARIADB, MYSQL, POSTGRES_IMAGE, REPOSITORY, lab_from_environment

from benchmark.plan import PEERS

SERVERS = {"postgresql": POSTGRES_IMAGE, "mysql": MYSQL.image, "mariadb": MARIADB.image}
DATA = "/var/lib/bench"


def images(engine: str) -> list[Image]:
    """The last one is what a benchmark runs in."""
    server = SERVERS[engine]
    tests = Image(f"waba-lab/database-tests-{engine}", "database-tests", server, "SERVER")
    bench = Image(f"waba-lab/bench-{engine}", "bench", tests.tag, "TESTS", arguments={"PEER": PEERS[engine]})
    return [*(image for image in IMAGES if image.tag in (BASE_IMAGE, server)), tests, bench]


def container_name(engine: str) -> str:
    return f"{lab_from_environment().name}-bench-{engine}"


def messages(engine: str, order: dict[str, Any], say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """What comes back from the container, as it comes."""
    built = images(engine)
    ensure_images(say, built)
    with running(engine, built[-1].tag) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({**order, "directory": DATA}) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            yield json.loads(line)
        if process.wait() != 0:
            raise LabError(
                f"Measuring {engine}", f"the container ended with {process.returncode}", "Read what it said above."
            )


@contextmanager
def running(engine: str, image: str) -> Iterator[subprocess.Popen[str]]:
    """The container, which goes with its data, however this ends, even if an earlier one could not go by itself."""
    name = container_name(engine)
    remove(name)
    code = ("tests/bench", "tests/integration/database", ".cache/collections")
    path = ":".join(str(REPOSITORY / part) for part in code)
    command = [
        "docker", "run", "--rm", "--init", "--interactive", "--name", name, "--network", "none",
        "--shm-size", "1g",  # PostgreSQL's parallel index builds
        "--volume", DATA, "--volume", f"{REPOSITORY}:{REPOSITORY}:ro", "--workdir", "/",
        "--env", f"PYTHONPATH={path}", "--env", f"PYTHONPYCACHEPREFIX={DATA}/bytecode",
        "--env", "PYTHONDONTWRITEBYTECODE=",  # a module's start is in the window
        image, "python3", "-m", "benchmark.inside",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # An interrupt of the terminal is for us, who then remove the container.
        process_group=0,
        env=dict(os.environ),
    )
    try:
        yield process
    finally:
        remove(name)
        process.kill()
        process.communicate()


def remove(name: str) -> None:
    docker.call("rm", "--force", "--volumes", name)
