# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find PostgreSQL's client tools. Private to this collection; may change at any time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError

TOOLS = ("psql", "pg_dump", "pg_restore")
# Where the packages of Debian and of the PostgreSQL project put one directory for each major release.
VERSIONED_DIRECTORIES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")


@dataclass(frozen=True)
class Tools:
    """The tools of one directory."""

    directory: str
    versions: dict[str, str | None]

    def path(self, tool: str) -> str:
        return str(Path(self.directory, tool))


def candidate_directories(bin_directory: str | None) -> list[str]:
    """Directories to look into. The versioned ones come first: on Debian, those on the path are slow wrappers."""
    if bin_directory:
        return [bin_directory]
    versioned = [str(found) for pattern in VERSIONED_DIRECTORIES for found in Path("/").glob(pattern)]
    versioned.sort(key=lambda path: [int(number) for number in re.findall(r"\d+", path)], reverse=True)
    return versioned + os.environ.get("PATH", os.defpath).split(os.pathsep)


class ToolFinder:
    """Looks into one directory after the other, and only as far as it has to: each look starts the tools."""

    def __init__(self, bin_directory: str | None, version_of: Callable[[str], str]) -> None:
        self._bin_directory = bin_directory
        self._version_of = version_of
        self._found: list[Tools] = []
        self._directories = iter(candidate_directories(bin_directory))

    def first(self) -> Tools:
        """The first set that can at least talk to a server."""
        for tools in self._all():
            return tools
        where = self._bin_directory or "the search path, /usr/lib/postgresql and /usr/pgsql-*"
        raise DatabaseError(f"There is no psql in {where}. Install PostgreSQL's client package or set bin_directory.")

    def of_major(self, major: int) -> Tools | None:
        """A complete set of one major release."""
        for tools in self._all():
            if all(version is not None and major_of(version) == major for version in tools.versions.values()):
                return tools
        return None

    def describe(self) -> str:
        return ", ".join(
            f"{tool} {version} in {tools.directory}" if version else f"no {tool} in {tools.directory}"
            for tools in self._found
            for tool, version in tools.versions.items()
        )

    def _all(self) -> Iterator[Tools]:
        yield from list(self._found)
        for directory in self._directories:
            paths = {tool: Path(directory, tool) for tool in TOOLS}
            usable = {tool: str(path) for tool, path in paths.items() if os.access(path, os.X_OK)}
            if "psql" in usable:
                versions = {tool: self._version_of(usable[tool]) if tool in usable else None for tool in TOOLS}
                self._found.append(Tools(directory, versions))
                yield self._found[-1]


def parse_version(output: str) -> str:
    """Take the version out of what C(--version) prints."""
    match = re.search(r"\(PostgreSQL\) (\S+)", output)
    if not match:
        raise DatabaseError(f"A tool of PostgreSQL answered --version with {output.strip()!r}.")
    return match.group(1)


def major_of(version: str | None) -> int:
    match = re.match(r"\d+", version or "")
    return int(match.group()) if match else 0
