# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a home directory for ansible-test and prints its path.

ansible-test keeps virtual environments and downloads in the home directory, and hides environment variables from pip.
In a home of its own it leaves the user's alone, "make clean" removes what it made, and pip's settings reach pip in a
file.
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
HOME = TOOLS.parents[1] / ".cache" / "sanity"
GET_PIP_VERSIONS = ("24_2", "25_2")
"""What ansible-core 2.19 and 2.20 to 2.22 look for."""


def pip_settings(environment: Mapping[str, str], user_home: Path) -> configparser.RawConfigParser:
    """The user's own settings of pip, with those of the environment over them."""
    settings = configparser.RawConfigParser()
    settings.read([user_home / ".pip" / "pip.conf", user_home / ".config" / "pip" / "pip.conf"], encoding="utf-8")
    if not settings.has_section("global"):
        settings.add_section("global")
    for name, value in environment.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            settings.set("global", name.removeprefix("PIP_").lower().replace("_", "-"), value)
    return settings


def make_home(home: Path, environment: Mapping[str, str], user_home: Path) -> None:
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in GET_PIP_VERSIONS:
        shutil.copyfile(TOOLS / "get_pip.py", cache / f"get_pip_{version}.py")

    settings_file = home / ".config" / "pip" / "pip.conf"
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    # An index may be named with a password in its URL.
    settings_file.touch(mode=0o600)
    with settings_file.open("w", encoding="utf-8") as file:
        pip_settings(environment, user_home).write(file)

    for shared in (".gitconfig", ".cache"):
        place = home / shared
        if (user_home / shared).exists() and not place.exists():
            place.symlink_to(user_home / shared)


if __name__ == "__main__":
    make_home(HOME, os.environ, Path.home())
    sys.stdout.write(f"{HOME}\n")
