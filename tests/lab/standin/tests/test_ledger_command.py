# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's command: asks network and receiver over HTTP, waits until things settle, exits 1 on an imbalance."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from standin.ledger.__main__ import main
from standin.network.control import application
from standin.network.registry import Registry
from standin.network.wire import WireServer
from standin.receiver.application import Receiver, control
from standin.tests.harness import CUSTOMER, NUMBER
from standin.tests.sockets import served
from standin.traffic.log import TrafficLog

pytestmark = pytest.mark.anyio
OTHER = "15550100002"


class Lab:
    """Network, receiver and log as the command finds them, without anybody in between."""

    def __init__(self, log: Path):
        self.registry = Registry()
        self.receiver = Receiver()
        self._path = log
        self.traffic = TrafficLog(log)
        self.urls = ("", "")

    def customer_writes(self, ref: str, number: str = NUMBER) -> str:
        message = self.registry.accept_inbound(number, CUSTOMER, ref, {"type": "text", "text": {"body": ref}})
        self.traffic.note("inbound", number=number, ref=ref, id=message.id)
        return message.id

    def callback(self, *message_ids: str) -> None:
        self.receiver.take("/acme", "10.0.0.10", {"messages": [{"id": message_id} for message_id in message_ids]})

    async def command(self, capsys: pytest.CaptureFixture[str], *more: str, number: str = NUMBER) -> tuple[int, str]:
        network, receiver = self.urls
        arguments = ["--number", number, "--network", network, "--receiver", receiver, "--log", str(self._path), *more]
        status = await asyncio.to_thread(main, arguments)
        return status, capsys.readouterr().out

    async def ledger(self, capsys: pytest.CaptureFixture[str], *more: str, number: str = NUMBER) -> dict[str, Any]:
        status, output = await self.command(capsys, "--json", *more, number=number)
        document: dict[str, Any] = json.loads(output)
        assert status == (0 if document["balanced"] else 1)
        return document


@pytest.fixture
async def lab(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Lab]:
    lab = Lab(tmp_path / "traffic.jsonl")
    async with served(application(WireServer(lab.registry))) as network, served(control(lab.receiver)) as receiver:
        lab.urls = (network, receiver)
        yield lab
    lab.traffic.close()


async def test_balanced_and_not(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.callback(lab.customer_writes("one"))
    status, output = await lab.command(capsys, "--grace", "0")
    assert (status, output.splitlines()[-1]) == (0, "verdict    balanced")
    lab.customer_writes("two")
    status, output = await lab.command(capsys, "--grace", "0")
    assert status == 1
    assert output.splitlines()[-1].startswith("verdict    NOT BALANCED: 1 customers' messages never reached")


async def test_two_numbers_share_a_receiver(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    mine, theirs = lab.customer_writes("mine"), lab.customer_writes("theirs", OTHER)
    lab.callback(mine)
    lab.callback(theirs)
    lab.callback(theirs)
    ledger = await lab.ledger(capsys, "--grace", "0")
    assert (ledger["balanced"], ledger["inbound"]["received"]) == (True, 1)
    other = await lab.ledger(capsys, "--grace", "0", number=OTHER)
    assert other["inbound"]["duplicated"] == [theirs]


async def test_duplicate_across_the_baseline(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    mine = lab.customer_writes("mine")
    lab.callback(mine)
    lab.registry.set_baseline()
    assert (await lab.ledger(capsys, "--grace", "0"))["inbound"]["sent"] == 0
    lab.callback(mine)
    assert (await lab.ledger(capsys, "--grace", "0"))["inbound"]["duplicated"] == [mine]


async def test_waits_until_things_settle(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    late = lab.customer_writes("late")
    assert (await lab.ledger(capsys))["pending"] == 1
    asyncio.get_running_loop().call_later(0.2, lab.callback, late)
    ledger = await lab.ledger(capsys, "--settle", "8")
    assert (ledger["balanced"], ledger["pending"], ledger["inbound"]["received"]) == (True, 0, 1)


async def test_waiting_has_an_end(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.customer_writes("never")
    ledger = await lab.ledger(capsys, "--grace", "0", "--settle", "0.3")
    assert ledger["inbound"]["lost"] == ["never"]
