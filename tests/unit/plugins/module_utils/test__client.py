# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the client's answers, in the shapes of one node and of many."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._client import (
    gauge,
    mode_of,
    number_of,
    support_entries,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._health import Node


def node(role: str) -> Node:
    return Node("h:c", "h", "c", role, "connected")


def points(*values: Any) -> dict[str, Any]:
    return {"type": "gauge", "help": "", "data": [{"value": value} for value in values]}


@pytest.mark.parametrize(
    ("answer", "entries"),
    [
        ({"support": {"debug_info": "15550100001"}}, [{"debug_info": "15550100001"}]),
        (
            {"support": {"m:1": {"debug_info": "1", "role": "primary_master"}, "c:1": {"debug_info": "2"}}},
            [{"debug_info": "2"}, {"debug_info": "1", "role": "primary_master"}],
        ),
        ({"support": {"m:1": {"errors": [{"code": 1014}]}, "c:1": {"debug_info": "2"}}}, [{"debug_info": "2"}]),
        ({"support": None}, []),
        (None, []),
    ],
)
def test_support_of_one_node_and_of_many(answer: Any, entries: list[dict[str, Any]]) -> None:
    assert support_entries(answer) == entries


@pytest.mark.parametrize(
    ("numbers", "number"),
    [
        (["15550100001"], "15550100001"),
        ([15550100001], "15550100001"),
        (["15550100001", "15550100001", "unregistered"], "15550100001"),
        (["unregistered"], None),
        ([None, ""], None),
        ([], None),
    ],
)
def test_number(numbers: list[Any], number: str | None) -> None:
    assert number_of([{"debug_info": n} for n in numbers]) == number


def test_two_numbers_in_one_client() -> None:
    with pytest.raises(ClientError, match="different numbers: 15550100001, 15550100002"):
        number_of([{"debug_info": "15550100002"}, {"debug_info": "15550100001"}])


@pytest.mark.parametrize(
    ("roles", "shards", "mode"),
    [
        (["coreapp"], 1, "single"),
        (["coreapp"], None, "single"),
        (["primary_master", "coreapp"], 1, "ha"),
        (["secondary_master", "coreapp"], None, "ha"),
        (["primary_master", "coreapp"], 2, "multiconnect"),
        ([], None, "single"),
    ],
)
def test_mode(roles: list[str], shards: int | None, mode: str) -> None:
    assert mode_of([node(role) for role in roles], shards) == mode


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ({"stats": {"db": {"db_pending_messages": points(3)}}}, 3),
        ({"stats": {"db": {"db_pending_messages": points("3", 4)}}}, 7),
        ({"stats": {"db": {"m1:1": {"db_pending_messages": points(5)}, "c1:1": {}}}}, 5),
        ({"stats": {"m1:1": {"db": {"db_pending_messages": points(5)}}, "m2:1": {"db": {}}}}, 5),
        ({"stats": {"db": {"db_pending_messages": points(0)}}}, 0),
        ({"stats": {"db": {"db_pending_messages": points()}}}, None),
        ({"stats": {"db": {"db_pending_messages": points(None)}}}, None),
        ({"stats": {"db": {"db_pending_messages": {}}}}, None),
        ({"stats": {}}, None),
        (None, None),
    ],
)
def test_gauge(answer: Any, value: int | None) -> None:
    assert gauge(answer, "db_pending_messages") == value
