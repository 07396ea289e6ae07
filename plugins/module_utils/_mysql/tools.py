# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the client tools of MySQL or MariaDB. Private to this collection; may change at any time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import PRODUCTS, Release

# MariaDB's own names come first: where it is installed, the others are links to them or gone.
PAIRS = (("mariadb", "mariadb-dump"), ("mysql", "mysqldump"))
PACKAGES = {MYSQL: "mysql-client", MARIADB: "mariadb-client"}

# Where there is a distribution's number, the other one is the tool's own.
_VERSIONS = [re.compile(pattern) for pattern in (r"Distrib ([\d.]+)", r"from ([\d.]+)-MariaDB", r"Ver ([\d.]+)")]


@dataclass(frozen=True)
class Tools:
    """A client and, unless it is missing, a dump program of one directory."""

    directory: str
    client_name: str
    dump_name: str
    client_release: Release
    dump_release: Release | None

    @property
    def client(self) -> str:
        return str(Path(self.directory, self.client_name))

    @property
    def dump(self) -> str:
        return str(Path(self.directory, self.dump_name))

    @property
    def flavour(self) -> str:
        return self.client_release.flavour

    @property
    def versions(self) -> dict[str, str | None]:
        return {
            self.client_name: self.client_release.version,
            self.dump_name: self.dump_release.version if self.dump_release else None,
        }

    def fit(self, target: Release) -> bool:
        """Whether both tools are of the target's major release and know all that it knows."""
        return all(
            release is not None
            and release.flavour == target.flavour
            and release.major == target.major
            and release.series >= target.series
            for release in (self.client_release, self.dump_release)
        )


class ToolFinder:
    """Looks into one directory after the other, and only as far as it has to: each look starts the tools."""

    def __init__(self, bin_directory: str | None, version_of: Callable[[str], str]) -> None:
        self._bin_directory = bin_directory
        self._version_of = version_of
        self._found: list[Tools] = []
        directories = [bin_directory] if bin_directory else os.environ.get("PATH", os.defpath).split(os.pathsep)
        self._candidates = ((directory, pair) for directory in directories for pair in PAIRS)

    def first(self) -> Tools:
        """The first set that can at least talk to a server."""
        for tools in self._all():
            return tools
        where = self._bin_directory or "the search path"
        raise DatabaseError(
            f"There is neither mysql nor mariadb in {where}. Install the client package of the target server "
            "or set bin_directory."
        )

    def fitting(self, target: Release) -> Tools | None:
        for tools in self._all():
            if tools.fit(target):
                return tools
        return None

    def describe(self) -> str:
        return ", ".join(
            f"{tool} {version} ({PRODUCTS[tools.flavour]}) in {tools.directory}"
            if version
            else f"no {tool} in {tools.directory}"
            for tools in self._found
            for tool, version in tools.versions.items()
        )

    def _all(self) -> Iterator[Tools]:
        yield from list(self._found)
        for directory, (client, dump) in self._candidates:
            client_path, dump_path = Path(directory, client), Path(directory, dump)
            if os.access(client_path, os.X_OK):
                has_dump = os.access(dump_path, os.X_OK)
                self._found.append(
                    Tools(
                        directory,
                        client,
                        dump,
                        tool_release(self._version_of(str(client_path))),
                        tool_release(self._version_of(str(dump_path))) if has_dump else None,
                    )
                )
                yield self._found[-1]


def tool_release(output: str) -> Release:
    """Take the release out of what C(--version) prints, which differs by tool, flavour and age."""
    for pattern in _VERSIONS:
        found = pattern.search(output)
        if found:
            return Release(MARIADB if "mariadb" in output.lower() else MYSQL, found.group(1))
    raise DatabaseError(f"A tool of MySQL or MariaDB answered --version with {output.strip()!r}.")
