# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate damage: cut and slow links, killed servers, full disks, hosts that go down."""

from __future__ import annotations

from collections.abc import Callable

from labctl import databases, docker, hosts, network
from labctl.errors import LabError
from labctl.images import HOST_IMAGE
from labctl.layout import DATABASE_HOSTS, ENGINE_HOSTS, HOSTS, SSH_HOSTS, Lab
from labctl.state import State
from labctl.waiting import wait_until

CONTROLLER = "controller"
CHAIN = "LAB_CUT"
SLOW_RATE = "1mbit"
FILL_NAME = "lab-fill"
ENGINE_SECONDS = 60.0


def cut_rules(address: str | None) -> str:
    """Packet rules that drop what comes from and goes to an address, or everything.

    They are set in `mangle`, which the packets of the host's own containers pass too.
    """
    source, target = ("", "") if address is None else (f"-s {address} ", f"-d {address} ")
    return (
        f"iptables -t mangle -N {CHAIN} 2> /dev/null || true\n"
        f"for way in 'PREROUTING -i' 'POSTROUTING -o'; do\n"
        f"  iptables -t mangle -C $way eth0 -j {CHAIN} 2> /dev/null || iptables -t mangle -I $way eth0 -j {CHAIN}\n"
        f"done\n"
        + (
            f"iptables -t mangle -A {CHAIN} -j DROP\n"
            if address is None
            else f"iptables -t mangle -A {CHAIN} {source}-j DROP\niptables -t mangle -A {CHAIN} {target}-j DROP\n"
        )
    )


def cut_link(lab: Lab, state: State, host: str, peer: str | None = None) -> str:
    """Cuts a host off: from everything, or from one peer only, which may be the controller."""
    known = {CONTROLLER: network.gateway(lab), **network.addresses(lab)}
    address = None if peer is None else known[peer]
    _in_network_of(lab, state, host, cut_rules(address), f"Cutting the link of {host}")
    state.cut = sorted({*state.cut, host})
    return f"{host} is cut off from {peer or 'everything'}"


def slow_link(lab: Lab, state: State, host: str) -> str:
    """Lets a host send only slowly."""
    shape = f"tc qdisc replace dev eth0 root tbf rate {SLOW_RATE} burst 32kb latency 400ms\n"
    _in_network_of(lab, state, host, shape, f"Slowing the link of {host}")
    state.cut = sorted({*state.cut, host})
    return f"{host} sends no faster than {SLOW_RATE}"


def heal_link(lab: Lab, state: State, host: str) -> str:
    """Undoes every cut and brake of a host."""
    text = f"iptables -t mangle -F {CHAIN} 2> /dev/null || true\ntc qdisc del dev eth0 root 2> /dev/null || true\n"
    _in_network_of(lab, state, host, text, f"Healing the link of {host}")
    state.cut = [other for other in state.cut if other != host]
    return f"{host} has all its links"


def undo_all(lab: Lab, state: State) -> None:
    """Takes back every fault. The hosts are on again by then, and need not be ready yet."""
    for host in list(state.cut):
        heal_link(lab, state, host)
    free_disk(lab, state, "db-new")
    for host in DATABASE_HOSTS:
        databases.server(lab, state, host).let_start()


def _in_network_of(lab: Lab, state: State, host: str, text: str, tried: str) -> None:
    """Runs a script in a host's network from a container beside it: most hosts have neither the tool nor the right."""
    hosts.require_running(lab, host)
    options = hosts.PRIVILEGED_OPTIONS if state.privileged else ("--cap-add", "NET_ADMIN")
    docker.run(
        "run", "--rm", "-i", "--label", lab.label, "--network", f"container:{lab.container(host)}", *options,
        "--entrypoint", "bash", HOST_IMAGE, "-euo", "pipefail", "-s",
        tried=tried,
        stdin=text.encode(),
    )  # fmt: skip


def kill_database(lab: Lab, state: State, host: str) -> str:
    """Kills a database server as a crash would, and keeps it down."""
    databases.server(lab, state, host).stop("KILL")
    return f"the database server of {host} is dead and stays so"


def start_database(lab: Lab, state: State, host: str) -> str:
    databases.server(lab, state, host).let_start()
    hosts.wait_ready(lab, state, host)
    return f"the database server of {host} is up"


def fill_disk(lab: Lab, state: State, host: str) -> str:
    """Leaves no byte free on the disk of a database server."""
    file = _fill_file(state, host)
    docker.script(
        lab.container(host),
        f"dd if=/dev/zero of={file} bs=1M 2> /dev/null || true\n"
        f"dd if=/dev/zero of={file}-rest bs=4k 2> /dev/null || true\n"
        f'[ "$(df --output=avail {file} | tail -n 1)" -eq 0 ]\n',
        tried=f"Filling the disk of {host}",
    )
    return f"the disk of {host} is full"


def free_disk(lab: Lab, state: State, host: str) -> str:
    file = _fill_file(state, host)
    docker.script(lab.container(host), f"rm -f {file} {file}-rest\n", tried=f"Freeing the disk of {host}")
    return f"the disk of {host} has room again"


def _fill_file(state: State, host: str) -> str:
    if host != "db-new":
        raise LabError(
            f"Filling the disk of {host}", "its disk is this machine's own", "Only db-new has a disk of limited size."
        )
    return f"{state.database_engine.mount_point}/{FILL_NAME}"


def stop_host(lab: Lab, state: State, host: str) -> str:
    hosts.stop(lab, host)
    return f"{host} has been shut down"


def kill_host(lab: Lab, state: State, host: str) -> str:
    hosts.stop(lab, host, hard=True)
    return f"{host} has lost its power"


def start_host(lab: Lab, state: State, host: str) -> str:
    hosts.start(lab, host)
    hosts.wait_ready(lab, state, host)
    return f"{host} is up"


def restart_engine(lab: Lab, state: State, host: str) -> str:
    """Ends the Docker engine of a host; its supervisor starts it again at once."""
    name = lab.container(host)
    before = docker.execute(
        name, "cat", "/run/lab/dockerd.pid", tried=f"Looking for the Docker engine of {host}"
    ).strip()
    docker.execute(name, "kill", "-TERM", before, tried=f"Ending the Docker engine of {host}")

    def missing() -> str:
        after = docker.call("exec", name, "cat", "/run/lab/dockerd.pid").text.strip()
        return "" if after and after != before else "the engine has not been started again"

    wait_until(
        missing, f"Restarting the Docker engine of {host}", ENGINE_SECONDS, f"Read /var/log/dockerd.log in {name}."
    )
    hosts.wait_ready(lab, state, host)
    return f"the Docker engine of {host} has been restarted"


Fault = Callable[[Lab, State, str], str]

FAULTS: dict[str, tuple[Fault, tuple[str, ...], str]] = {
    "slow-link": (slow_link, HOSTS, f"let a host send no faster than {SLOW_RATE}"),
    "heal-link": (heal_link, HOSTS, "undo every cut and brake of a host"),
    "kill-db": (kill_database, DATABASE_HOSTS, "kill a database server and keep it down"),
    "start-db": (start_database, DATABASE_HOSTS, "start it again"),
    "fill-disk": (fill_disk, DATABASE_HOSTS, "fill the disk of db-new"),
    "free-disk": (free_disk, DATABASE_HOSTS, "make room again"),
    "stop-host": (stop_host, HOSTS, "shut a host down"),
    "kill-host": (kill_host, HOSTS, "pull a host's plug"),
    "start-host": (start_host, HOSTS, "switch a host on"),
    "restart-engine": (restart_engine, ENGINE_HOSTS, "restart the Docker engine of a host"),
}
CUT_PEERS = (CONTROLLER, *SSH_HOSTS, "whatsapp", "webhook")
