# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request goes through: request log, rate limit, authentication, envelope."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standin.common.environment import Environment
from standin.common.errors import ApiError
from standin.web.limits import Limits
from standin.web.nodes import Nodes
from standin.web.users import Account, Users

LOG = Path("/var/log/whatsapp/web.log")
Answer = Response | dict[str, Any] | tuple[int, dict[str, Any]]
Endpoint = Callable[["Front", Request, Account], Awaitable[Answer]]


class Front:
    def __init__(self, environment: Environment, users: Users, nodes: Nodes, log: Path = LOG):
        self.environment = environment
        self.users = users
        self.nodes = nodes
        self.limits = Limits()
        self.started = time.time()
        self.requests: dict[str, int] = {}
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a", encoding="utf-8")

    # -- answers ------------------------------------------------------------------------------------------------------

    def envelope(self, status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
        meta = {"version": self.environment.version, "api_status": "stable"}
        return JSONResponse({**payload, "meta": meta}, status_code=status, headers=headers)

    def failure(self, error: ApiError) -> JSONResponse:
        return self.envelope(error.status, error.body(), error.headers)

    @staticmethod
    def unauthorized() -> Response:
        """Observed: 401 with an empty body."""
        return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="Secured"'})

    # -- requests -----------------------------------------------------------------------------------------------------

    def endpoint(
        self, function: Endpoint, admin: bool = False, api_key: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            user = "-"
            try:
                if not self.limits.allow(request.url.path):
                    raise ApiError(1015)
                account = await self._account(request, api_key)
                if account is None:
                    response = self.unauthorized()
                else:
                    user = account.username
                    if admin and not account.admin:
                        raise ApiError(1005, "This endpoint is for the administrator")
                    response = self._response(await function(self, request, account))
            except ApiError as error:
                response = self.failure(error)
            self.note(request, response, user)
            return response

        return handle

    def _response(self, answer: Answer) -> Response:
        if isinstance(answer, Response):
            return answer
        status, payload = answer if isinstance(answer, tuple) else (200, answer)
        return self.envelope(status, payload)

    async def _account(self, request: Request, api_key: bool) -> Account | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            return await asyncio.to_thread(self.users.authenticate, value.strip())
        key = self.environment.api_key
        if scheme == "Apikey" and api_key and key and hmac.compare_digest(value.strip().encode(), key.encode()):
            return Account("apikey", False)
        return None

    def note(self, request: Request, response: Response, user: str) -> None:
        """One line a request; never a body, a token or a password."""
        label = f"{request.method} {request.url.path}"
        self.requests[label] = self.requests.get(label, 0) + 1
        entry = {
            "time": round(time.time(), 3),
            "method": request.method,
            "path": request.url.path,
            "status": response.status_code,
            "user": user,
        }
        line = json.dumps(entry)
        self._log.write(line + "\n")
        self._log.flush()
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


async def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; raises 1025 with the captured words when it is none."""
    raw = await request.body()
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ApiError(1025, "Unable to decode json from the request: Syntax error") from error
    if not isinstance(value, dict):
        raise ApiError(1025, "Unable to decode json from the request: Syntax error")
    return value


def basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    try:
        username, separator, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (username, password) if separator else None
