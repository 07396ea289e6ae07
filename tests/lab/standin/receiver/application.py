# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer's webhook receiver, and its control interface."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Json = dict[str, Any]


class Receiver:
    """What arrived, in order. ``status`` is what it was answered with."""

    def __init__(self, journal: Path | None = None):
        self.callbacks: list[Json] = []
        self._status, self._count = 200, 0
        self._journal = None
        if journal is not None:
            if journal.exists():
                self.callbacks = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
            self._journal = journal.open("a", encoding="utf-8")

    def behave(self, status: int, count: int) -> None:
        self._status, self._count = status, count

    def reset(self) -> None:
        self.callbacks = []
        self._status, self._count = 200, 0
        if self._journal is not None:
            self._journal.truncate(0)

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def take(self, path: str, peer: str, body: Json) -> int:
        status = 200
        if self._count > 0:
            self._count -= 1
            status = self._status
        entry = {"time": time.time(), "path": path, "peer": peer, "body": body, "status": status}
        self.callbacks.append(entry)
        if self._journal is not None:
            self._journal.write(json.dumps(entry) + "\n")
            self._journal.flush()
        return status


def webhook(receiver: Receiver) -> Starlette:
    async def take(request: Request) -> Response:
        peer = request.client.host if request.client else "?"
        return Response(status_code=receiver.take(request.url.path, peer, await request.json()))

    return Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])


def control(receiver: Receiver) -> Starlette:
    async def callbacks(request: Request) -> JSONResponse:
        since = float(request.query_params.get("since", "0"))
        return JSONResponse([c for c in receiver.callbacks if c["time"] >= since])

    async def statuses(request: Request) -> JSONResponse:
        wanted = request.path_params["id"]
        seen = [
            s["status"]
            for c in receiver.callbacks
            if 200 <= c["status"] < 300
            for s in c["body"].get("statuses", [])
            if s["id"] == wanted
        ]
        return JSONResponse({"statuses": seen})

    async def behaviour(request: Request) -> JSONResponse:
        wanted = await request.json()
        receiver.behave(int(wanted["status"]), int(wanted["count"]))
        return JSONResponse({})

    async def reset(_request: Request) -> JSONResponse:
        receiver.reset()
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/callbacks", callbacks),
            Route("/statuses/{id}", statuses),
            Route("/behaviour", behaviour, methods=["POST"]),
            Route("/reset", reset, methods=["POST"]),
        ]
    )
