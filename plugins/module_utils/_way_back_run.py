# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a way back is kept, used and removed, whatever the engine is. Private; may change at any time."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import summarise
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._in_workplace import InWorkplace, Place
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, Obstacle, size_text
from ansible_collections.waba.migration.plugins.module_utils._way_back import (
    LOST,
    Returned,
    WayBackRequest,
    WayBackState,
    WayBackStatus,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Compared(Protocol):
        """A database that is open on both servers, the new one of which is its source."""

        name: str

        def read_source(self) -> Any: ...

        def peek_target(self) -> Any:
            """As it is, with no sequence set."""

        def is_behind(self, source: Any, target: Any) -> bool:
            """Whether a sequence of the target has to be set."""

        def follow_target(self, source: Any) -> Any:
            """After its sequences were set."""

        def differences(self, source: Any, target: Any) -> list[str]: ...

        def tables(self) -> list[tuple[str, str]]:
            """Each table with the way that it is compared in."""

        def numbers(self) -> int:
            """How many sequences are looked after."""


LOOK_SECONDS = 0.05
Database = TypeVar("Database", bound="Compared")


class WayBack(InWorkplace[Place], Generic[Place, Database]):
    """Both servers. The new one is the source here, since changes come from it."""

    def __init__(self, workplace: Place, request: WayBackRequest) -> None:
        super().__init__(workplace)
        self._request = request

    # -- what each engine does in its own way -------------------------------------------------------------------------

    @abstractmethod
    def obstacles(self) -> list[Obstacle]:
        """What stands against a way back, before there is anything of it."""

    @abstractmethod
    def _read(self) -> list[WayBackState]: ...

    @abstractmethod
    def _left(self) -> Leavings:
        """What there is on both servers."""

    @abstractmethod
    def _refuse_loop(self) -> None:
        """The way there has to be gone: it would take along what comes back."""

    @abstractmethod
    def _busy(self, new: bool) -> str:
        """Who is connected to the databases of the new or the old server."""

    @abstractmethod
    def _follow(self, states: Sequence[WayBackState]) -> None: ...

    @abstractmethod
    def _enable(self, names: Sequence[str]) -> None:
        """Have databases go on following that had stopped."""

    @abstractmethod
    def _last_position(self) -> str: ...

    @abstractmethod
    def _drain(self, position: str) -> None:
        """Wait until all before the position is on the old server."""

    @abstractmethod
    def _open_databases(self) -> Sequence[Database]: ...

    @abstractmethod
    def _other_schemas(self, databases: Sequence[Database]) -> list[str]:
        """What the new client has defined, which does not come back."""

    @abstractmethod
    def _find_everything(self) -> Leavings: ...

    @abstractmethod
    def _remove_everything(self) -> Leavings: ...

    @abstractmethod
    def _is_on_old(self) -> bool:
        """Whether anything of the way back is left on the old server."""

    # -- what follows from it -----------------------------------------------------------------------------------------

    def status(self) -> WayBackStatus:
        states = self._read()
        left = self._left()
        return WayBackStatus(state_of(states, left), states, left)

    def keep(self, check_mode: bool) -> bool:
        """Have the old databases follow from the moment on that the cut has prepared."""
        states = self._read()
        self._refuse_unprepared(states)
        if all(state.subscribed for state in states):
            disabled = [state.name for state in states if not state.enabled]
            if disabled and not check_mode:
                self._enable(disabled)
            return bool(disabled)
        self._refuse_loop()
        self._refuse_old_client()
        if not check_mode:
            self._follow(states)
        return True

    def bring_back(self, check_mode: bool) -> Returned:
        """Wait until the old databases have everything, and see that they do."""
        states = self._read()
        if not all(state.subscribed for state in states):
            raise DatabaseError(
                f"The old databases on {self._request.target} do not follow the new ones under the name "
                f"{self._request.name}, so nothing comes back. {LOST}"
            )
        self._refuse_old_client()
        if check_mode:
            return Returned(changed=True)
        try:
            return self._bring_back()
        except DatabaseError as error:
            cause = self._children.cause or error
            raise DatabaseError(f"{str(cause).rstrip('.')}. {LOST}") from error

    def remove(self, check_mode: bool) -> Leavings | None:
        """What was removed, None when the new server could not be reached and may have something left."""
        if check_mode:
            return self._find_everything()
        try:
            return self._remove_everything()
        except DatabaseError:
            # What matters to the old client is that nothing writes to its databases any more.
            if not self._request.accept_target_gone or self._is_on_old():
                raise
            return None

    def _refuse_unprepared(self, states: Sequence[WayBackState]) -> None:
        missing = [state.name for state in states if not state.prepared]
        if missing:
            raise DatabaseError(
                f"No way back was prepared under the name {self._request.name} for {', '.join(missing)} on "
                f"{self._request.source}. Only the cut can do that, before the new client writes."
            )
        broken = [f"{state.name}: {state.broken}" for state in states if state.broken]
        if broken:
            raise DatabaseError(f"The way back is broken and does not mend itself. {'. '.join(broken)}. Remove it.")

    def _refuse_old_client(self) -> None:
        with during(f"Asking {self._request.target} who is connected"):
            somebody = self._busy(new=False)
        if somebody:
            raise DatabaseError(
                f"Databases on the old server {self._request.target} are in use ({somebody}). As long as changes come "
                "back to them, nobody else may write there: stop the old client."
            )

    def _bring_back(self) -> Returned:
        request = self._request
        self._await_new_client()
        started = time.monotonic()
        with during(f"Reading the last position of {request.source}"):
            position = self._last_position()
        self._drain(position)
        databases = self._open_databases()
        schemas = self._other_schemas(databases)
        if schemas:
            raise DatabaseError(
                f"The new client has changed what is defined, which does not come back: {summarise(schemas)}"
            )
        there = self._at_once([database.read_source for database in databases])
        here = self._at_once([database.peek_target for database in databases])
        changed = any(one.is_behind(source, target) for one, source, target in zip(databases, there, here))
        if changed:
            here = self._at_once([partial(one.follow_target, rows) for one, rows in zip(databases, there)])
        found = [
            sentence
            for database, source, target in zip(databases, there, here)
            for sentence in database.differences(source, target)
        ]
        if found:
            raise DatabaseError(f"The databases are not the same on both servers: {summarise(found)}")
        return Returned(
            changed=changed,
            position=position,
            seconds=time.monotonic() - started,
            tables={database.name: database.tables() for database in databases},
            sequences={database.name: database.numbers() for database in databases},
        )

    def _await_new_client(self) -> None:
        """Sessions of a client that has just been stopped take a moment to go."""
        request = self._request
        deadline = time.monotonic() + request.idle_timeout
        while True:
            with during(f"Asking {request.source} who is connected"):
                somebody = self._busy(new=True)
            if not somebody:
                return
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Databases on the new server {request.source} are still in use after {request.idle_timeout:g} s "
                    f"({somebody}). Stop the new client"
                )
            time.sleep(LOOK_SECONDS)

    def _not_everything(self, states: Sequence[WayBackState], within: str) -> DatabaseError:
        """What is missing on the old server when a wait is over."""
        request = self._request
        return DatabaseError(
            f"The old server {request.target} has not got everything from {request.source}{within}: "
            f"{'. '.join(map(_behind, states))}"
        )

    def _at_once(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        return in_parallel(self._children, tasks, DATABASES_AT_ONCE)


def _behind(state: WayBackState) -> str:
    troubles = state.troubles() if state.prepared else ["what was prepared for it on the new server is gone"]
    return f"{state.name} lags behind by {size_text(state.lag_bytes)}" + "".join(f"; {trouble}" for trouble in troubles)
