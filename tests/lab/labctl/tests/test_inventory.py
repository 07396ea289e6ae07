# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories that the lab writes."""

from __future__ import annotations

import stat

import pytest

from labctl import inventory, secrets
from labctl.certificates import Keys
from labctl.layout import ACME, BETA, MARIADB, MYSQL, POSTGRESQL, DatabaseEngine, Lab
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
    variables = inventory.variables(BETA, POSTGRESQL)
    assert variables["database_host_source_host"] == "old"
    assert variables["database_host_source_port"] == "33061"
    assert variables["database_host_source_ssl_mode"] == "disable"
    assert inventory.variables(ACME, POSTGRESQL)["database_host_source_ssl_mode"] == "verify-full"


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


@pytest.mark.parametrize(
    ("engine", "port", "user"), [(POSTGRESQL, 5432, "postgres"), (MYSQL, 3306, "root"), (MARIADB, 3306, "root")]
)
def test_the_target_is_named_as_its_engine_has_it(engine: DatabaseEngine, port: int, user: str) -> None:
    variables = inventory.variables(ACME, engine)
    assert variables["new_host_database_port"] == variables["database_host_target_port"] == port
    assert variables["database_host_source_port"] == str(port)
    assert variables["database_host_target_user"] == user


def test_a_number_has_no_inventory_where_no_server_can_take_it_in(lab: Lab, state: State, keys: Keys) -> None:
    inventory.write(lab, state, keys, secrets.generate())
    assert lab.inventories["beta"].exists()
    state.engine = "mysql"
    inventory.write(lab, state, keys, secrets.generate())
    assert not lab.inventories["beta"].exists()
    assert lab.inventories["acme"].exists()
    assert [line.split(" (")[0] for line in inventory.describe(lab, MYSQL)] == ["Acme Support"]
