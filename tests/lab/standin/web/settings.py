# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/v1/settings and /v1/certificates."""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standin.common.errors import ApiError
from standin.web.front import Front, body
from standin.web.users import Account

Json = dict[str, Any]
PROFILE_LIMITS = {"address": 256, "description": 256, "email": 128, "vertical": 128}


async def take_backup(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("take_backup", await body(request))


async def restore(front: Front, request: Request, _account: Account) -> Response:
    await front.nodes.call("restore", await body(request))
    return JSONResponse(None)  # documented: null or {}


async def set_two_step(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("two_step", await body(request))


async def remove_two_step(front: Front, _request: Request, _account: Account) -> Json:
    return await front.nodes.call("two_step", {"off": True})


async def get_application(front: Front, _request: Request, _account: Account) -> Json:
    return await front.nodes.call("get_application", {})


async def patch_application(front: Front, request: Request, _account: Account) -> Json:
    return await front.nodes.call("patch_application", await body(request))


async def reset_application(front: Front, _request: Request, _account: Account) -> Json:
    return await front.nodes.call("reset_application", {})


async def _entry(front: Front, name: str) -> Any:
    return (await front.nodes.call("get_entry", {"name": name}))["value"]


async def get_providers(front: Front, _request: Request, _account: Account) -> Json:
    return {"settings": {"application": {"media": {"providers": await _entry(front, "media_providers") or []}}}}


async def set_providers(front: Front, request: Request, _account: Account) -> Json:
    try:
        providers = await request.json()
    except ValueError as error:
        raise ApiError(1025, "Unable to decode json from the request: Syntax error") from error
    if not isinstance(providers, list) or not all(
        isinstance(p, dict) and {"name", "type", "config"} <= set(p) for p in providers
    ):
        raise ApiError(1009, "an array of providers with name, type and config is needed")
    merged = {p["name"]: p for p in [*(await _entry(front, "media_providers") or []), *providers]}
    await front.nodes.call("set_entry", {"name": "media_providers", "value": list(merged.values())})
    return {}


async def delete_provider(front: Front, request: Request, _account: Account) -> Json:
    name = request.path_params["name"]
    providers = await _entry(front, "media_providers") or []
    if name not in [p["name"] for p in providers]:
        raise ApiError(1006, "unknown provider")
    await front.nodes.call(
        "set_entry", {"name": "media_providers", "value": [p for p in providers if p["name"] != name]}
    )
    return {}


async def get_business_profile(front: Front, _request: Request, _account: Account) -> Json:
    return {"settings": {"business": {"profile": await _entry(front, "business_profile") or {}}}}


async def set_business_profile(front: Front, request: Request, _account: Account) -> Json:
    profile = await body(request)
    for field, limit in PROFILE_LIMITS.items():
        if len(str(profile.get(field, ""))) > limit:
            raise ApiError(1009, f"{field} is longer than {limit} characters")
    sites = profile.get("websites", [])
    if len(sites) > 2 or any(len(site) > 256 for site in sites):
        raise ApiError(1009, "at most 2 websites of 256 characters")
    await front.nodes.call("set_entry", {"name": "business_profile", "value": profile})
    return {}


async def get_compliance(front: Front, _request: Request, _account: Account) -> Json:
    return {"settings": {"business": {"compliance_info": await _entry(front, "compliance_info") or {}}}}


async def set_compliance(front: Front, request: Request, _account: Account) -> Json:
    await front.nodes.call("set_entry", {"name": "compliance_info", "value": await body(request)})
    return {}


async def get_about(front: Front, _request: Request, _account: Account) -> Json:
    return {"settings": {"profile": {"about": {"text": await _entry(front, "about") or ""}}}}


async def set_about(front: Front, request: Request, _account: Account) -> Json:
    text = (await body(request)).get("text", "")
    if len(text) > 139:
        raise ApiError(1009, "text is longer than 139 characters")
    await front.nodes.call("set_entry", {"name": "about", "value": text})
    return {}


async def get_photo(front: Front, request: Request, _account: Account) -> Response | Json:
    photo = await _entry(front, "photo")
    if photo is None:
        raise ApiError(1006, "no photo")
    if request.query_params.get("format") == "link":
        return {"settings": {"profile": {"photo": {"link": "https://pps.whatsapp.net/photo"}}}}
    return Response(base64.b64decode(photo), media_type="image/jpeg")


async def set_photo(front: Front, request: Request, _account: Account) -> Json:
    await front.nodes.call("set_entry", {"name": "photo", "value": base64.b64encode(await request.body()).decode()})
    return {}


async def delete_photo(front: Front, _request: Request, _account: Account) -> Json:
    await front.nodes.call("remove_entry", {"name": "photo"})
    return {}


async def get_webhook_ca(front: Front, _request: Request, _account: Account) -> Response:
    authority = await _entry(front, "webhook_ca")
    if authority is None:
        raise ApiError(1006, "no certificate")  # documented both without a body and with this code
    return Response(authority, media_type="text/plain")


async def set_webhook_ca(front: Front, request: Request, _account: Account) -> Response:
    pem = (await request.body()).decode()
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise ApiError(1009, "a PEM bundle is needed")
    await front.nodes.call("set_entry", {"name": "webhook_ca", "value": pem})
    return JSONResponse(None)


async def delete_webhook_ca(front: Front, _request: Request, _account: Account) -> Json:
    await front.nodes.call("remove_entry", {"name": "webhook_ca"})
    return {}


async def set_external_certificate(front: Front, request: Request, _account: Account) -> Json:
    pem = (await request.body()).decode()
    if "PRIVATE KEY-----" not in pem or pem.count("-----BEGIN CERTIFICATE-----") < 2:
        raise ApiError(1009, "private key, certificate and at least one intermediate are needed, in this order")
    await front.nodes.call("set_entry", {"name": "external_certificate", "value": pem})
    return {}


async def get_external_ca(front: Front, _request: Request, _account: Account) -> Response:
    pem = await _entry(front, "external_certificate")
    if pem is None:
        return Response(status_code=404)
    return Response(pem[pem.rindex("-----BEGIN CERTIFICATE-----") :], media_type="text/plain")
