# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The YAML of the inventories."""

from __future__ import annotations

from labctl import yaml


def test_mappings_nest_and_scalars_are_quoted() -> None:
    document = {"all": {"hosts": {"old": {"port": 22, "name": 'a "b" #c', "on": True, "list": ["x", 1]}}, "empty": {}}}
    assert yaml.dump(document).splitlines() == [
        "all:",
        "  hosts:",
        "    old:",
        "      port: 22",
        '      name: "a \\"b\\" #c"',
        "      on: true",
        '      list: ["x", 1]',
        "  empty: {}",
    ]
