# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded containers with a docker command that knows them, and a client's API with a plan."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List

import pytest

# Where pytest-ansible is installed, it makes collections importable only after this file has been read.
if TYPE_CHECKING:
    from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Certificate, FakeApi

HERE = Path(__file__).parent
Containers = List[Dict[str, Any]]
Recorded = Callable[..., Containers]


@pytest.fixture
def recorded() -> Recorded:
    """Returns what real engines said of the containers of the named recordings."""

    def read(*names: str) -> Containers:
        texts = [(HERE / "fixtures" / "containers" / f"{name}.json").read_text() for name in names]
        return [container for text in texts for container in json.loads(text)]

    return read


class FakeDocker:
    """A docker command whose engine is a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cli = str(directory / "docker")
        program = [sys.executable, "-S", str(HERE / "fake_docker.py"), str(directory)]
        (directory / "docker").write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
        (directory / "docker").chmod(0o755)
        self.load([])

    def load(self, containers: Containers) -> None:
        (self.directory / "containers.json").write_text(json.dumps(containers))

    def sets_in_image(self, image: str, config: dict[str, Any]) -> None:
        (self.directory / "images.json").write_text(json.dumps({image: config}))

    def containers(self) -> Containers:
        found: Containers = json.loads((self.directory / "containers.json").read_text())
        return found

    def understands(self, model: dict[str, Any]) -> None:
        """Let docker compose config answer with the model."""
        (self.directory / "model.json").write_text(json.dumps(model))

    def loses_network(self, name: str) -> None:
        (self.directory / "gone_networks.txt").write_text(name)

    def breaks_at(self, change: int) -> None:
        """Let the n-th command that changes something fail."""
        (self.directory / "break_at.txt").write_text(str(change))

    def lets_die(self, name: str) -> None:
        (self.directory / "dies.txt").write_text(f"/{name}")

    def calls(self) -> list[str]:
        """Return the commands since the last time, ids as names and without those that only look."""
        file = self.directory / "calls.txt"
        text = file.read_text() if file.exists() else ""
        file.write_text("")
        for container in self.containers():
            text = text.replace(container["Id"], container["Name"].lstrip("/"))
        looks = ("ps ", "inspect ", "image inspect ", "network ls ", "network inspect ", "compose ")
        return [call for call in text.splitlines() if not call.startswith(looks)]


@pytest.fixture
def docker(tmp_path: Path) -> FakeDocker:
    directory = tmp_path / "engine"
    directory.mkdir()
    return FakeDocker(directory)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Certificate

    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def api(certificate: Certificate) -> Iterator[FakeApi]:
    """A client's API. The test plans its calls; one more or one less than planned fails the test."""
    from ansible_collections.waba.migration.tests.unit.plugins.fake_api import FakeApi

    with FakeApi(certificate) as fake:
        yield fake
    fake.check()
