# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the outer containers are made."""

from __future__ import annotations

import pytest

from labctl import docker, hosts, ports, secrets
from labctl.certificates import Keys
from labctl.hosts import Engine
from labctl.layout import HOSTS, Lab
from labctl.process import Result
from labctl.state import State


def test_a_nested_engine_gets_capabilities_where_privileged_is_refused() -> None:
    options = Engine("1", privileged=False).nested_options()
    assert "--privileged" not in options
    assert "/sys/fs/cgroup:/sys/fs/cgroup:rw" in options
    assert options[-2:] == ("--cgroupns", "host")


def test_a_nested_engine_is_privileged_with_a_cgroup_namespace_of_its_own_where_that_works() -> None:
    assert Engine("2", privileged=True).nested_options() == ("--privileged", "--cgroupns", "private")


def test_everything_is_published_on_loopback_and_labelled(lab: Lab, state: State) -> None:
    for host in HOSTS:
        arguments = hosts.create_arguments(lab, state, Engine("2", privileged=True), host, "172.30.0.10")
        published = [arguments[index + 1] for index, argument in enumerate(arguments) if argument == "--publish"]
        assert all(port.startswith("127.0.0.1:") for port in published)
        assert "waba.lab=unit" in arguments


def test_the_network_answers_to_the_names_that_the_client_knows(lab: Lab, state: State) -> None:
    arguments = hosts.create_arguments(lab, state, Engine("2", privileged=True), "whatsapp", "172.30.0.10")
    assert "g.whatsapp.net" in arguments
    assert "graph.whatsapp.com" in arguments


def test_private_files_are_private(keys: Keys) -> None:
    values = secrets.generate()
    for host in HOSTS:
        for file in hosts.files_of(host, keys, values):
            private = file.path.endswith((".key", "_key", "password", "authorized_keys"))
            assert (file.mode == 0o600) == private, file.path


def test_every_database_server_gets_its_own_password(keys: Keys) -> None:
    values = secrets.generate()
    found = {
        host: next(file for file in hosts.files_of(host, keys, values) if file.path.endswith("password"))
        for host in ("db-old", "db-new")
    }
    assert found["db-old"].content.decode() == values["db_old_admin_password"]
    assert found["db-new"].content.decode() == values["db_new_admin_password"]


def test_ports_are_different_and_below_the_kernels_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port % 2 == 0)
    picked = ports.pick(20)
    assert len(set(picked)) == 20
    assert all(20000 <= port <= 29999 and port % 2 == 0 for port in picked)


@pytest.mark.parametrize(
    ("listing", "elsewhere"),
    [
        ("", []),
        ("unit-old {here}\nunit-db-new-disk \n", []),
        ("unit-old /other/checkout\nunit-new /other/checkout\nunit-db-new-disk \n", ["/other/checkout"]),
        ("unit-old {here}\nunit-traffic /other/checkout\n", ["/other/checkout"]),
        ("unit-old \n", [""]),
    ],
    ids=["none", "ours", "another-checkout", "in-part", "from-before-the-label"],
)
def test_hosts_of_another_checkout_are_told_from_ours(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, listing: str, elsewhere: list[str]
) -> None:
    answer = Result(0, listing.format(here=lab.directory).encode(), b"")
    monkeypatch.setattr(docker, "call", lambda *arguments, **options: answer)
    assert hosts.made_elsewhere(lab) == elsewhere
