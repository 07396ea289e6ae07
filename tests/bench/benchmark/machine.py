# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that is measured on, without any name of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from labctl import docker


def describe() -> dict[str, Any]:
    processors = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.+)$", processors, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "processors": os.cpu_count(),
        "processor": model[1].strip() if model else platform.machine(),
        "memory_gib": round(int(memory[1]) / 2**20) if memory else None,
        "disk": disk(),
        "kernel": platform.release(),
    }


def disk() -> str:
    """The disk that has the containers' volumes."""
    root = docker.run("info", "--format", "{{.DockerRootDir}}", tried="Asking the Docker engine where its files are")
    try:
        device = os.stat(root.text.strip()).st_dev  # noqa: PTH116
        entry = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        if (entry / "partition").exists():
            entry = entry.parent
        # What a virtual disk says of itself means nothing.
        rotating = (entry / "queue" / "rotational").read_text(encoding="ascii").strip() == "1"
        virtual = entry.name.startswith(("vd", "xvd"))
        kind = "virtual" if virtual else "rotating" if rotating else "solid state"
        gigabytes = int((entry / "size").read_text(encoding="ascii")) * 512 / 1e9
    except OSError:
        return "unknown"
    return f"{kind}, {gigabytes:.0f} GB"
