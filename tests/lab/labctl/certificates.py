# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority, server certificates and SSH keys.

They are made inside the base image, so this machine needs no tools for it.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from labctl import docker
from labctl.files import make_private_directory, write_private
from labctl.images import BASE_IMAGE
from labctl.layout import ALIASES, DATABASE_HOSTS, SSH_HOSTS

TLS_HOSTS = (*DATABASE_HOSTS, "webhook")
LIFETIME = "-days 825"
SIGNER = "-CA ca.pem -CAkey ca.key -CAcreateserial"
NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"


@dataclass(frozen=True)
class Keys:
    """Where the lab's key material lies on this machine."""

    directory: Path

    def read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    @property
    def authority(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def login(self) -> Path:
        return self.directory / "id_ed25519"

    def host_public_key(self, host: str) -> str:
        return " ".join(self.read(f"{host}.ssh.pub").decode().split()[:2])


def subject_names(host: str) -> str:
    return ",".join(f"DNS:{name}" for name in (host, *ALIASES.get(host, ()), "localhost")) + ",IP:127.0.0.1"


def recipe() -> str:
    """The shell script that makes everything and leaves it as a tar archive on standard output."""
    lines = [
        "umask 077; cd $(mktemp -d); exec 3>&1 1>&2",
        (
            f"openssl req -x509 {NEW_KEY} -keyout ca.key -out ca.pem {LIFETIME} -subj '/CN=waba lab authority'"
            " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign"
        ),
    ]
    for host in TLS_HOSTS:
        lines += [
            f"openssl req {NEW_KEY} -keyout {host}.key -out {host}.csr -subj /CN={host}",
            f"printf 'subjectAltName={subject_names(host)}\\nextendedKeyUsage=serverAuth\\n' > {host}.ext",
            f"openssl x509 -req {SIGNER} {LIFETIME} -in {host}.csr -extfile {host}.ext -out {host}.crt",
            f"rm {host}.csr {host}.ext",
        ]
    lines += [f"ssh-keygen -q -t ed25519 -N '' -C {host} -f {host}.ssh" for host in SSH_HOSTS]
    lines += ["ssh-keygen -q -t ed25519 -N '' -C waba-lab -f id_ed25519", "tar -cf - . >&3"]
    return "\n".join(lines)


def ensure_keys(directory: Path) -> Keys:
    """The lab's key material, made when there is none."""
    keys = Keys(directory)
    if keys.authority.exists():
        return keys
    made = docker.run(
        "run", "--rm", "-i", "--network", "none", BASE_IMAGE, "bash", "-euo", "pipefail", "-s",
        tried="Making the lab's keys and certificates",
        stdin=recipe().encode(),
    )  # fmt: skip
    make_private_directory(directory)
    with tarfile.open(fileobj=io.BytesIO(made.output)) as archive:
        entries = [(Path(entry.name).name, archive.extractfile(entry)) for entry in archive]
        files = {name: content.read() for name, content in entries if content is not None}
        # The authority comes last: its presence says that all the others are there.
        for name in sorted(files, key=lambda name: name == keys.authority.name):
            write_private(directory / name, files[name])
    return keys
