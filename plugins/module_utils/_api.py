# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's protocol: envelope, errors, login, retries. Private to this collection; may change at any time.

API facts: On-Premises API, "Overview" (envelope), "Users, Login" (passwords and tokens), "Rate Limits" (429, 503).
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._http import Response, Transport

Json = Any
JSON, TEXT = "application/json", "text/plain"
LOGIN = "/v1/users/login"
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between the attempts of a GET
OVERLOADED = 1016


def parse(method: str, url: str, response: Response) -> Json:
    """Returns the answer's JSON; None for an empty or null one. Raises ApiError on an error answer."""
    good = 200 <= response.status < 300
    try:
        document = json.loads(response.body) if response.body.strip() else None
    except ValueError:
        if good:
            raise ClientError(
                f"{method} {url} answered {response.status}, but not with JSON. Is api_url the client's API?"
            ) from None
        document = None
    errors = document.get("errors") if isinstance(document, dict) else None
    if errors and isinstance(errors, list) and isinstance(errors[0], dict):
        first = errors[0]
        title, details = str(first.get("title") or ""), str(first.get("details") or "")
        raise ApiError(method, url, response.status, to_int(first.get("code")), title, details)
    if not good:
        raise ApiError(method, url, response.status)
    return document


def to_int(value: object) -> int | None:
    """Numbers come as numbers and as strings."""
    try:
        return int(float(str(value)))
    except (OverflowError, ValueError):
        return None


def is_overloaded(response: Response) -> bool:
    if response.status in (429, 503):
        return True
    try:
        parse("GET", "", response)
    except ApiError as error:
        return error.code == OVERLOADED
    except ClientError:
        return False
    return False


def _header_safe(name: str, value: str | None) -> str | None:
    """http.client would quote a header that it refuses in its exception, the secret with it."""
    if value is not None and not re.match(r"^[\x21-\x7e]+\Z", value):
        raise ClientError(
            f"{name} is empty or holds a space, a line break or a character outside ASCII. Give it as it is."
        )
    return value


class Api:
    """One client's API with one account.

    A GET is repeated after 429, 503, error 1016 and a broken connection. Nothing else is: it may have been executed.
    After a 401 it logs in again, once in the object's life, when it has a password.
    """

    def __init__(
        self,
        transport: Transport,
        token: str | None = None,
        username: str = "admin",
        password: str | None = None,
        api_key: str | None = None,
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if ":" in username:
            raise ClientError("api_username must not hold a colon")
        self.base = transport.base
        self.version: str | None = None
        self._transport = transport
        self._token = _header_safe("api_token", token)
        self._api_key = _header_safe("api_key", api_key)
        self._username = username
        self._password = password
        self._pauses = pauses
        self._sleep = sleep
        self._renewed = False

    def get(self, path: str) -> Json:
        return self._read("GET", path, self._authorized("GET", path))

    def get_text(self, path: str) -> str:
        """A text answer, as the certificates are."""
        response = self._authorized("GET", path)
        if not 200 <= response.status < 300:
            self._read("GET", path, response)
        return response.body.decode("utf-8", "replace")

    def post(self, path: str, body: Json) -> Json:
        return self._write("POST", path, body)

    def post_text(self, path: str, text: str) -> Json:
        """Sends a text, as the certificates are."""
        return self._read("POST", path, self._authorized("POST", path, text.encode(), TEXT))

    def put(self, path: str, body: Json) -> Json:
        return self._write("PUT", path, body)

    def patch(self, path: str, body: Json) -> Json:
        return self._write("PATCH", path, body)

    def delete(self, path: str) -> Json:
        return self._read("DELETE", path, self._authorized("DELETE", path))

    def login(self, password: str | None = None, new_password: str | None = None) -> dict[str, str]:
        """Logs in and keeps the token. Returns ``token`` and ``expires_after``, the latter as the client words it."""
        secret = f"{self._username}:{self._password if password is None else password}"
        headers = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        body = None
        if new_password is not None:
            headers["Content-Type"] = JSON
            body = json.dumps({"new_password": new_password}).encode()
        answer = self._read("POST", LOGIN, self._send("POST", LOGIN, headers, body))
        try:
            user = answer["users"][0]
            token, expires_after = str(user["token"]), str(user.get("expires_after") or "")
        except (AttributeError, IndexError, KeyError, TypeError):
            raise ClientError(
                f"POST {self.base}{LOGIN} answered without a token. Is api_url the client's API?"
            ) from None
        self._token = _header_safe("The token that the client answered", token)
        return {"token": token, "expires_after": expires_after}

    def accepts_token(self) -> bool:
        """Whether the token is good. Asked of the account itself, which the webapp answers without a coreapp."""
        path = f"/v1/users/{quote(self._username, safe='')}"
        response = self._send("GET", path, self._headers(None))
        if response.status == 401:
            return False
        if response.status not in (403, 404):  # both are answers to the good token of another account
            self._read("GET", path, response)
        return True

    # -- inside --------------------------------------------------------------------------------------------------------

    def _write(self, method: str, path: str, body: Json) -> Json:
        return self._read(method, path, self._authorized(method, path, json.dumps(body).encode()))

    def _read(self, method: str, path: str, response: Response) -> Json:
        answer = parse(method, self.base + path, response)
        meta = answer.get("meta") if isinstance(answer, dict) else None
        if isinstance(meta, dict) and meta.get("version"):
            self.version = str(meta["version"]).lstrip("v")
        return answer

    def _authorized(self, method: str, path: str, body: bytes | None = None, content_type: str = JSON) -> Response:
        if self._token is None and self._password is not None:
            self.login()
        kind = None if body is None else content_type
        response = self._send(method, path, self._headers(kind), body)
        if response.status == 401 and self._password is not None and not self._renewed:
            self._renewed = True
            self.login()
            response = self._send(method, path, self._headers(kind), body)
        return response

    def _headers(self, content_type: str | None) -> dict[str, str]:
        headers = {} if content_type is None else {"Content-Type": content_type}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        elif self._api_key is not None:
            headers["Authorization"] = f"Apikey {self._api_key}"
        else:
            raise ClientError("No credentials. Give api_token, api_password or, for health and statistics, api_key.")
        return headers

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Response:
        for pause in self._pauses if method == "GET" else ():
            try:
                response = self._transport.request(method, path, headers, body)
            except TransportError:
                self._sleep(pause)
                continue
            if not is_overloaded(response):
                return response
            self._sleep(pause)
        return self._transport.request(method, path, headers, body)
