# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database modules ask of an engine, and what they get. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress

    class Engine(Protocol):
        """One database engine. Every method opens its own connections and leaves none behind."""

        def inspect(self, request: InspectRequest) -> dict[str, Any]: ...

        def plan(self, request: CopyRequest) -> list[dict[str, Any]]: ...

        def copy(self, request: CopyRequest, progress: Progress) -> CopyResult: ...

        def plan_dump(self, request: DumpRequest) -> DumpPlan: ...

        def dump(self, request: DumpRequest) -> DumpResult: ...


class DatabaseError(Exception):
    """Something that the user can act on; the text says what was tried, where, and what came back."""


@dataclass(frozen=True)
class Server:
    """A database server as the user names it. The password never leaves this object but into a private file."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ssl_mode: str = "verify-full"
    ca_path: str | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class InspectRequest:
    server: Server
    prefix: str
    count_rows: bool
    bin_directory: str | None
    temporary_directory: str
    look_into_auth: bool = True


@dataclass(frozen=True)
class CopyRequest:
    source: Server
    target: Server
    databases: list[str]
    owner: str
    jobs: int
    marker: str
    replace_marker: str | None
    require_idle_source: bool
    bin_directory: str | None
    temporary_directory: str

    def is_ours(self, comment: str | None) -> bool:
        """Whether a target database may go because a copy of ours made it."""
        return bool(self.replace_marker and comment and comment.startswith(self.replace_marker))


@dataclass(frozen=True)
class TableResult:
    name: str
    rows_source: int
    rows_target: int


@dataclass(frozen=True)
class DatabaseResult:
    name: str
    bytes: int
    seconds: float
    tables: list[TableResult]

    @property
    def rows(self) -> int:
        return sum(table.rows_target for table in self.tables)


@dataclass(frozen=True)
class Definer:
    """A view, routine, trigger or event whose definer is no account of the target, so that it became the owner."""

    database: str
    kind: str
    name: str
    definer: str


@dataclass(frozen=True)
class CopyResult:
    databases: list[DatabaseResult]
    seconds: float
    replaced: list[str]
    definers: list[Definer] = field(default_factory=list)


@dataclass(frozen=True)
class DumpRequest:
    server: Server
    databases: list[str]
    directory: str
    free_space_factor: float
    jobs: int
    bin_directory: str | None
    temporary_directory: str


@dataclass(frozen=True)
class DumpPlan:
    """The sizes of the databases, the room that dumps need and have, and what they do not keep, as sentences."""

    sizes: Mapping[str, int]
    needed: int
    free: int
    losses: list[str]


@dataclass(frozen=True)
class Dump:
    """One database as a file."""

    name: str
    path: str
    bytes: int
    sha256: str
    seconds: float


@dataclass(frozen=True)
class DumpResult:
    dumps: list[Dump]
    plan: DumpPlan
    seconds: float
