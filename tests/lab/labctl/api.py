# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's public API, as the operator of the lab's old side uses it."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from labctl.errors import LabError

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """A reply of the API. ``status`` 0 means that there was none, and ``text`` says why."""

    status: int
    text: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text) if self.text.strip() not in ("", "null") else {}

    def describe(self) -> str:
        return self.text if self.status == 0 else f"HTTP {self.status} {self.text[:300]}"


class Api:
    """One client's API on a loopback port. Its certificate is self-signed, as the vendor's is."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._token = ""

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """One request. Bytes and text are sent as they are, anything else as JSON."""
        content = (
            body.encode()
            if isinstance(body, str)
            else body
            if isinstance(body, bytes)
            else None
            if body is None
            else json.dumps(body).encode()
        )
        kind = {} if body is None else {"Content-Type": "text/plain" if isinstance(body, str) else "application/json"}
        authorization = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=TIMEOUT_SECONDS, context=self._context
        )
        try:
            connection.request(method, path, content, {**kind, **authorization, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, response.read().decode("utf-8", errors="replace"))
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, f"no answer on 127.0.0.1:{self._port}: {error or type(error).__name__}")
        finally:
            connection.close()

    def must(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """One request that has to succeed."""
        answer = self.call(method, path, body, headers)
        if not 200 <= answer.status < 300:
            raise LabError(
                f"{method} {path} on the client's API",
                answer.describe(),
                "Read the client's log: `lab exec old -- docker compose -p biz logs` (or -p beta).",
            )
        return answer

    def login(self, user: str, password: str, new_password: str | None = None) -> Answer:
        """Logs in, and uses the token from then on when that worked."""
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        body = None if new_password is None else {"new_password": new_password}
        self._token = ""
        answer = self.call("POST", "/v1/users/login", body, {"Authorization": f"Basic {basic}"})
        if answer.status == 200:
            self._token = answer.document["users"][0]["token"]
        return answer
