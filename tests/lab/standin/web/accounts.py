# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/v1/users and /v1/account."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from standin.common.errors import ApiError
from standin.web.front import Front, basic, body
from standin.web.users import Account


async def login(front: Front, request: Request) -> Response:
    """Without a body, or with ``new_password`` to set one. States as in the contract's table."""
    response: Response
    credentials = basic(request)
    try:
        if not front.limits.allow(request.url.path):
            raise ApiError(1015)
        if credentials is None:
            response = front.unauthorized()
        else:
            new_password = (await body(request)).get("new_password") if await request.body() else None
            issued = await asyncio.to_thread(front.users.login, *credentials, new_password)
            if issued is None:
                response = front.unauthorized()
            else:
                response = front.envelope(
                    200, {"users": [{"token": issued.token, "expires_after": issued.expires_after}]}
                )
    except ApiError as error:
        response = front.failure(error)
    front.note(request, response, credentials[0] if credentials else "-")
    return response


async def logout(front: Front, request: Request, _account: Account) -> dict[str, Any]:
    await asyncio.to_thread(front.users.logout, request.headers["authorization"].partition(" ")[2].strip())
    return {}


async def create_user(front: Front, request: Request, _account: Account) -> tuple[int, dict[str, Any]]:
    wanted = await body(request)
    await asyncio.to_thread(front.users.create, wanted.get("username"), wanted.get("password"))
    return 201, {"users": [{"username": wanted["username"]}]}


def _self_or_admin(request: Request, account: Account) -> str:
    username = str(request.path_params["username"])
    if not account.admin and account.username != username:
        raise ApiError(1005, "This endpoint is for the administrator")
    return username


async def read_user(front: Front, request: Request, account: Account) -> dict[str, Any]:
    username = _self_or_admin(request, account)
    return {"users": [{"username": username, "ROLES": await asyncio.to_thread(front.users.role, username)}]}


async def update_user(front: Front, request: Request, account: Account) -> dict[str, Any]:
    username = _self_or_admin(request, account)
    await asyncio.to_thread(front.users.set_password, username, (await body(request)).get("password"))
    return {"users": [{"username": username}]}


async def delete_user(front: Front, request: Request, _account: Account) -> dict[str, Any]:
    username = str(request.path_params["username"])
    await asyncio.to_thread(front.users.delete, username)
    return {"users": [{"username": username}]}


async def _created(front: Front, function: str, request: Request) -> tuple[int, dict[str, Any]]:
    answer = await front.nodes.call(function, await body(request))
    return int(answer.pop("status")), answer


async def register(front: Front, request: Request, _account: Account) -> tuple[int, dict[str, Any]]:
    return await _created(front, "register", request)


async def verify(front: Front, request: Request, _account: Account) -> tuple[int, dict[str, Any]]:
    return await _created(front, "verify", request)


async def set_shards(front: Front, request: Request, _account: Account) -> tuple[int, dict[str, Any]]:
    return await _created(front, "set_shards", request)


async def get_shards(front: Front, _request: Request, _account: Account) -> dict[str, Any]:
    return await front.nodes.call("get_shards", {})
