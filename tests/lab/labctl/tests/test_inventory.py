# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories that the lab writes."""

from __future__ import annotations

import stat

from labctl import inventory, secrets
from labctl.certificates import Keys
from labctl.layout import ACME, BETA, Lab
from labctl.state import State


def test_hosts_are_reached_on_loopback_with_known_keys(lab: Lab, state: State, keys: Keys) -> None:
    groups = inventory.hosts(state, keys, lab.directory / "known_hosts")["all"]["children"]
    assert {group: list(content["hosts"]) for group, content in groups.items()} == {
        "waba_old": ["old"],
        "waba_new": ["new"],
        "waba_database": ["db-new"],
    }
    old = groups["waba_old"]["hosts"]["old"]
    assert old["ansible_host"] == "127.0.0.1"
    assert old["ansible_port"] == state.port("old", 22)
    assert "StrictHostKeyChecking=yes" in old["ansible_ssh_common_args"]
    assert f"[127.0.0.1]:{old['ansible_port']} ssh-ed25519 KEY-old\n" in inventory.known_hosts(state, keys)


def test_the_second_number_reads_its_database_through_the_old_host_without_tls() -> None:
    variables = inventory.variables(BETA)
    assert variables["database_host_source_host"] == "old"
    assert variables["database_host_source_port"] == "33061"
    assert variables["database_host_source_ssl_mode"] == "disable"
    assert inventory.variables(ACME)["database_host_source_ssl_mode"] == "verify-full"


def test_secrets_are_in_one_private_file(lab: Lab, state: State, keys: Keys) -> None:
    values = secrets.generate()
    inventory.write(lab, state, keys, values)
    for directory in lab.inventories.values():
        files = [path for path in directory.rglob("*") if path.is_file()]
        assert {path.name for path in files} == {"hosts.yml", "main.yml", "secrets.yml"}
        for path in files:
            found = [value for value in values.values() if len(value) > 6 and value in path.read_text(encoding="utf-8")]
            assert bool(found) == (path.name == "secrets.yml")
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
