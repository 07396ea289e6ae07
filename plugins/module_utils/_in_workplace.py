# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What works in a workplace, through sessions that are open until it ends. Private; may change at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from typing import Protocol

    from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children

    class Workplace(Protocol):
        children: Children
        """Known from the beginning of the context on."""

        def __enter__(self) -> Any: ...

        def __exit__(self, *unused: object) -> None: ...


Place = TypeVar("Place", bound="Workplace")
Own = TypeVar("Own", bound="InWorkplace[Any]")


class InWorkplace(ABC, Generic[Place]):
    """A context. However it ends, no process, no session and no file of it is left."""

    def __init__(self, workplace: Place) -> None:
        self._workplace = workplace
        self._sessions: list[Any] = []

    def __enter__(self: Own) -> Own:
        self._workplace.__enter__()
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self._workplace.children.stop()
        for session in self._sessions:
            session.close()
        self._workplace.__exit__()

    @property
    def _children(self) -> Children:
        return self._workplace.children

    @abstractmethod
    def _open(self) -> None:
        """Open the sessions, and put each into C(_sessions), so that the end closes it."""
