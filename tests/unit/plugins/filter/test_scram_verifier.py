# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.waba.migration.plugins.filter.scram_verifier import FilterModule, scram_verifier
from ansible_collections.waba.migration.plugins.module_utils._scram import verifier

# The exchange that RFC 7677 gives as its example, for the password "pencil".
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
AUTH_MESSAGE = (
    b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)
PROOF = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
SERVER_SIGNATURE = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_agrees_with_the_example_of_rfc_7677() -> None:
    mechanism, salted, keys = verifier("pencil", SALT, 4096).split("$")
    stored_key, server_key = (base64.b64decode(key) for key in keys.split(":"))

    assert mechanism == "SCRAM-SHA-256"
    assert salted == "4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    assert hmac.new(server_key, AUTH_MESSAGE, hashlib.sha256).digest() == SERVER_SIGNATURE
    signature = hmac.new(stored_key, AUTH_MESSAGE, hashlib.sha256).digest()
    client_key = bytes(left ^ right for left, right in zip(PROOF, signature))
    assert hashlib.sha256(client_key).digest() == stored_key


def test_is_the_same_for_the_same_salt_only() -> None:
    assert scram_verifier("a password", salt="one") == scram_verifier("a password", salt="one")
    assert scram_verifier("a password", salt="one") != scram_verifier("a password", salt="two")


@pytest.mark.parametrize("password", ["", "pässword", "line\nbreak", None, 12345678])
def test_refuses_what_clients_read_differently_without_showing_it(password: object) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        scram_verifier(password, salt="one")
    assert str(password or "nothing") not in str(caught.value)


def test_is_a_filter_of_the_collection() -> None:
    assert FilterModule().filters() == {"scram_verifier": scram_verifier}
