# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker engine in a file, for tests of modules that call the docker command.

It is a program: ``fake_docker.py DIRECTORY ARGUMENTS...``. The engine's containers are DIRECTORY/containers.json, as
``docker inspect`` writes them; every call is added to DIRECTORY/calls.txt. With DIRECTORY/break_at.txt, a number, that
changing call fails.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict

Container = Dict[str, Any]
NETWORK = {
    "Driver": "bridge",
    "Internal": False,
    "EnableIPv6": False,
    "IPAM": {"Config": [{"Subnet": "10.77.0.0/24", "Gateway": "10.77.0.1"}]},
    "Options": {},
    "Labels": {"com.docker.compose.network": "default"},
}


class Engine:
    """What the docker commands of the collection do, on a list of inspected containers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "containers.json"
        self.containers: list[Container] = json.loads(self.file.read_text())
        gone = directory / "gone_networks.txt"
        self.gone = gone.read_text().split() if gone.exists() else []

    def run(self, arguments: list[str]) -> str:
        with (self.directory / "calls.txt").open("a") as calls:
            calls.write(" ".join(arguments) + "\n")
        words = arguments[:2] if arguments[0] in ("network", "compose", "image") else arguments[:1]
        name = "_".join(words) if arguments[0] in ("network", "image") else arguments[0]
        if name not in ("ps", "inspect", "image_inspect", "compose", "network_ls", "network_inspect"):
            self._maybe_break()
        command: Callable[[list[str]], str] = getattr(self, name)
        answer = command(arguments[len(words) :])
        self.file.write_text(json.dumps(self.containers))
        return answer

    def _maybe_break(self) -> None:
        file = self.directory / "break_at.txt"
        if file.exists():
            left = int(file.read_text()) - 1
            file.write_text(str(left))
            if left == 0:
                file.unlink()
                sys.exit("Error response from daemon: the engine is going down")

    def _find(self, word: str) -> Container:
        for container in self.containers:
            if word in (container["Id"], container["Name"].lstrip("/")):
                return container
        sys.exit(f"Error: No such container: {word}")

    def _chosen(self, arguments: list[str]) -> list[Container]:
        return [self._find(word) for word in arguments if len(word) == 64]

    def ps(self, _arguments: list[str]) -> str:
        return "\n".join(container["Id"] for container in self.containers)

    def inspect(self, arguments: list[str]) -> str:
        return json.dumps(self._chosen(arguments))

    def image_inspect(self, arguments: list[str]) -> str:
        file = self.directory / "images.json"
        images = json.loads(file.read_text()) if file.exists() else {}
        return json.dumps([{"Id": word, "Config": images.get(word, {})} for word in arguments])

    def update(self, arguments: list[str]) -> str:
        policy, _colon, retries = arguments[1].partition(":")
        for container in self._chosen(arguments):
            container["HostConfig"]["RestartPolicy"] = {"Name": policy, "MaximumRetryCount": int(retries or 0)}
        return ""

    def stop(self, arguments: list[str]) -> str:
        for container in self._chosen(arguments):
            container["State"].update(Running=False, Status="exited", FinishedAt="2026-11-24T09:31:02.5Z", ExitCode=143)
        return ""

    def start(self, arguments: list[str]) -> str:
        dies = self.directory / "dies.txt"
        for container in self._chosen(arguments):
            runs = not (dies.exists() and dies.read_text() == container["Name"])
            container["State"].update(Running=runs, Status="running" if runs else "exited", ExitCode=0 if runs else 1)
        return ""

    def rename(self, arguments: list[str]) -> str:
        self._find(arguments[0])["Name"] = "/" + arguments[1]
        return ""

    def rm(self, arguments: list[str]) -> str:
        self.containers.remove(self._find(arguments[0]))
        return ""

    def network_ls(self, arguments: list[str]) -> str:
        name = arguments[-1].replace("name=^", "").rstrip("$")
        return "" if name in self.gone else name

    def network_inspect(self, arguments: list[str]) -> str:
        return json.dumps([{"Name": arguments[0], **NETWORK}])

    def network_create(self, arguments: list[str]) -> str:
        self.gone.remove(arguments[-1])
        return ""

    def network_disconnect(self, arguments: list[str]) -> str:
        del self._find(arguments[2])["NetworkSettings"]["Networks"][arguments[1]]
        return ""

    def network_connect(self, arguments: list[str]) -> str:
        options = list(zip(arguments[:-2:2], arguments[1:-2:2]))
        addresses = [value for name, value in options if name == "--ip"]
        self._find(arguments[-1])["NetworkSettings"]["Networks"][arguments[-2]] = {
            "Aliases": [value for name, value in options if name == "--alias"],
            "IPAMConfig": {"IPv4Address": addresses[0]} if addresses else {},
            "Links": None,
        }
        return ""

    def compose(self, arguments: list[str]) -> str:
        model = self.directory / "model.json"
        if "--no-env-resolution" in arguments:
            sys.exit("unknown flag: --no-env-resolution")
        if not model.exists():
            sys.exit("yaml: password: secret: mapping values are not allowed in this context")
        return model.read_text()


if __name__ == "__main__":
    sys.stdout.write(Engine(Path(sys.argv[1])).run(sys.argv[2:]))
