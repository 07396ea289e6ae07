# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command line, with errors that say what was tried."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labctl.errors import LabError

DEFAULT_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", errors="replace")

    @property
    def complaint(self) -> str:
        """The last lines of what it said, for an error message."""
        said = (self.errors or self.output).decode("utf-8", errors="replace").strip().splitlines()
        return "\n             ".join(said[-6:]) or f"exit status {self.code} and no word"


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
    command = ["docker", *arguments]
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(
            "Starting the docker command",
            "there is no such program on this machine",
            "Install Docker Engine, then run this again.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"docker {' '.join(arguments[:4])}",
            f"no answer within {timeout:.0f} s",
            "See whether the machine or its engine is overloaded.",
        ) from error
    return Result(done.returncode, done.stdout, done.stderr)


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
    """Runs a shell script inside a container. It goes in over standard input, so that nothing of it shows in a process list."""
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
            "Start the engine (for example `systemctl start docker`), and see that this user may use it (group docker).",
        )
    return document
