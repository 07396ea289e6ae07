# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Python makes of an Ansible module's source, on hosts that have the place for it: those of cheap labs.

A module comes as an archive, from which Python compiles all of it at each task: half of what a short one takes, and no
business of a test. A lab whose times mean something has no such place. Every Python of a host loads this as it starts.
"""

# ruff: noqa: PTH105, PTH112, PTH123 (to load pathlib would take a part of what is spared)

from __future__ import annotations

import os

PLACE = "/var/cache/module-bytecode"

if os.path.isdir(PLACE):
    import marshal
    import zipimport
    from hashlib import blake2b
    from typing import Any

    _compile: Any = zipimport._compile_source  # type: ignore[attr-defined]

    def _kept(pathname: str, source: bytes) -> Any:
        file = f"{PLACE}/{blake2b(source, digest_size=16).hexdigest()}"
        try:
            with open(file, "rb") as kept:
                return marshal.load(kept)  # noqa: S302 (written by this alone)
        except OSError:
            code = _compile(pathname, source)
        # Another process may be about the same.
        with open(f"{file}.{os.getpid()}", "wb") as new:
            marshal.dump(code, new)
        os.replace(new.name, file)
        return code

    zipimport._compile_source = _kept  # type: ignore[attr-defined]
