# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's protocol: envelope, errors, login, retries. Private to this collection; may change at any time.

API facts: On-Premises API, "Overview" (envelope), "Users, Login" (login, password states), "Rate limits".
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._http import Response, Transport

Json = Any
RETRIES = 4
RETRIED_STATUS = (429, 503)
PAUSE = 0.5  # seconds; doubled with each retry


def parse(method: str, url: str, response: Response) -> Json:
    """Returns the answer's JSON; None for an empty or null one. Raises ApiError on an error answer."""
    document: Json = None
    if response.body.strip():
        try:
            document = json.loads(response.body)
        except ValueError:
            document = None
            if 200 <= response.status < 300:
                raise ClientError("%s %s answered %d, but not with JSON. Is this the client's API?" % (method, url, response.status)) from None
    errors = document.get("errors") if isinstance(document, dict) else None
    if errors and isinstance(errors, list) and isinstance(errors[0], dict):
        first = errors[0]
        raise ApiError(method, url, response.status, _number(first.get("code")), str(first.get("title", "")), str(first.get("details", "")))
    if not 200 <= response.status < 300:
        raise ApiError(method, url, response.status)
    return document


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


class Api:
    """One client's API with one account.

    A GET is repeated after 429, 503 and a broken connection. Nothing else is: it may have been executed.
    After a 401 it logs in again, once in the object's life, when it has a password.
    """

    def __init__(
        self,
        transport: Transport,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.transport = transport
        self._token = token
        self._username = username
        self._password = password
        self._api_key = api_key
        self._sleep = sleep
        self._logins = 0
        self.version: str | None = None

    def get(self, path: str) -> Json:
        return self._request("GET", path)

    def post(self, path: str, body: Json) -> Json:
        return self._request("POST", path, body)

    def get_text(self, path: str) -> str:
        """A text answer, as the certificates are."""
        url = self.transport.base + path
        response = self._authorized("GET", path, None)
        if not 200 <= response.status < 300:
            parse("GET", url, response)
        return response.body.decode("utf-8", "replace")

    def login(self, new_password: str | None = None, password: str | None = None) -> dict[str, str]:
        """Logs in and keeps the token. Returns ``token`` and ``expires_after``."""
        self._logins += 1
        secret = "%s:%s" % (self._username, password if password is not None else self._password)
        headers = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        body = None
        if new_password is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps({"new_password": new_password}).encode()
        path = "/v1/users/login"
        answer = parse("POST", self.transport.base + path, self.transport.request("POST", path, headers, body))
        try:
            user = answer["users"][0]
            self._token = str(user["token"])
            return {"token": self._token, "expires_after": str(user.get("expires_after", ""))}
        except (KeyError, IndexError, TypeError):
            raise ClientError("POST %s%s answered without a token" % (self.transport.base, path)) from None

    # -- inside -------------------------------------------------------------------------------------------------------

    def _request(self, method: str, path: str, body: Json = None) -> Json:
        encoded = None if body is None else json.dumps(body).encode()
        answer = parse(method, self.transport.base + path, self._authorized(method, path, encoded))
        if isinstance(answer, dict) and isinstance(answer.get("meta"), dict):
            self.version = str(answer["meta"].get("version", "")).lstrip("v") or self.version
        return answer

    def _authorized(self, method: str, path: str, body: bytes | None) -> Response:
        response = self._patient(method, path, self._headers(body), body)
        if response.status == 401 and self._password is not None and self._logins < 2:
            self.login()
            response = self._patient(method, path, self._headers(body), body)
        return response

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {} if body is None else {"Content-Type": "application/json"}
        if self._token is None and self._password is not None:
            self.login()
        if self._token is not None:
            headers["Authorization"] = "Bearer " + self._token
        elif self._api_key is not None:
            headers["Authorization"] = "Apikey " + self._api_key
        else:
            raise ClientError("No credentials. Give api_token, api_password or, for health and statistics, api_key.")
        return headers

    def _patient(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Response:
        pause = PAUSE
        for attempt in range(RETRIES + 1):
            last = attempt == RETRIES or method != "GET"
            try:
                response = self.transport.request(method, path, headers, body)
            except TransportError:
                if last:
                    raise
            else:
                if last or response.status not in RETRIED_STATUS:
                    return response
            self._sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")
