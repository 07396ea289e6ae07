# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single looks at the lab's hosts: containers, files, media, requests that the stand-in was asked."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import ssl
import tarfile
from typing import Any

from labctl import docker, project
from labctl.api import Api
from labctl.layout import Lab, Number

API_SECONDS = 30
VOLUMES = project.VOLUMES
APPLICATION = "/v1/settings/application"
PROVIDERS = "/v1/settings/application/media/providers"
WEBHOOK_CA = "/v1/certificates/webhooks/ca"
PROFILES = ("/v1/settings/business/profile", "/v1/settings/business/compliance_info", "/v1/settings/profile/about")


def containers(lab: Lab, host: str, number: Number) -> list[dict[str, Any]]:
    """The containers of a number's project on a host, whatever they are called by now."""
    found = [entry for entry in project.containers(lab, host) if entry["project"] == number.project]
    return sorted(found, key=lambda entry: str(entry["service"]))


def lives(entries: list[dict[str, Any]]) -> dict[str, str]:
    """What tells one life of a container from another: service to identity and start."""
    return {
        entry["service"]: f"{entry['id']} since {entry['started_at']}, restarts {entry['restarts']}"
        for entry in entries
    }


def media(lab: Lab, host: str, number: Number) -> dict[str, str]:
    """Hash of every file on the media volume, by path. Empty when there is no volume."""
    place = f"{VOLUMES}/{number.media_volume}/_data"
    text = docker.script(
        lab.container(host),
        f"cd {place} 2> /dev/null || exit 0\nfind . -type f -print0 | xargs --null --no-run-if-empty sha256sum\n",
        tried=f"Reading the media of {number.title} on {host}",
    )
    pairs = (line.split("  ", 1) for line in text.splitlines())
    return {name: value for value, name in pairs}


def authorized_keys(lab: Lab, host: str) -> str:
    return docker.execute(
        lab.container(host), "cat", "/root/.ssh/authorized_keys", tried=f"Reading the authorized keys of {host}"
    )


def tree(lab: Lab, host: str, *places: str) -> dict[str, str]:
    """Mode and hash of every file below the places, by path."""
    text = docker.script(
        lab.container(host),
        f"for place in {' '.join(places)}; do\n  [ -e $place ] || continue\n"
        "  find $place -type f -printf '%m ' -exec sha256sum {} \\;\ndone\n",
        tried=f"Looking at {' and '.join(places)} on {host}",
    )
    entries = (line.split(" ", 1) for line in text.splitlines())
    return {rest.split("  ", 1)[1]: f"{mode} {rest.split('  ', 1)[0]}" for mode, rest in entries}


def requests(lab: Lab, host: str, number: Number, since: float = 0.0) -> list[dict[str, Any]]:
    """What the stand-in's API was asked, as its own log has it: method, path, status, user."""
    found = []
    for entry in containers(lab, host, number):
        log = docker.execute(
            lab.container(host), "docker", "logs", entry["id"], tried=f"Reading the log of {entry['name']} on {host}"
        )
        for line in log.splitlines():
            if line.startswith('{"time"'):
                request: dict[str, Any] = json.loads(line)
                if request["time"] >= since:
                    found.append(request)
    return found


def download(port: int, path: str, token: str) -> tuple[int, str]:
    """Status of a download through the API, and the hash of what came."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=API_SECONDS, context=context)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        return response.status, hashlib.sha256(response.read()).hexdigest()
    finally:
        connection.close()


def contents(lab: Lab, host: str, *places: str) -> dict[str, bytes]:
    """Every file below the places."""
    command = (
        f"for place in {' '.join(places)}; do [ ! -e $place ] || printf '%s\\n' $place; done"
        " | tar --create --file - --absolute-names --files-from -"
    )
    result = docker.run(
        "exec", lab.container(host), "bash", "-euo", "pipefail", "-c", command,
        tried=f"Reading {' and '.join(places)} on {host}",
    )  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(result.output)) as archive:
        files = [(member.name, archive.extractfile(member)) for member in archive if member.isfile()]
        return {name: file.read() for name, file in files if file is not None}


def settings(api: Api) -> dict[str, str]:
    """What a client has been set to, by the path that tells it. The API must be logged in."""
    return {path: api.must("GET", path).text for path in (APPLICATION, PROVIDERS, WEBHOOK_CA, *PROFILES)}
