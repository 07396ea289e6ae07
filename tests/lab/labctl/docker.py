# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command line, with errors that say what was tried."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labctl import process
from labctl.errors import LabError
from labctl.process import Result

DEFAULT_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class File:
    """A file to be put into a container."""

    path: str
    content: bytes
    mode: int = 0o644


def call(
    *arguments: str,
    stdin: bytes | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Runs docker and returns whatever came back."""
    return process.run(["docker", *arguments], timeout, stdin, environment)


def run(
    *arguments: str,
    tried: str,
    remedy: str = "Read what the engine said; `lab down` and `lab up` start from nothing.",
    stdin: bytes | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Runs docker and insists on success."""
    result = call(*arguments, stdin=stdin, timeout=timeout, environment=environment)
    if result.code != 0:
        raise LabError(tried, result.complaint, remedy)
    return result


def execute(
    container: str, *command: str, tried: str, stdin: bytes | None = None, timeout: float = DEFAULT_TIMEOUT_SECONDS
) -> str:
    """Runs a command inside a container, insists on success, returns what it printed."""
    interactive = ["-i"] if stdin is not None else []
    return run("exec", *interactive, container, *command, tried=tried, stdin=stdin, timeout=timeout).text


def script(container: str, text: str, tried: str, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> str:
    """Runs a shell script inside a container. It goes in over standard input, so no process list shows it."""
    return execute(container, "bash", "-euo", "pipefail", "-s", tried=tried, stdin=text.encode(), timeout=timeout)


def archive(files: Iterable[File]) -> bytes:
    """A tar archive owned by root. Directories come along by themselves when docker unpacks it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size = len(file.content)
            entry.mode = file.mode
            tar.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def put(container: str, files: Iterable[File]) -> None:
    """Puts files into a container, running or not."""
    run("cp", "-", f"{container}:/", tried=f"Copying files into {container}", stdin=archive(files))


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """What the engine knows of a container, image, network or volume; None when there is none of that name."""
    result = call(kind, "inspect", name)
    if result.code != 0:
        if b"No such" in result.errors or b"not found" in result.errors:
            return None
        raise LabError(
            f"Looking at the {kind} {name}",
            result.complaint,
            "See whether the Docker engine runs and lets this user in.",
        )
    document: list[dict[str, Any]] = json.loads(result.output)
    return document[0]


def names(*arguments: str, tried: str) -> list[str]:
    """The lines of a docker listing."""
    return [line for line in run(*arguments, tried=tried).text.splitlines() if line]


def require_engine() -> dict[str, Any]:
    """The engine's own description, or a clear word on what is missing."""
    result = call("info", "--format", "{{json .}}", timeout=20)
    document: dict[str, Any] = json.loads(result.output or b"{}")
    problems = document.get("ServerErrors") or []
    if result.code != 0 or problems or "CgroupVersion" not in document:
        raise LabError(
            "Asking the Docker engine who it is",
            "; ".join(problems) or result.complaint,
            "Start the engine (for example `systemctl start docker`); see that this user may use it (group docker).",
        )
    return document
