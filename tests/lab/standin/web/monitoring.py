# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/v1/health, /v1/support, /v1/stats, /metrics and /v1/services."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from standin.common.errors import ApiError
from standin.web.front import Front
from standin.web.users import Account

Json = dict[str, Any]


async def health(front: Front, _request: Request, _account: Account) -> Json:
    if not front.environment.multiconnect:
        single = await front.nodes.call("health", {})
        return {"health": {"gateway_status": single["gateway_status"]}}
    nodes: Json = {}
    for name, answer in (await front.nodes.each("health", {})).items():
        # That a node can carry errors is documented, the exact shape is not [P].
        nodes[name] = (
            answer.body()
            if isinstance(answer, ApiError)
            else {"gateway_status": answer["gateway_status"], "role": answer["role"]}
        )
    return {"health": nodes}


async def support(front: Front, _request: Request, _account: Account) -> Json:
    if not front.environment.multiconnect:
        answer = await front.nodes.call("support", {})
        return {"support": {k: v for k, v in answer.items() if k not in ("role", "shards")}}
    answers = await front.nodes.each("support", {})
    return {"support": {name: answer for name, answer in answers.items() if not isinstance(answer, ApiError)}}


async def stats(front: Front, request: Request, _account: Account) -> Response | Json:
    kind = request.path_params["kind"]
    if kind not in ("app", "db"):
        raise ApiError(1006, "unknown statistics")
    values = await front.nodes.call(f"stats_{kind}", {})
    if request.query_params.get("format") == "prometheus":
        return PlainTextResponse(_prometheus(values))
    if not front.environment.multiconnect:
        return {"stats": {kind: values}}
    # Documented: keyed by node, filled for the primary master only.
    roles = await front.nodes.each("health", {})
    filled = {
        name: values if not isinstance(answer, ApiError) and answer["role"] == "primary_master" else {}
        for name, answer in roles.items()
    }
    return {"stats": {kind: filled}}


async def metrics(front: Front, request: Request, _account: Account) -> Response | Json:
    values = {
        "web_uptime": {"type": "gauge", "help": "Seconds", "data": [{"value": int(time.time() - front.started)}]},
        "web_requests": {
            "type": "counter",
            "help": "Requests",
            "data": [
                {"labels": {"method": label.replace(" /", "_").replace("/", "_")}, "value": count}
                for label, count in sorted(front.requests.items())
            ],
        },
    }
    if request.query_params.get("format") == "prometheus":
        return PlainTextResponse(_prometheus(values))
    return {"metrics": values}


async def collect_garbage(front: Front, request: Request, _account: Account) -> Json:
    kind = request.path_params["kind"]
    if kind not in ("message", "media"):
        raise ApiError(1006, "unknown service")
    return {"services": {kind: await front.nodes.call("collect_garbage", {"kind": kind})}}


def _prometheus(values: Json) -> str:
    lines = []
    for name, metric in values.items():
        lines += [f"# HELP {name} {metric['help']}", f"# TYPE {name} {metric['type']}"]
        for point in metric["data"]:
            labels = ",".join(f'{k}="{v}"' for k, v in point.get("labels", {}).items())
            lines.append(f"{name}{{{labels}}} {point['value']}" if labels else f"{name} {point['value']}")
    return "\n".join(lines) + "\n"
