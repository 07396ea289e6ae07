# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's webhook receiver over HTTPS, and its control interface."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from standin.receiver.application import Receiver, control, webhook
from standin.tests.receiver import make_certificates
from standin.tests.sockets import served

pytestmark = pytest.mark.anyio
MESSAGE = {"messages": [{"id": "ABGG1", "from": "15550100077"}]}


class Hook:
    def __init__(self, receiver: Receiver, hook: httpx.AsyncClient, look: httpx.AsyncClient):
        self.receiver = receiver
        self._hook = hook
        self._look = look

    async def post(self, body: Any, path: str = "/acme") -> int:
        return (await self._hook.post(path, json=body)).status_code

    async def callbacks(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._look.get("/callbacks", params=query)).json()
        return found

    async def statuses(self, message_id: str) -> list[str]:
        found: list[str] = (await self._look.get(f"/statuses/{message_id}")).json()["statuses"]
        return found

    async def order(self, path: str, **body: int) -> None:
        (await self._look.post(path, json=body)).raise_for_status()


@pytest.fixture
async def hook(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Hook]:
    authority, certificate, key = make_certificates(tmp_path)
    trust = ssl.create_default_context(cadata=authority)
    receiver = Receiver(tmp_path / "receiver.jsonl")
    async with (
        served(webhook(receiver), certificate, key) as url,
        served(control(receiver)) as look,
        httpx.AsyncClient(base_url=url, verify=trust, trust_env=False) as poster,
        httpx.AsyncClient(base_url=look, trust_env=False) as looker,
    ):
        yield Hook(receiver, poster, looker)
    receiver.close()


def _status(message_id: str, status: str) -> dict[str, Any]:
    return {"statuses": [{"id": message_id, "status": status}]}


async def test_callbacks_are_recorded(hook: Hook) -> None:
    assert await hook.post(MESSAGE, "/acme") == 200
    assert await hook.post(_status("gB1", "sent"), "/any/path/at/all") == 200
    first, second = await hook.callbacks()
    assert (first["path"], first["body"], first["status"], first["peer"]) == ("/acme", MESSAGE, 200, "127.0.0.1")
    assert second["path"] == "/any/path/at/all"
    assert first["time"] <= second["time"]
    assert await hook.callbacks(since=second["time"]) == [second]


async def test_errors_for_a_while(hook: Hook) -> None:
    await hook.order("/behaviour", status=503, count=2)
    assert [await hook.post(_status("gB1", name)) for name in ("sent", "sent", "sent", "delivered")] == [
        503,
        503,
        200,
        200,
    ]
    assert [callback["status"] for callback in await hook.callbacks()] == [503, 503, 200, 200]
    assert await hook.statuses("gB1") == ["sent", "delivered"], "what was refused has not been received"


async def test_statuses_of_one_message(hook: Hook) -> None:
    await hook.post({"statuses": [{"id": "gB1", "status": "sent"}, {"id": "gB2", "status": "sent"}]})
    await hook.post(MESSAGE)
    await hook.post(_status("gB1", "delivered"))
    assert await hook.statuses("gB1") == ["sent", "delivered"]
    assert await hook.statuses("gB2") == ["sent"]
    assert await hook.statuses("gB3") == []


async def test_reset(hook: Hook, tmp_path: Path) -> None:
    await hook.post(MESSAGE)
    await hook.order("/behaviour", status=500, count=9)
    await hook.order("/reset")
    assert await hook.callbacks() == []
    assert await hook.post(_status("gB1", "sent")) == 200
    assert len((tmp_path / "receiver.jsonl").read_text(encoding="utf-8").splitlines()) == 1


async def test_restart(hook: Hook, tmp_path: Path) -> None:
    await hook.post(MESSAGE)
    again = Receiver(tmp_path / "receiver.jsonl")
    assert again.callbacks == await hook.callbacks()
    again.close()
