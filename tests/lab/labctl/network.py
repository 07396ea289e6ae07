# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network. A host keeps its address over a restart, so an address in a record always means the same host."""

from __future__ import annotations

import ipaddress
from typing import Any

from labctl import docker
from labctl.errors import LabError
from labctl.layout import HOSTS, Lab

FIRST_HOST = 10


def ensure(lab: Lab) -> None:
    """Creates the network, in a range that the engine finds free. Only by naming it may we choose addresses in it."""
    if docker.inspect("network", lab.network) is not None:
        return
    create = ("network", "create", "--label", lab.label)
    tried = f"Creating the network {lab.network}"
    docker.run(*create, lab.network, tried=tried)
    subnet = subnet_of(_described(lab))
    docker.run("network", "rm", lab.network, tried=tried)
    docker.run(*create, "--subnet", str(subnet), "--gateway", str(subnet[1]), lab.network, tried=tried)


def _described(lab: Lab) -> dict[str, Any]:
    found = docker.inspect("network", lab.network)
    if found is None:
        raise LabError("Looking at the lab's network", f"there is no network {lab.network}", "Run `lab up`.")
    return found


def subnet_of(described: dict[str, Any]) -> ipaddress.IPv4Network:
    """The IPv4 range of a network; there may be an IPv6 one beside it."""
    ranges = [ipaddress.ip_network(entry["Subnet"]) for entry in described["IPAM"]["Config"]]
    return next(found for found in ranges if isinstance(found, ipaddress.IPv4Network))


def addresses_in(subnet: ipaddress.IPv4Network) -> dict[str, str]:
    """Address of every host."""
    return {host: str(subnet[FIRST_HOST + index]) for index, host in enumerate(HOSTS)}


def addresses(lab: Lab) -> dict[str, str]:
    return addresses_in(subnet_of(_described(lab)))


def gateway(lab: Lab) -> str:
    """Where connections over a published port come from: the controller, as a host sees it."""
    return str(subnet_of(_described(lab))[1])
