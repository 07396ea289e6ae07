# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a settings backup to a client. Private to this collection; may change at any time.

API facts: On-Premises API, "Settings, Backup and Restore" (the client runs and is not registered; one that is
registered is stopped; the same shards), "Support" (the number). What a client answers to a wrong password, damaged data
or other shards is not documented, so its answer is told as it is, with what it may mean.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._backup import checksum
from ansible_collections.waba.migration.plugins.module_utils._client import describe
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._health import (
    COREAPP,
    Node,
    connecting,
    counted,
    initialising,
    parse_health,
)
from ansible_collections.waba.migration.plugins.module_utils._waiting import is_not_yet

PATH, SUPPORT, HEALTH = "/v1/settings/restore", "/v1/support", "/v1/health"
INTERVAL = 1.0  # seconds between two looks for the number
DENIED, NOT_VALID = 1005, 1009


class RestoredError(ClientError):
    """The client took the backup, and is not what it should be after it."""


@dataclass(frozen=True)
class Target:
    """The client before the restore."""

    number: str | None
    nodes: Sequence[Node]

    @property
    def works(self) -> bool:
        """Whether it is connected, or about to be."""
        return any(connecting(node) for node in self.nodes)


def number_at(api: Api) -> str | None:
    """The client's number, None when it is not registered. An answer that does not say is an error."""
    number: str | None = describe(api, ("support",))["number"]
    return number


def look(api: Api) -> Target:
    number = number_at(api)
    nodes = parse_health(api.get(HEALTH))
    if not nodes:
        raise ClientError(f"GET {api.base}{HEALTH} answered without a node. Is api_url the client's API?")
    return Target(number, nodes)


def check_target(api: Api, target: Target, expected: str | None, force: bool) -> None:
    """Raises ClientError when the target must not, or cannot, take a backup."""
    if target.number is not None and not force:
        other = "" if expected is None else f", not {expected}"
        raise ClientError(
            f"The client at {api.base} is registered as {target.number}{other}. A restore would stop it and replace "
            "its keys, so nothing was sent. Look whether api_url is the new client's, or set force."
        )
    if initialising(list(target.nodes)):
        raise ClientError(
            f"The client at {api.base} still makes its schema, and cannot take a backup. Nothing was sent. Wait with "
            "waba.migration.health_check for the state unregistered."
        )


def restore(api: Api, target: Target, data: str, password: str) -> None:
    """Sends the backup, once. Raises ClientError."""
    try:
        api.post(PATH, {"password": password, "data": data})
    except TransportError as error:
        if not error.sent:
            raise
        raise ClientError(
            f"{error} Run the module again with number: it leaves a client alone that has taken the backup."
        ) from error
    except ApiError as error:
        raise ClientError(f"{error}{_meaning(error, target, data)}") from error


def _meaning(error: ApiError, target: Target, data: str) -> str:
    if error.status in (401, 429):
        return ""
    if error.code == NOT_VALID or (error.code is None and error.status == 400):
        return (
            " Either password is not the one of the backup, or the backup is damaged: its SHA-256 is "
            f"{checksum(data)} here, compare it with what waba.migration.settings_backup returned."
        )
    if error.code == DENIED or (error.code is None and error.status == 403):
        masters = sum(node.is_master for node in target.nodes)
        coreapps = sum(node.role == COREAPP for node in target.nodes)
        return (
            f" The account could read {SUPPORT}, which only the administrator's can. A client takes a backup only of "
            f"the same shard setup: this one shows {counted(masters, 'master')} and {counted(coreapps, 'coreapp')}. "
            "Give it as many as the old one."
        )
    return ""


def wait_for_number(api: Api, timeout: float) -> str:
    """Looks until the client reports a number. Raises RestoredError when the time is up or looking is of no use."""
    end = time.monotonic() + timeout
    while True:
        try:
            number, seen = number_at(api), "it still reports no number"
        except TransportError as error:
            number, seen = None, str(error)
        except ApiError as error:
            if not is_not_yet(error):
                raise RestoredError(f"The client took the backup, but cannot be looked at: {error}") from error
            number, seen = None, str(error)
        except ClientError as error:
            raise RestoredError(f"The client took the backup, but cannot be looked at: {error}") from error
        if number is not None:
            return number
        left = end - time.monotonic()
        if left <= 0:
            raise RestoredError(
                f"The client at {api.base} took the backup, but after {timeout:g} s {seen.rstrip('.')}. Look at the "
                "coreapp's log. Do not start the old client again before this one is stopped."
            )
        time.sleep(min(INTERVAL, left))
