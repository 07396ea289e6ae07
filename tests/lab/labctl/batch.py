# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several commands by one shell inside a container: to get in there takes longer than most of them do."""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Sequence

SHELL = ("bash", "-euo", "pipefail", "-s")
"""Reads the script from its standard input."""


def script(commands: Sequence[Sequence[str]]) -> bytes:
    """Shell lines that run the commands, one after the other, and print an archive of what each has printed.

    The first one that fails ends it.
    """
    runs = [f"{shlex.join(command)} < /dev/null > {number}" for number, command in enumerate(commands)]
    lines = [
        "place=$(mktemp --directory)",
        "trap 'rm -rf \"$place\"' EXIT",
        'cd "$place"',
        *runs,
        "tar --create --file - *",
        "",
    ]
    return "\n".join(lines).encode()


def outputs(archive: bytes) -> list[bytes]:
    """What each command has printed, in their order."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        found = {int(member.name): files.extractfile(member) for member in files}
        return [file.read() for _, file in sorted(found.items()) if file is not None]
