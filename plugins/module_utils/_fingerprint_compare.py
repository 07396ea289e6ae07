# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hash the databases of two servers side by side. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Comparison, Fingerprint
from ansible_collections.waba.migration.plugins.module_utils._mysql import fingerprint as mysql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint import PostgreSQLSnapshots
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint_sql import choose_method

if TYPE_CHECKING:
    from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Snapshots

    Open = Callable[[Server, Sequence[str], "str | None", str], AbstractContextManager[Snapshots]]
    ChooseMethod = Callable[[Mapping[str, Any], Mapping[str, Any]], "dict[str, Any]"]

OPEN: dict[str, Open] = {"postgresql": PostgreSQLSnapshots, "mysql": mysql.MySQLSnapshots}
CHOOSE_METHOD: dict[str, ChooseMethod] = {"postgresql": choose_method, "mysql": mysql.choose_method}


def read(engine: str, snapshots: Snapshots, databases: Sequence[str], jobs: int) -> list[Fingerprint]:
    """Fingerprints of one server, as another one of its kind would have them."""
    facts = snapshots.facts()
    return snapshots.fingerprints(databases, CHOOSE_METHOD[engine](facts, facts), jobs)


def compare(engine: str, source: Snapshots, target: Snapshots, databases: Sequence[str], jobs: int) -> list[Comparison]:
    """Fingerprints of both servers, read at the same time. A failure on one ends the other's work too."""
    method = CHOOSE_METHOD[engine](source.facts(), target.facts())
    sides = (source, target)
    with ThreadPoolExecutor(len(sides)) as pool:
        futures = [pool.submit(side.fingerprints, databases, method, jobs) for side in sides]
        cause: BaseException | None = None
        try:
            done, _running = wait(futures, return_when=FIRST_EXCEPTION)
            cause = next((future.exception() for future in done if future.exception()), None)
        except BaseException as error:
            cause = error
            raise
        finally:
            if cause:
                for side in sides:
                    side.stop()
    if cause:
        # Not what the other side says of being stopped.
        raise cause
    there, here = (future.result() for future in futures)
    return [Comparison(one, other) for one, other in zip(there, here)]
