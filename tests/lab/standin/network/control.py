# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface for the lab: look at the network, send customers' messages, set a baseline."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from standin.network.registry import Number
from standin.network.wire import WireServer


def application(server: WireServer) -> Starlette:
    registry = server.registry

    def known(request: Request) -> Number:
        """Looking at a number must not make the network know it."""
        number = request.query_params["number"]
        return registry.numbers.get(number, Number(number))

    async def state(_request: Request) -> JSONResponse:
        return JSONResponse(registry.state())

    async def events(request: Request) -> JSONResponse:
        number, since = request.query_params.get("number"), float(request.query_params.get("since", "0"))
        return JSONResponse(
            [e for e in registry.events if e["time"] >= since and (number is None or e["number"] in (number, ""))]
        )

    async def customer_sends(request: Request) -> JSONResponse:
        wanted = await request.json()
        payload = {"type": "text", "text": {"body": wanted["body"]}}
        if wanted.get("image_base64"):
            image = {"mime_type": "image/png", "data_base64": wanted["image_base64"], "caption": wanted["body"]}
            payload = {"type": "image", "image": image}
        message = registry.accept_inbound(wanted["to"], request.path_params["wa_id"], wanted["ref"], payload)
        server.deliver(wanted["to"], message)
        return JSONResponse({"id": message.id}, status_code=201)

    async def outbound(request: Request) -> JSONResponse:
        since = float(request.query_params.get("since", "0"))
        rows = known(request).outbound.values()
        return JSONResponse([vars(m) for m in rows if m.time >= since])

    async def inbound(request: Request) -> JSONResponse:
        since = float(request.query_params.get("since", "0"))
        rows = known(request).inbound.values()
        fields = ("id", "ref", "time", "acknowledged", "deliveries")
        return JSONResponse([{k: getattr(m, k) for k in fields} for m in rows if m.time >= since])

    async def baseline(_request: Request) -> JSONResponse:
        registry.set_baseline()
        return JSONResponse({"baseline": registry.baseline})

    async def reset(request: Request) -> JSONResponse:
        registry.reset((await request.json())["number"])
        return JSONResponse({})

    async def faults(request: Request) -> JSONResponse:
        registry.refuse_connections = bool((await request.json()).get("refuse_connections", False))
        return JSONResponse({"refuse_connections": registry.refuse_connections})

    return Starlette(
        routes=[
            Route("/state", state),
            Route("/events", events),
            Route("/customers/{wa_id}/messages", customer_sends, methods=["POST"]),
            Route("/outbound", outbound),
            Route("/inbound", inbound),
            Route("/baseline", baseline, methods=["POST"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/faults", faults, methods=["POST"]),
        ]
    )
