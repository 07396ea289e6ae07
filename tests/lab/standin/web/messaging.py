# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/v1/contacts, /v1/messages and /v1/media."""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from standin.web.front import Front, body
from standin.web.users import Account

Json = dict[str, Any]


async def contacts(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("contacts", await body(request))


async def get_identity(_front: Front, request: Request, _account: Account) -> Json:
    return {"identity": {"acknowledged": True, "hash": request.path_params["wa_id"]}}  # hash [P]


async def set_identity(_front: Front, request: Request, _account: Account) -> Json:
    await body(request)
    return {}


async def send(front: Front, request: Request, _account: Account) -> tuple[int, Json]:
    message = await body(request)
    return 201, await front.nodes.call("send", message, str(message.get("to", "")))


async def mark_read(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("mark_read", {**(await body(request)), "id": request.path_params["id"]})


async def upload(front: Front, request: Request, _account: Account) -> tuple[int, Json]:
    data = base64.b64encode(await request.body()).decode()
    mime_type = request.headers.get("content-type", "application/octet-stream")
    return 201, await front.nodes.call("upload_media", {"data": data, "mime_type": mime_type})


async def download(front: Front, request: Request, _account: Account) -> Response:
    found = await front.nodes.call("find_media", {"id": request.path_params["id"]})
    return FileResponse(front.environment.media / found["path"], media_type=found["mime_type"])


async def delete(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("delete_media", {"id": request.path_params["id"]})
