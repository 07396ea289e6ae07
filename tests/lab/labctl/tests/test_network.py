# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of the lab's hosts."""

from __future__ import annotations

import ipaddress

from labctl import network
from labctl.layout import HOSTS


def test_every_host_has_an_address_of_its_own_beside_the_gateway() -> None:
    found = network.addresses_in(ipaddress.IPv4Network("172.30.0.0/16"))
    assert list(found) == list(HOSTS)
    assert len(set(found.values())) == len(HOSTS)
    assert "172.30.0.1" not in found.values()


def test_an_ipv6_range_beside_the_ipv4_one_is_passed_over() -> None:
    described = {"IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "172.31.0.0/16"}]}}
    assert str(network.subnet_of(described)) == "172.31.0.0/16"
