# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports the new containers publish, and what stands in their way. Pure. Private to this collection; may change.

Ports are those of ``client_containers_info``: container, such as 443/tcp, host_ip and host_port.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

Json = Dict[str, Any]
# (address or * for all, port, protocol)
Place = Tuple[str, str, str]

LOOPBACK = "127.0.0.1"
ANY = "*"
_EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104 (what is looked for, not what is bound)
_API = ("443", "443/tcp")


def plan(containers: Sequence[Json], api_port: str, addresses: Mapping[str, str], loopback: bool = False) -> list[Json]:
    """Return the ports to publish: the old ones, but for one webapp's API, which gets the new API's port.

    It is the webapp that has that port already, else the first. With loopback, only this host reaches them, and of
    ports that differ by their address alone one is left.
    """
    mine, moved = _api_service(containers, api_port)
    planned: list[Json] = []
    for container in sorted(containers, key=lambda entry: entry["service"] != mine):
        for port in container.get("ports") or []:
            if not port["host_port"]:
                continue
            of_api = container["service"] == mine and port["container"] in _API
            address = str(port.get("host_ip") or "")
            entry = {
                "service": container["service"],
                "container": str(port["container"]),
                "host_ip": LOOPBACK if loopback else "" if address in _EVERYWHERE else addresses.get(address, address),
                "host_port": api_port if of_api and port["host_port"] == moved else str(port["host_port"]),
            }
            if entry not in planned and not (loopback and any(_same_place(entry, other) for other in planned)):
                planned.append(entry)
    return planned


def _api_service(containers: Sequence[Json], api_port: str) -> tuple[str, str]:
    """Return the service whose API is ours, and the port that it has on the old host."""
    found = [
        (str(container["service"]), str(port["host_port"]))
        for container in containers
        if container["role"] == "webapp"
        for port in container.get("ports") or []
        if port["container"] in _API and port["host_port"]
    ]
    return next((entry for entry in found if entry[1] == api_port), found[0] if found else ("", ""))


def compose_text(port: Json, any_port: bool = False) -> str:
    """Return the port as compose takes it. With any_port the engine chooses."""
    address = f"[{port['host_ip']}]" if ":" in port["host_ip"] else port["host_ip"]
    outside = ("" if any_port else port["host_port"]) + ":" + port["container"].replace("/tcp", "")
    return f"{address}:{outside}" if address else outside


def conflicts(
    planned: Sequence[Json],
    listeners: Sequence[str],
    addresses: Sequence[str],
    own: Sequence[Json],
) -> list[str]:
    """Return a sentence for each port that could not be published.

    Listeners and addresses are lines of ``ss -Hltun`` and ``ip -o addr``, own is what this run has published already.
    """
    sentences = []
    for number, port in enumerate(planned):
        for other in planned[:number]:
            if _same_place(port, other):
                sentences.append(f"{other['service']} and {port['service']} would both publish {_words(port)}")
    local = set(_local(addresses))
    for port in planned:
        address = port["host_ip"]
        if address and not address.startswith("127.") and address not in local:
            sentences.append(f"{port['service']} publishes at {address}, which is no address of this host")
    ours = {(place[1], place[2]) for port in own for place in _places(port)}
    taken = [place for place in _listening(listeners) if place[1:] not in ours]
    for port in planned:
        if any(_meet(place, other) for place in _places(port) for other in taken):
            sentences.append(f"{_words(port)} for {port['service']} is taken")
    return sentences


def _words(port: Json) -> str:
    return f"port {port['host_ip'] + ' ' if port['host_ip'] else ''}{port['host_port']}/{_protocol(port)}"


def _protocol(port: Json) -> str:
    return str(port["container"]).partition("/")[2] or "tcp"


def _places(port: Json) -> list[Place]:
    """One for each port of a range."""
    address = str(port.get("host_ip") or "")
    first, _dash, last = str(port["host_port"]).partition("-")
    numbers = range(int(first or 0), int(last or first or 0) + 1)
    return [(ANY if address in _EVERYWHERE else address, str(number), _protocol(port)) for number in numbers]


def _same_place(one: Json, two: Json) -> bool:
    return any(_meet(here, there) for here in _places(one) for there in _places(two))


def _meet(one: Place, two: Place) -> bool:
    return one[1:] == two[1:] and (ANY in (one[0], two[0]) or one[0] == two[0])


def _listening(lines: Sequence[str]) -> Iterator[Place]:
    for line in lines:
        protocol, _state, _received, _sent, local, *_rest = line.split()
        address, _colon, port = local.rpartition(":")
        address = address.partition("%")[0].strip("[]")
        yield (ANY if address in _EVERYWHERE else address, port, protocol)


def _local(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        _number, _device, _family, address, *_rest = line.split()
        yield address.partition("/")[0]
