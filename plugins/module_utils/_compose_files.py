# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a compose project a fence sets aside. Pure. Private to this collection; may change at any time.

``docker compose up`` makes containers anew, with networks, from a compose file and its env files. So all that name the
client go. What other services need stays.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils._containers import Json

# What compose finds by itself in a directory.
STANDARD_NAMES = tuple(
    f"{stem}{override}.{extension}"
    for stem in ("compose", "docker-compose")
    for override in ("", ".override")
    for extension in ("yaml", "yml")
)
# The brace ends a variable such as ${REGISTRY:-docker.whatsapp.biz}.
CLIENT_IMAGE = re.compile(r"whatsapp\.biz\}?(?:/[^\s/:@\"']+)*/(?:coreapp|web)\b")
# Compose reads this one by itself, to fill in variables of every service.
DOT_ENV = ".env"

# YAML has no text that begins with an @, so that no compose reads the file, whoever hands it over.
GUARD = """\
# Set aside by waba.migration (run {run_id}): this client was moved to another host and is fenced on this one.
# Two running clients with one number throw each other out, and the number can get banned. To bring the client back
# here use the playbook rollback.yml, which takes these lines away again. They keep compose from reading the file:
@fenced
"""
GUARD_START = b"# Set aside by waba.migration "
GUARD_END = b"\n@fenced\n"
KEPT = """\
# Written by waba.migration (run {run_id}): the WhatsApp client of this project was moved to another host and is fenced
# on this one. Below are the project's other services. Those of the client cannot run; they are there so that
# "docker compose up --remove-orphans" does not take the fenced containers for left-overs and remove them.
# The complete file is beside this one, as {aside};
# the playbook rollback.yml brings it back.
"""
# No profile that anybody uses, no image that there is, no network.
STUB = {
    "image": "fenced.invalid/moved-by-waba.migration",
    "pull_policy": "never",
    "profiles": ["fenced-by-waba.migration"],
    "network_mode": "none",
    "restart": "no",
}


def absolute_path(base: str, path: str) -> str:
    """Return a path that is relative to the project's directory, as compose means it."""
    return os.path.normpath(Path(base, path))


def choose_compose_files(
    texts: Mapping[str, str], labelled: Sequence[str], foreign: set[str], services: set[str]
) -> list[str]:
    """Return the compose files that name the client, those that its containers were made from first.

    ``foreign`` are files that containers of other projects were made from.
    """
    chosen = [path for path in labelled if path in texts]
    for path, text in sorted(texts.items()):
        if path in chosen or path in foreign:
            continue
        standard = Path(path).name in STANDARD_NAMES
        if CLIENT_IMAGE.search(text) or (standard and _mentions_service(text, services)):
            chosen.append(path)
    return chosen


def _mentions_service(text: str, services: set[str]) -> bool:
    return any(re.search(rf"(?m)^\s+[\"']?{re.escape(service)}[\"']?\s*:", text) for service in services)


def client_services(model: Json, known: set[str]) -> set[str]:
    """Return the client's services, those without a container included."""
    return {
        name
        for name, service in (model.get("services") or {}).items()
        if name in known or CLIENT_IMAGE.search(str((service or {}).get("image") or ""))
    }


def reduce_model(model: Json, gone: set[str]) -> Json | None:
    """Return the project with nothing but stubs of the services that are gone; None when nothing else would be left."""
    services = {
        name: _without_references(service or {}, gone)
        for name, service in (model.get("services") or {}).items()
        if name not in gone
    }
    if not services:
        return None
    return {**model, "services": {**services, **{name: dict(STUB) for name in sorted(gone)}}}


def _without_references(service: Json, gone: set[str]) -> Json:
    result = dict(service)
    for key in ("depends_on", "links", "volumes_from"):
        value = result.get(key)
        if isinstance(value, dict):
            result[key] = {name: item for name, item in value.items() if name not in gone}
        elif isinstance(value, list):
            result[key] = [item for item in value if str(item).partition(":")[0] not in gone]
        if key in result and not result[key]:
            del result[key]
    return result


def render_kept(model: Json, run_id: str, aside: str) -> str:
    """Return the compose file for the other services. JSON is YAML too."""
    head = KEPT.format(run_id=run_id, aside=Path(aside).name)
    return head + json.dumps(model, indent=2, ensure_ascii=False) + "\n"


def env_files_of(service: Any, base: str) -> set[str]:
    """Return the env files of a service, whichever way they are written."""
    value = service.get("env_file") if isinstance(service, dict) else None
    entries = [value] if isinstance(value, (str, dict)) else value or []
    paths = [entry.get("path", "") if isinstance(entry, dict) else entry for entry in entries]
    return {absolute_path(base, path) for path in paths if path and "$" not in path}


def choose_env_files(
    model: Json, gone: set[str], base: str, remaining_texts: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Return the env files that only the client's services read, and a sentence for each that has to stay.

    ``remaining_texts`` are the compose files that stay, by path.
    """
    services = model.get("services") or {}
    theirs: set[str] = set()
    for name, service in services.items():
        if name not in gone:
            theirs |= env_files_of(service, base)
    mine: set[str] = set()
    for name in gone & set(services):
        mine |= env_files_of(services[name], base)
    chosen: list[str] = []
    remarks: list[str] = []
    for path in sorted(mine):
        readers = [other for other, text in sorted(remaining_texts.items()) if Path(path).name in text]
        if path in theirs or Path(path).name == DOT_ENV:
            remarks.append(f"{path} stays, other services use it")
        elif readers:
            remarks.append(f"{path} stays, {readers[0]} uses it")
        else:
            chosen.append(path)
    return chosen, remarks
