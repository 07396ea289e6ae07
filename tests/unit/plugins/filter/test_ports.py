# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters around the ports of the new containers."""

from __future__ import annotations

from ansible_collections.waba.migration.plugins.filter import port_conflicts, published_ports

CONTAINERS = [
    {
        "service": "waweb",
        "role": "webapp",
        "ports": [{"container": "443/tcp", "host_ip": "10.0.0.5", "host_port": "9090"}],
    }
]


def test_from_the_old_containers_to_what_is_in_the_way() -> None:
    planned = published_ports.published_ports(CONTAINERS, 9443, {"10.0.0.5": "10.1.0.5"})

    assert [port["text"] for port in planned] == ["10.1.0.5:9443:443"]
    assert port_conflicts.port_conflicts(planned, ["tcp LISTEN 0 5 *:9443 *:*"], []) == [
        "waweb publishes at 10.1.0.5, which is no address of this host",
        "port 10.1.0.5 9443/tcp for waweb is taken",
    ]


def test_are_filters_of_the_collection() -> None:
    assert published_ports.FilterModule().filters() == {"published_ports": published_ports.published_ports}
    assert port_conflicts.FilterModule().filters() == {"port_conflicts": port_conflicts.port_conflicts}
