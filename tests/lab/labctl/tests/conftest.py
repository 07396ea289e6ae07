# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests of the lab use."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.certificates import Keys
from labctl.layout import PUBLISHED_PORTS, SSH_HOSTS, Lab, lab_from_environment
from labctl.secrets import generate
from labctl.session import Session
from labctl.state import State


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = lab_from_environment({"LAB_NAME": "unit"}, tmp_path)
    made.directory.mkdir(parents=True)
    return made


@pytest.fixture
def state() -> State:
    first = 20000
    ports: dict[str, dict[str, int]] = {}
    for host, insides in PUBLISHED_PORTS.items():
        ports[host] = {}
        for inside in insides:
            ports[host][str(inside)] = first
            first += 1
    return State(ports=ports)


@pytest.fixture
def keys(lab: Lab) -> Keys:
    directory = lab.directory / "keys"
    directory.mkdir()
    names = [
        "ca.pem",
        "id_ed25519",
        "id_ed25519.pub",
        "db-old.key",
        "db-old.crt",
        "db-new.key",
        "db-new.crt",
        "webhook.key",
        "webhook.crt",
    ]
    for name in [*names, *(f"{host}.ssh" for host in SSH_HOSTS)]:
        (directory / name).write_text(f"content of {name}\n", encoding="ascii")
    for host in SSH_HOSTS:
        (directory / f"{host}.ssh.pub").write_text(f"ssh-ed25519 KEY-{host} {host}\n", encoding="ascii")
    return Keys(directory)


@pytest.fixture
def session(lab: Lab, state: State, keys: Keys) -> Session:
    return Session(lab, state, keys, generate())
