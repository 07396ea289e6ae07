# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files of a run, and the CA that a server is verified with. Private; may change at any time."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server

CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class PrivateDirectory:
    """A directory that only we can look into, gone when this ends."""

    def __init__(self, parent: str) -> None:
        self._parent = parent
        self._path: Path | None = None

    def __enter__(self) -> PrivateDirectory:
        self._path = Path(tempfile.mkdtemp(prefix="waba-migration-", dir=self._parent))
        return self

    @property
    def path(self) -> Path:
        """Known from the beginning of the context on."""
        if self._path is None:
            raise ValueError("The directory has not been made yet.")
        return self._path

    def __exit__(self, *unused: object) -> None:
        self.remove()

    def remove(self) -> None:
        """May be called more than once."""
        if self._path and self._path.is_dir():
            shutil.rmtree(self._path)


def append_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def root_certificate(server: Server) -> str:
    if server.ca_path:
        if not Path(server.ca_path).is_file():
            raise DatabaseError(f"The CA file {server.ca_path} for {server} does not exist on this host.")
        return server.ca_path
    for bundle in CA_BUNDLES:
        if Path(bundle).is_file():
            return bundle
    raise DatabaseError(f"No CA is known on this host to verify {server} with. Set ca_path.")
