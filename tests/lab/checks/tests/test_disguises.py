# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planted secret is found in every form, wherever it stands; what merely resembles it is not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from checks.disguises import Leak, leaks

SECRET = 'pa"ss/W0rd+<|%>é'
FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "URL-encoded": lambda text: quote(text, safe="").encode(),
    "JSON-escaped": lambda text: json.dumps(text).encode(),
    "JSON in JSON": lambda text: json.dumps({"body": json.dumps({"password": text})}).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(form: str) -> None:
    place = b"before " + FORMS[form](SECRET) + b" after"
    assert [leak.secret for leak in leaks({"a password": SECRET}, {"log": place})][:1] == ["a password"]


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_base64_is_found_at_every_offset(before: str, after: str) -> None:
    place = base64.b64encode(f"{before}{SECRET}{after}".encode())
    found = leaks({"a password": SECRET}, {"header": place})
    assert {(leak.place, leak.secret) for leak in found} == {("header", "a password")}


def test_place_and_form_are_told_and_the_secret_is_not() -> None:
    found = leaks({"a password": SECRET}, {"clean": b"nothing", "journal": SECRET.encode()})
    assert found == [Leak("journal", "a password", "plain")]
    assert SECRET not in str(found[0])


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("pin=123456", True),
        ("123456", True),
        ('"123456"', True),
        ("at 12.123456 s", False),
        ("91234567", False),
        ("x123456", False),
    ],
)
def test_pin_is_a_word(text: str, there: bool) -> None:
    assert bool(leaks({"a PIN": "123456"}, {"log": text.encode()})) is there


def test_token_is_found_although_nobody_knows_it() -> None:
    token = b".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256"}', b'{"user":"admin"}', b"signature!")
    )
    assert leaks({}, {"output": b"token: " + token}) == [Leak("output", "a token", "JWT")]
