# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule for passwords."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._passwords import lacking

UPPER, LOWER, DIGIT, SPECIAL = "an upper-case letter", "a lower-case letter", "a digit", "a special character"


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Str0ng!p", []),
        ("Str0ng!p" * 8, []),
        ("Str0ng !\u00e9", []),
        ("Str0ng!", ["8 to 64 characters"]),
        ("Str0ng!p" * 8 + "x", ["8 to 64 characters"]),
        ("str0ng!p", [UPPER]),
        ("STR0NG!P", [LOWER]),
        ("Strong!p", [DIGIT]),
        ("Str0ngpp", [SPECIAL]),
        ("Str0ng p", [SPECIAL]),
        ("\u00c4\u0661aaaa!!", [UPPER, DIGIT]),
        ("", ["8 to 64 characters", UPPER, LOWER, DIGIT, SPECIAL]),
    ],
)
def test_what_a_password_lacks(password: str, missing: list[str]) -> None:
    assert lacking(password) == missing


@pytest.mark.parametrize("character", "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~")
def test_special_characters_of_the_documentation(character: str) -> None:
    assert lacking(f"Str0ngpp{character}") == []
