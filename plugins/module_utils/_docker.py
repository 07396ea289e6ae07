# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command. Private to this collection; may change at any time.

Arguments are lists, never shell text. Works with Docker 20.10 and newer. Nothing here ever calls compose on a client's project but
``config``, which only reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

# (arguments) -> (exit code, standard output, standard error)
Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]


class DockerError(Exception):
    """A docker command failed. The text holds the command without its values, and the end of what it said."""


class Docker:
    def __init__(self, run: Runner, cli: str = "docker"):
        self._run = run
        self._cli = cli

    def call(self, *arguments: str) -> str:
        code, out, err = self._run([self._cli, *arguments])
        if code != 0:
            raise DockerError("%s %s failed with %d: %s" % (self._cli, " ".join(arguments[:4]), code, (err or out).strip()[-500:]))
        return out

    def ids(self) -> list[str]:
        """Every container, running or not."""
        return self.call("ps", "--all", "--no-trunc", "--quiet").split()

    def inspect(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        if not ids:
            return []
        document: list[dict[str, Any]] = json.loads(self.call("inspect", "--type", "container", *ids))
        return document

    def volume_path(self, name: str) -> str:
        return self.call("volume", "inspect", "--format", "{{.Mountpoint}}", name).strip()

    def stop(self, ids: Sequence[str], timeout: int) -> None:
        """One call for many: the engine stops them side by side."""
        self.call("stop", "--time", str(timeout), *ids)

    def start(self, ids: Sequence[str]) -> None:
        self.call("start", *ids)

    def set_restart_policy(self, ids: Sequence[str], policy: str) -> None:
        self.call("update", "--restart", policy, *ids)

    def rename(self, identifier: str, name: str) -> None:
        self.call("rename", identifier, name)

    def disconnect(self, network: str, identifier: str) -> None:
        self.call("network", "disconnect", "--force", network, identifier)

    def connect(self, network: str, identifier: str, aliases: Sequence[str], ip: str | None) -> None:
        options = [item for alias in aliases for item in ("--alias", alias)]
        if ip:
            options += ["--ip", ip]
        self.call("network", "connect", *options, network, identifier)

    def remove(self, identifier: str) -> None:
        """The container alone, never its volumes."""
        self.call("rm", identifier)

    def compose_config(self, files: Sequence[str], directory: str) -> dict[str, Any]:
        """The project's model with its variables left as they are. Reads only."""
        options = [item for path in files for item in ("--file", path)]
        out = self.call(
            "compose", "--project-directory", directory, *options, "config", "--no-interpolate", "--no-path-resolution", "--format", "json"
        )
        document: dict[str, Any] = json.loads(out)
        return document
