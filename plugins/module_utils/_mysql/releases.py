# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of the two flavours, and which may follow which. Pure; private; may change at any time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL

PRODUCTS = {MYSQL: "MySQL", MARIADB: "MariaDB"}


@dataclass(frozen=True)
class Release:
    """A flavour and a version such as C(9.7.4)."""

    flavour: str
    version: str

    def __str__(self) -> str:
        return f"{PRODUCTS[self.flavour]} {self.version}"

    @property
    def numbers(self) -> tuple[int, int, int]:
        found = [int(number) for number in re.findall(r"\d+", self.version)[:3]]
        major, minor, patch = [*found, 0, 0, 0][:3]
        return major, minor, patch

    @property
    def major(self) -> int:
        return self.numbers[0]

    @property
    def series(self) -> tuple[int, int]:
        return self.numbers[:2]

    @property
    def number(self) -> int:
        major, minor, patch = self.numbers
        return major * 10000 + minor * 100 + patch


def server_release(version: str, comment: str) -> Release:
    """From the server's C(version) and C(version_comment).

    MariaDB's begins with 5.5.5- where it has to look old to a replica.
    """
    flavour = MARIADB if "mariadb" in (version + comment).lower() else MYSQL
    found = (
        re.match(r"(?:5\.5\.5-)?(\d+\.\d+\.\d+)", version)
        if flavour == MARIADB
        else re.match(r"(\d+\.\d+\.\d+)", version)
    )
    return Release(flavour, found.group(1) if found else version)
