# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random secrets that the client accepts."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from labctl import secrets


def test_passwords_satisfy_the_clients_rule() -> None:
    for _ in range(200):
        password = secrets.password()
        assert 8 <= len(password) <= 64
        for pattern in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"):
            assert re.search(pattern, password), password
        assert not set(password) & set("?{}&~!()^= '\"\\$`")


def test_the_api_key_and_the_signing_key_have_the_documented_lengths() -> None:
    values = secrets.generate()
    assert re.fullmatch("[A-Za-z0-9]{64}", values["acme_jwt_crypto_key"])
    assert 12 <= len(values["acme_api_key"]) <= 128
    assert re.fullmatch("[0-9]{6}", values["beta_two_step_pin"])
    assert len(set(values.values())) == len(values)


def test_known_secrets_stay_and_new_ones_are_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"acme_api_key": "kept"}', encoding="utf-8")
    first = secrets.load_or_create(path)
    assert first["acme_api_key"] == "kept"
    assert "beta_api_key" in first
    assert secrets.load_or_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
