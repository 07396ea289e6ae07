# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's images: built side by side, and only when what goes into them has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from labctl import docker, process
from labctl.debian import DEBIAN_IMAGE, ensure_debian
from labctl.docker import File
from labctl.errors import LabError
from labctl.layout import (
    CLIENT_VERSION,
    COREAPP_IMAGE,
    ENGINES,
    IMAGES_DIRECTORY,
    MARIADB,
    MYSQL,
    OTHER_CLIENT_VERSION,
    POSTGRES_IMAGE,
    POSTGRESQL,
    STANDIN_DIRECTORY,
    WEB_IMAGE,
    DatabaseEngine,
)

INPUTS_LABEL = "waba.lab.inputs"
EXPIRES_LABEL = "EXPIRES_ON"
CLIENT_LIFETIME = timedelta(days=180)
CLIENT_RENEWAL = timedelta(days=30)
BUILD_SECONDS = 900.0
PARALLEL_BUILDS = 3

BASE_IMAGE = "waba-lab/base"
HOST_IMAGE = "waba-lab/host"
NETWORK_IMAGE = "waba-lab/network"

CLIENT_PACKAGES = ("common", "core", "stores", "web")
NETWORK_PACKAGES = ("common", "network", "receiver", "traffic", "ledger")

HOST_FILES = ("init.py", "module_bytecode.pth", "module_bytecode.py", "sshd.conf")
"""What all hosts that Ansible works on have in common."""

MYSQL_FILES = (*HOST_FILES, "lab-mysql.sh", "mysql-prepare.sh", "mysql-services.json")
"""What MySQL's and MariaDB's images have in common."""


@dataclass(frozen=True)
class Image:
    """One image: its Dockerfile's folder, what else goes into the build, and what it is built on."""

    tag: str
    folder: str
    parent: str
    parent_argument: str
    common: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    arguments: dict[str, str] = field(default_factory=dict)
    expires: bool = False


def _client(role: str, name: str, version: str) -> Image:
    arguments = {"ROLE": role, "VERSION": version}
    return Image(
        f"{name}:v{version}", "client", BASE_IMAGE, "BASE", packages=CLIENT_PACKAGES, arguments=arguments, expires=True
    )


IMAGES = (
    Image(BASE_IMAGE, "base", DEBIAN_IMAGE, "DEBIAN"),
    Image(HOST_IMAGE, "host", DEBIAN_IMAGE, "DEBIAN", common=HOST_FILES),
    Image(POSTGRES_IMAGE, "postgres", BASE_IMAGE, "BASE"),
    Image(POSTGRESQL.image, "db", POSTGRES_IMAGE, "POSTGRES", common=HOST_FILES),
    Image(MYSQL.image, "mysql", BASE_IMAGE, "BASE", common=MYSQL_FILES),
    Image(MARIADB.image, "mariadb", BASE_IMAGE, "BASE", common=MYSQL_FILES),
    Image(NETWORK_IMAGE, "network", BASE_IMAGE, "BASE", packages=NETWORK_PACKAGES),
    *(
        _client(role, name, version)
        for version in (CLIENT_VERSION, OTHER_CLIENT_VERSION)
        for role, name in (("coreapp", COREAPP_IMAGE), ("web", WEB_IMAGE))
    ),
)


def needed(engine: DatabaseEngine, bare: bool = False) -> list[Image]:
    """The images of a lab with this engine: parents first. A bare one has no clients."""
    databases = {known.image for known in ENGINES.values()} - {engine.image}
    hosts = {BASE_IMAGE, HOST_IMAGE, engine.image, *([POSTGRES_IMAGE] if engine is POSTGRESQL else [])}
    return [image for image in IMAGES if (image.tag in hosts if bare else image.tag not in databases)]


def build_context(
    image: Image, images_directory: Path = IMAGES_DIRECTORY, standin_directory: Path = STANDIN_DIRECTORY
) -> list[File]:
    """The files of a build, in a stable order and without what Python leaves behind."""
    places = {
        path.relative_to(images_directory / image.folder): path for path in (images_directory / image.folder).rglob("*")
    }
    places |= {Path(name): images_directory / "common" / name for name in image.common}
    if image.packages:
        places[Path("standin/__init__.py")] = standin_directory / "__init__.py"
        for package in image.packages:
            places |= {
                Path("standin") / path.relative_to(standin_directory): path
                for path in (standin_directory / package).rglob("*")
            }
    return [
        File(str(target), source.read_bytes(), 0o755 if source.suffix == ".sh" else 0o644)
        for target, source in sorted(places.items())
        if source.is_file() and "__pycache__" not in source.parts
    ]


def fingerprint(context: Sequence[File], arguments: dict[str, str], parent: str) -> str:
    """One hash over everything that decides what an image holds."""
    digest = hashlib.sha256(json.dumps([parent, arguments], sort_keys=True).encode())
    for file in context:
        digest.update(f"\0{file.path}\0{file.mode:o}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()


def schema_fingerprint(standin_directory: Path = STANDIN_DIRECTORY) -> str:
    """One hash over what decides the form of the client's data."""
    files = sorted((standin_directory / "stores").glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def still_good(labels: dict[str, str], inputs: str, expires: bool, today: date) -> bool:
    """Whether an image with these labels may be used as it is."""
    if labels.get(INPUTS_LABEL) != inputs:
        return False
    return not expires or date.fromisoformat(labels[EXPIRES_LABEL]) - today > CLIENT_RENEWAL


def labels_of(tag: str) -> dict[str, str]:
    """Labels of an image of the outer engine; empty when there is none."""
    document = docker.inspect("image", tag)
    return {} if document is None else document["Config"].get("Labels") or {}


def ensure_images(say: Callable[[str], None], images: Sequence[Image] = IMAGES) -> None:
    """Makes sure that the images are there and up to date. Parents come before their children."""
    environment = _builder()
    done: dict[str, Future[str]] = {DEBIAN_IMAGE: Future()}
    done[DEBIAN_IMAGE].set_result(ensure_debian())
    # In this order no worker waits for a build that has not been handed to one.
    with ThreadPoolExecutor(max_workers=PARALLEL_BUILDS) as pool:
        for image in images:
            done[image.tag] = pool.submit(_ensure, image, done[image.parent], environment, say)
    for future in done.values():
        future.result()


def _ensure(image: Image, parent: Future[str], environment: dict[str, str], say: Callable[[str], None]) -> str:
    context = build_context(image)
    inputs = fingerprint(context, image.arguments, parent.result())
    today = datetime.now(UTC).date()
    if still_good(labels_of(image.tag), inputs, image.expires, today):
        return inputs
    say(f"building {image.tag}")
    arguments = {image.parent_argument: image.parent, **image.arguments}
    if image.expires:
        arguments["EXPIRES_ON"] = (today + CLIENT_LIFETIME).isoformat()
    options = [option for name, value in arguments.items() for option in ("--build-arg", f"{name}={value}")]
    docker.run(
        "build", "--quiet", "--force-rm", "--tag", image.tag, "--label", f"{INPUTS_LABEL}={inputs}", *options, "-",
        tried=f"Building the image {image.tag}",
        remedy=f"Read what came back; the Dockerfile is in tests/lab/images/{image.folder}.",
        stdin=docker.archive(context),
        timeout=BUILD_SECONDS,
        environment=environment,
    )  # fmt: skip
    return inputs


def _builder() -> dict[str, str]:
    """The classic builder has to be named where BuildKit's plugin is missing."""
    return {} if docker.call("buildx", "version").code == 0 else {"DOCKER_BUILDKIT": "0"}


def load_into(container: str, tags: Sequence[str]) -> bool:
    """Hands images to the engine inside a host, when it does not have them as they are now. Returns whether it did."""
    wanted = {tag: labels_of(tag).get(INPUTS_LABEL) for tag in tags}
    query = f'{{{{index .Config.Labels "{INPUTS_LABEL}"}}}}'
    missing = [
        tag
        for tag, inputs in wanted.items()
        if docker.call("exec", container, "docker", "image", "inspect", "--format", query, tag).text.strip() != inputs
    ]
    if not missing:
        return False
    done = process.pipe(
        ["docker", "save", *missing], ["docker", "exec", "-i", container, "docker", "load", "--quiet"], BUILD_SECONDS
    )
    if done.code != 0:
        raise LabError(
            f"Loading {', '.join(missing)} into {container}",
            done.complaint,
            "See that the machine has free disk space.",
        )
    return True


def remove_images() -> list[str]:
    """Removes every image that a lab has built, older versions too, and the Debian one; returns what it was."""
    built = docker.names(
        "images",
        "--all",
        "--quiet",
        "--no-trunc",
        "--filter",
        f"label={INPUTS_LABEL}",
        tried="Listing the lab's images",
    )
    debian = docker.names("images", "--quiet", DEBIAN_IMAGE, tried=f"Looking for {DEBIAN_IMAGE}")
    found = sorted({*built, *debian})
    if found:
        docker.run("rmi", "--force", *found, tried="Removing the lab's images")
    return [f"{len(found)} images"] if found else []
