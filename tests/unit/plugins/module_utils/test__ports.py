# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports the new containers publish, and what stands in their way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._ports import compose_text, conflicts, plan

ADDRESSES = [
    "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever",
    "2: eth0    inet 10.1.0.5/24 brd 10.1.0.255 scope global eth0\\       valid_lft forever preferred_lft forever",
    "2: eth0    inet6 fd00::5/64 scope global \\       valid_lft forever preferred_lft forever",
]


def port(host_port: str, host_ip: str = "", inside: str = "443/tcp") -> dict[str, str]:
    return {"container": inside, "host_ip": host_ip, "host_port": host_port}


def container(service: str, *ports: dict[str, str], role: str = "webapp") -> dict[str, Any]:
    return {"service": service, "role": role, "ports": list(ports)}


def texts(*containers: dict[str, Any], **how: Any) -> list[str]:
    planned = plan(containers, "9443", how.pop("addresses", {}), **how)
    return [f"{entry['service']} {compose_text(entry)}" for entry in planned]


def test_the_api_gets_the_new_port_and_the_rest_stays() -> None:
    core = container("wacore", port("6250", inside="6250/tcp"), port("5000", inside="5000/udp"), role="coreapp")

    assert texts(container("waweb", port("9090")), core) == [
        "waweb 9443:443", "wacore 6250:6250", "wacore 5000:5000/udp",
    ]  # fmt: skip


def test_only_one_of_several_webapps_gets_the_port() -> None:
    assert texts(container("one", port("9090")), container("two", port("9091"))) == ["one 9443:443", "two 9091:443"]


def test_the_webapp_that_has_the_port_keeps_it() -> None:
    assert texts(container("one", port("9090")), container("two", port("9443"))) == ["two 9443:443", "one 9090:443"]


@pytest.mark.parametrize("anywhere", ["", "0.0.0.0", "::"])
def test_one_port_on_all_addresses_is_published_once(anywhere: str) -> None:
    assert texts(container("waweb", port("9090", "0.0.0.0"), port("9090", anywhere))) == ["waweb 9443:443"]


def test_each_address_is_replaced_by_one_of_the_new_host() -> None:
    webapp = container("waweb", port("9090", "10.0.0.5"), port("9090", "10.0.0.6"), port("9091", "fd00::1"))

    assert texts(webapp, addresses={"10.0.0.5": "10.1.0.5"}) == [
        "waweb 10.1.0.5:9443:443", "waweb 10.0.0.6:9443:443", "waweb [fd00::1]:9091:443",
    ]  # fmt: skip


def test_on_loopback_each_port_is_published_once_and_the_api_first() -> None:
    webapps = (container("one", port("443", "10.0.0.5")), container("two", port("443", "10.0.0.6"), port("9443")))

    assert texts(*webapps, loopback=True) == ["two 127.0.0.1:443:443", "two 127.0.0.1:9443:443"]


def test_a_port_that_the_engine_chose_is_none_to_publish() -> None:
    assert texts(container("waweb", port(""))) == []


def test_any_port() -> None:
    (entry,) = plan([container("waweb", port("9090"))], "9090", {}, loopback=True)

    assert compose_text(entry, any_port=True) == "127.0.0.1::443"


def planned(*entries: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"service": service, **port(number, address)} for service, address, number in entries]


def check(*entries: tuple[str, str, str], listeners: tuple[str, ...] = (), own: tuple[str, ...] = ()) -> list[str]:
    lines = [f"tcp LISTEN 0 4096 {local} 0.0.0.0:*" for local in listeners]
    return conflicts(planned(*entries), lines, ADDRESSES, [port(number) for number in own])


def test_free_ports() -> None:
    assert check(("one", "", "9090"), ("two", "10.1.0.5", "9091"), listeners=("*:22", "127.0.0.53%lo:53")) == []


@pytest.mark.parametrize(
    ("address", "listener", "taken"),
    [
        ("", "0.0.0.0:9090", True),
        ("", "[::]:9090", True),
        ("", "*:9090", True),
        ("", "127.0.0.1:9090", True),
        ("", "[fe80::1]%eth0:9090", True),
        ("10.1.0.5", "*:9090", True),
        ("10.1.0.5", "10.1.0.5:9090", True),
        ("10.1.0.5", "127.0.0.1:9090", False),
        ("fd00::5", "[fd00::5]:9090", True),
        ("", "0.0.0.0:9091", False),
    ],
)
def test_a_port_is_taken_by_a_listener_on_the_same_address_or_on_all(address: str, listener: str, taken: bool) -> None:
    sentence = f"port {address + ' ' if address else ''}9090/tcp for waweb is taken"
    assert check(("waweb", address, "9090"), listeners=(listener,)) == ([sentence] if taken else [])


def test_another_protocol_does_not_take_it() -> None:
    assert conflicts(planned(("waweb", "", "9090")), ["udp UNCONN 0 0 0.0.0.0:9090 0.0.0.0:*"], ADDRESSES, []) == []


def test_what_this_run_has_set_up_does_not_stand_in_its_own_way() -> None:
    assert check(("waweb", "", "9090"), listeners=("127.0.0.1:9090",), own=("9090",)) == []


def test_each_port_of_a_range_counts() -> None:
    assert check(("waweb", "", "9000-9002"), listeners=("*:9001",)) == ["port 9000-9002/tcp for waweb is taken"]


def test_two_services_with_one_port() -> None:
    assert check(("one", "", "9090"), ("two", "10.1.0.5", "9090")) == [
        "one and two would both publish port 10.1.0.5 9090/tcp"
    ]


def test_an_address_that_this_host_does_not_have() -> None:
    assert check(("waweb", "10.0.0.5", "9090"), ("other", "127.0.0.1", "9091")) == [
        "waweb publishes at 10.0.0.5, which is no address of this host"
    ]
