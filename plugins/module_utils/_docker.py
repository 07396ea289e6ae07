# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command. Private to this collection; may change at any time.

Arguments are lists, never shell text, and never hold a secret. Works with Docker 20.10 and newer. Of compose only
``config`` is called, which reads.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Collection, Dict, Sequence, Tuple

# (arguments) -> (exit code, standard output, standard error)
Run = Callable[[Sequence[str]], Tuple[int, str, str]]
Json = Dict[str, Any]

NO_IMAGE = "no such image"
GONE = ("no such container", "no such object")
LOOKS = 3
# Newer releases of compose put the content of env files into the model unless they are told not to.
CONFIG_OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--no-interpolate", "--no-path-resolution", "--no-env-resolution"),
    ("--no-interpolate", "--no-path-resolution"),
    ("--no-interpolate",),
)


class DockerError(Exception):
    """A docker command failed. The text holds the command, what it said, and what to look at."""


class Docker:
    """The engine of the host that the module runs on."""

    def __init__(self, run: Run, cli: str = "docker") -> None:
        self._run = run
        self._cli = cli

    def call(self, *arguments: str) -> str:
        """Return what the command writes, or raise."""
        code, out, err = self._execute(arguments)
        if code != 0:
            raise self._error(arguments, code, err or out)
        return out

    def containers(self) -> list[Json]:
        """Return what ``docker inspect`` says of every container, running or not."""
        for _look in range(LOOKS):
            ids = self.call("ps", "--all", "--no-trunc", "--quiet").split()
            if not ids:
                return []
            arguments = ("inspect", "--type", "container", *ids)
            code, out, err = self._execute(arguments)
            if code == 0:
                return self._parse_list(arguments, out)
            # Between the two commands somebody else's short-lived container may have gone.
            if not any(text in err.lower() for text in GONE):
                break
        raise self._error(arguments, code, err or out)

    def image_configs(self, ids: Collection[str]) -> dict[str, Json]:
        """Return by id how the images are configured, without those that somebody has removed."""
        arguments = ("image", "inspect", *sorted(ids))
        code, out, err = self._execute(arguments) if ids else (0, "[]", "")
        # docker writes what it has found even where it misses some.
        if code != 0 and not all(NO_IMAGE in line.lower() for line in err.strip().splitlines() or [""]):
            raise self._error(arguments, code, err or out)
        return {entry["Id"]: entry.get("Config") or {} for entry in self._parse_list(arguments, out)}

    def network(self, name: str) -> Json | None:
        """Return what ``docker network inspect`` says, or None when there is no such network."""
        ids = self.call("network", "ls", "--no-trunc", "--quiet", "--filter", f"name=^{name}$").split()
        if not ids:
            return None
        arguments = ("network", "inspect", ids[0])
        return self._parse_list(arguments, self.call(*arguments))[0]

    def compose_model(self, files: Sequence[str], directory: str, project: str) -> Json | None:
        """Return a project as compose understands it, variables left as they are; None when compose cannot say.

        What compose complains of may quote the file, and with it a secret, so nobody is told.
        """
        chosen = [item for path in files for item in ("--file", path)]
        command = ("compose", "--project-directory", directory, "--project-name", project, *chosen, "config")
        for options in CONFIG_OPTIONS:
            code, out, _err = self._execute((*command, *options, "--format", "json"))
            if code == 0:
                try:
                    model = json.loads(out)
                except ValueError:
                    return None
                return model if isinstance(model, dict) else None
        return None

    def _execute(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        try:
            return self._run([self._cli, *arguments])
        except OSError as error:
            raise DockerError(
                f"The command {self._cli} cannot be run on this host: {error.strerror or error}. "
                "Install the Docker command line, or say where it is with docker_cli."
            ) from error

    def _parse_list(self, arguments: Sequence[str], text: str) -> list[Json]:
        try:
            document = json.loads(text)
        except ValueError as error:
            raise self._error(arguments, 0, f"what it wrote is not JSON ({error})") from error
        return [entry for entry in document if isinstance(entry, dict)]

    def _error(self, arguments: Sequence[str], code: int, said: str) -> DockerError:
        command = " ".join(argument if len(argument) < 64 else argument[:12] for argument in arguments)
        words = said.strip()[-500:].rstrip(".") or "it said nothing"
        return DockerError(
            f"{self._cli} {command} ended with exit code {code}: {words}. "
            "Look at the engine on this host, and whether this user may use it."
        )
