# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hosts: outer containers that behave like machines."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from labctl import control, databases, disks, docker, network, ports
from labctl.certificates import Keys
from labctl.docker import File
from labctl.errors import LabError
from labctl.images import BASE_IMAGE, HOST_IMAGE, NETWORK_IMAGE
from labctl.layout import (
    ALIASES,
    DATABASE_HOSTS,
    ENGINE_HOSTS,
    HOSTS,
    LABEL,
    PUBLISHED_PORTS,
    SERVICE_HOSTS,
    SSH_HOSTS,
    TRAFFIC_LOG,
    DatabaseEngine,
    Lab,
)
from labctl.state import State
from labctl.waiting import wait_until

STOP_SECONDS = 40
READY_SECONDS = 90
CONTROLLED_HOSTS = ("whatsapp", "webhook")
BYTECODE = "/var/cache/module-bytecode"
MADE_FROM = f"{LABEL}.directory"
"""The label that tells where the keys and passwords of a host are kept."""

PRIVILEGED_OPTIONS = ("--privileged",)
CAPABILITY_OPTIONS = (
    "--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_PTRACE", "--cap-add", "SYSLOG",
    "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
    "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
)  # fmt: skip

COMMANDS = {
    "whatsapp": ("python3", "-m", "standin.network"),
    "webhook": (
        "python3",
        "-m",
        "standin.receiver",
        "--certificate",
        "/etc/lab/tls/server.crt",
        "--key",
        "/etc/lab/tls/server.key",
    ),
    "traffic": ("python3", "-m", "standin.traffic", "--config", "/etc/lab/traffic.json", "--log", TRAFFIC_LOG),
}


@dataclass(frozen=True)
class Engine:
    """What the outer engine lets us do."""

    cgroup_version: str
    privileged: bool

    def nested_options(self) -> tuple[str, ...]:
        """Options for a container that runs an engine of its own."""
        namespace = "private" if self.cgroup_version == "2" else "host"
        return (*(PRIVILEGED_OPTIONS if self.privileged else CAPABILITY_OPTIONS), "--cgroupns", namespace)


def probe_engine(state: State) -> Engine:
    """Whether privileged containers work is tried once: on some machines root itself lacks capabilities."""
    version = str(docker.require_engine()["CgroupVersion"])
    if state.privileged is None:
        state.privileged = docker.call("run", "--rm", "--privileged", "--network", "none", BASE_IMAGE, "true").code == 0
    return Engine(version, state.privileged)


def image_of(host: str, database: DatabaseEngine) -> str:
    if host in ENGINE_HOSTS:
        return HOST_IMAGE
    return database.image if host in DATABASE_HOSTS else NETWORK_IMAGE


def files_of(host: str, keys: Keys, secrets: dict[str, str]) -> list[File]:
    """Key material and passwords that a host is born with."""
    files = [File("/etc/lab/ca.pem", keys.read("ca.pem"))]
    if host in SSH_HOSTS:
        files += [
            File("/etc/ssh/ssh_host_ed25519_key", keys.read(f"{host}.ssh"), 0o600),
            File("/etc/ssh/ssh_host_ed25519_key.pub", keys.read(f"{host}.ssh.pub")),
            File("/root/.ssh/authorized_keys", keys.read("id_ed25519.pub"), 0o600),
        ]
    if host in DATABASE_HOSTS or host == "webhook":
        files += [
            File("/etc/lab/tls/server.key", keys.read(f"{host}.key"), 0o600),
            File("/etc/lab/tls/server.crt", keys.read(f"{host}.crt")),
        ]
    if host in DATABASE_HOSTS:
        password = secrets[f"{host.replace('-', '_')}_admin_password"]
        files.append(File("/etc/lab/database/password", password.encode(), 0o600))
    return files


def create_arguments(lab: Lab, state: State, engine: Engine, host: str, address: str) -> list[str]:
    """The arguments of docker create for one host."""
    arguments = [
        "create", "--name", lab.container(host), "--hostname", host,
        "--label", lab.label, "--label", f"{MADE_FROM}={lab.directory}",
        "--network", lab.network, "--ip", address, "--network-alias", host, "--stop-timeout", str(STOP_SECONDS),
    ]  # fmt: skip
    for alias in ALIASES.get(host, ()):
        arguments += ["--network-alias", alias]
    for inside in PUBLISHED_PORTS[host]:
        arguments += ["--publish", f"127.0.0.1:{state.port(host, inside)}:{inside}"]
    for volume, place in disks.volumes_of(lab, host, state.database_engine).items():
        arguments += ["--volume", f"{volume}:{place}"]
    if host in SSH_HOSTS:
        arguments += ["--tmpfs", "/run:exec,mode=0755"]
        if lab.keeps_bytecode:
            arguments += ["--tmpfs", BYTECODE]
    if host in ENGINE_HOSTS:
        arguments += engine.nested_options()
    if host in DATABASE_HOSTS:
        arguments += ["--shm-size", "256m"]
    return [*arguments, image_of(host, state.database_engine), *COMMANDS.get(host, ())]


def outdated(lab: Lab, database: DatabaseEngine, hosts: tuple[str, ...] = HOSTS) -> list[str]:
    """Hosts whose container was made from an image that has since been rebuilt."""
    stale = []
    for host in hosts:
        container = docker.inspect("container", lab.container(host))
        image = docker.inspect("image", image_of(host, database))
        if container is not None and image is not None and container["Image"] != image["Id"]:
            stale.append(host)
    return stale


def made_elsewhere(lab: Lab) -> list[str]:
    """Where hosts of this lab's name were made whose keys and passwords are not ours: in another checkout."""
    form = f'{{{{.Names}}}} {{{{.Label "{MADE_FROM}"}}}}'
    listing = ("ps", "--all", "--filter", f"label={lab.label}", "--format", form)
    found = dict(line.partition(" ")[::2] for line in docker.names(*listing, tried="Listing the lab's hosts"))
    known = {found.get(lab.container(host), str(lab.directory)) for host in HOSTS}
    return sorted(known - {str(lab.directory)})


def ensure_hosts(
    lab: Lab,
    state: State,
    keys: Keys,
    secrets: dict[str, str],
    say: Callable[[str], None],
    chosen: tuple[str, ...] = HOSTS,
) -> None:
    """Makes and starts whatever is not there yet, all hosts side by side. ``wait_all_ready`` is to follow."""
    engine = probe_engine(state)
    network.ensure(lab)
    addresses = network.addresses(lab)
    for host in outdated(lab, state.database_engine, SERVICE_HOSTS):
        docker.run("rm", "--force", lab.container(host), tried=f"Replacing {lab.container(host)}")
    _ensure_ports(state)
    disks.ensure(lab, state.database_engine)
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        futures = []
        for host in chosen:
            arguments = create_arguments(lab, state, engine, host, addresses[host])
            futures.append(pool.submit(_ensure_host, lab, arguments, host, files_of(host, keys, secrets), say))
        for future in futures:
            future.result()


def _ensure_ports(state: State) -> None:
    missing = [
        (host, inside)
        for host, insides in PUBLISHED_PORTS.items()
        for inside in insides
        if str(inside) not in state.ports.get(host, {})
    ]
    for (host, inside), outside in zip(missing, ports.pick(len(missing)) if missing else [], strict=True):
        state.ports.setdefault(host, {})[str(inside)] = outside


def _ensure_host(lab: Lab, arguments: list[str], host: str, files: list[File], say: Callable[[str], None]) -> None:
    name = lab.container(host)
    if docker.inspect("container", name) is None:
        say(f"creating {host}")
        docker.run(*arguments, tried=f"Creating the host {host}")
        docker.put(name, files)
    if host != "traffic":
        start(lab, host)


def start(lab: Lab, host: str) -> None:
    """Switches a host on."""
    docker.run(
        "start", lab.container(host),
        tried=f"Starting the host {host}",
        remedy="When a port is taken by now, run `lab down` and `lab up`, which pick new ones.",
    )  # fmt: skip


def stop(lab: Lab, host: str, hard: bool = False) -> None:
    """Switches a host off: as a shutdown, or as a pulled plug."""
    command = ("kill",) if hard else ("stop", "--time", str(STOP_SECONDS))
    docker.run(*command, lab.container(host), tried=f"Stopping the host {host}", timeout=STOP_SECONDS + 30)


def wait_all_ready(lab: Lab, state: State, chosen: tuple[str, ...] = HOSTS) -> None:
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        for future in [pool.submit(wait_ready, lab, state, host) for host in chosen]:
            future.result()


def wait_ready(lab: Lab, state: State, host: str) -> None:
    """Waits for SSH and for the engine or the database server."""
    name = lab.container(host)
    if host in SSH_HOSTS:
        wait_until(
            lambda: _ssh_missing(state.port(host, 22)),
            tried=f"Waiting for the SSH server of {host}",
            timeout=READY_SECONDS,
            remedy=f"Read `docker logs {name}` and /var/log/sshd.log in it.",
        )
    if host in ENGINE_HOSTS:
        wait_until(
            lambda: _engine_missing(name),
            tried=f"Waiting for the Docker engine of {host}",
            timeout=READY_SECONDS,
            remedy=f"Read /var/log/dockerd.log in the container {name}.",
        )
    if host in DATABASE_HOSTS:
        databases.server(lab, state, host).wait_ready()
    if host in CONTROLLED_HOSTS:
        wait_until(
            lambda: control.missing(state, host),
            tried=f"Waiting for {host}",
            timeout=READY_SECONDS,
            remedy=f"Read `docker logs {name}`.",
        )


def _ssh_missing(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            greeting = connection.recv(4)
    except OSError as error:
        return str(error)
    return "" if greeting == b"SSH-" else "something accepts the connection but does not speak SSH"


def _engine_missing(name: str) -> str:
    result = docker.call("exec", name, "docker", "info", "--format", "{{.ServerVersion}}")
    return "" if result.code == 0 else result.complaint


def remove_database_hosts(lab: Lab) -> None:
    """Removes both database servers with their data, so that others can be made in their place."""
    for host in (*DATABASE_HOSTS, disks.HOLDER):
        if exists(lab, host):
            docker.run("rm", "--force", lab.container(host), tried=f"Removing {lab.container(host)}")
    for host in DATABASE_HOSTS:
        disks.remove(lab, host)


def remove_everything(lab: Lab) -> list[str]:
    """Removes all that carries the lab's label; returns what it was."""
    removed = []
    label = f"label={lab.label}"
    containers = docker.names("ps", "--all", "--quiet", "--filter", label, tried="Listing the lab's containers")
    if containers:
        docker.run("rm", "--force", "--volumes", *containers, tried="Removing the lab's containers")
        removed.append(f"{len(containers)} containers")
    for kind in ("network", "volume"):
        found = docker.names(kind, "ls", "--quiet", "--filter", label, tried=f"Listing the lab's {kind}s")
        if found:
            docker.run(kind, "rm", *found, tried=f"Removing the lab's {kind}s")
            removed.append(f"{len(found)} {kind}{'s' if len(found) > 1 else ''}")
    return removed


def exists(lab: Lab, host: str) -> bool:
    return docker.inspect("container", lab.container(host)) is not None


def require_running(lab: Lab, host: str) -> None:
    """Fails clearly when a host that is about to be used is off or not there."""
    found = docker.inspect("container", lab.container(host))
    if found is None:
        raise LabError(
            f"Using the host {host}", f"the lab {lab.name} is not up ({LABEL} finds no such container)", "Run `lab up`."
        )
    if not found["State"]["Running"]:
        raise LabError(
            f"Using the host {host}", "it is switched off", f"Run `lab fault start-host {host}` or `lab up`."
        )
