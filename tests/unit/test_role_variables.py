# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role's argument_specs.yml says of its variables is what the role does with them.

ansible-core only validates by argument_specs.yml; the defaults that apply are those of defaults/main.yml.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

ROLES = Path(__file__).parents[2] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())

per_role = pytest.mark.parametrize("role", NAMES)


def load(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


def defaults_of(role: str) -> dict[str, Any]:
    return load(ROLES / role / "defaults" / "main.yml")


def options_of(role: str) -> dict[str, dict[str, Any]]:
    entry_points = load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    assert list(entry_points) == ["main"]
    return cast("dict[str, dict[str, Any]]", entry_points["main"]["options"])


def value_alone(default: Any, option: dict[str, Any]) -> Any:
    """The documented form of a default: text as it stands, anything else as it is when no other variable is set."""
    if isinstance(default, str) and "{{" in default and option["type"] not in ("str", "path"):
        return NativeEnvironment(autoescape=False).from_string(default).render()
    return default


@per_role
def test_defaults_are_documented_as_they_are(role: str) -> None:
    options = options_of(role)
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    assert documented == {name: value_alone(default, options[name]) for name, default in defaults_of(role).items()}


@per_role
def test_a_variable_has_a_default_or_is_required(role: str) -> None:
    defaults = defaults_of(role)
    assert [
        name for name, option in options_of(role).items() if option.get("required", False) == (name in defaults)
    ] == []


@per_role
def test_variables_bear_the_name_of_their_role(role: str) -> None:
    assert [name for name in options_of(role) if not name.startswith(f"{role}_")] == []


@per_role
def test_variables_of_any_role_that_are_used_are_documented(role: str) -> None:
    documented = {name for each in NAMES for name in options_of(each)}
    variable = re.compile(rf"(?<![\w.'\"/-])(?:{'|'.join(NAMES)})_[a-z]\w*(?<!_)\b")
    used = {
        name
        for part in ("defaults", "handlers", "tasks", "templates", "vars")
        for path in (ROLES / role / part).rglob("*")
        if path.is_file()
        for name in variable.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted(used - documented) == []


@per_role
def test_variables_are_used(role: str) -> None:
    texts = "".join(
        path.read_text(encoding="utf-8")
        for place in (ROLES, ROLES.parent / "playbooks")
        for path in place.rglob("*")
        if path.is_file() and path.suffix in (".yml", ".j2") and path.parent.name not in ("defaults", "meta")
    )
    assert [name for name in options_of(role) if not re.search(rf"\b{name}\b", texts)] == []
