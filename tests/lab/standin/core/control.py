# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node's internal HTTP interface on its four ports. How the real ones talk is unknown [P]."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from standin.common.errors import ApiError
from standin.core.client import Client
from standin.core.rpc import FUNCTIONS

PORTS = (6250, 6251, 6252, 6253)  # messaging, contacts, control, healthcheck


def application(client: Client) -> Starlette:
    async def call(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        try:
            if not client.ready and name != "health":
                raise ApiError(1011, "The database schema is being initialised")
            return JSONResponse(await FUNCTIONS[name](client, await request.json()))
        except ApiError as error:
            return JSONResponse({"code": error.code, "details": error.details}, status_code=400)
        except SQLAlchemyError as error:
            return JSONResponse({"code": 1023, "details": type(error).__name__}, status_code=400)

    return Starlette(routes=[Route("/rpc/{name}", call, methods=["POST"])])
