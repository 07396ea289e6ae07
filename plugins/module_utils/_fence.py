# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that is stopped and cannot come back by itself. Private to this collection; may change at any time.

Each part alone leaves a way back: the engine restarts by policy, compose finds containers by label and starts them, and
makes them anew from a compose file. A container without a network reaches neither the database nor WhatsApp, whoever
starts it; and with the files aside nothing makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils import _compose_files as compose_files
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils import _set_aside as aside
from ansible_collections.waba.migration.plugins.module_utils._containers import Json
from ansible_collections.waba.migration.plugins.module_utils._description import compose_files_of, working_directory_of
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker
from ansible_collections.waba.migration.plugins.module_utils._selection import Selection

# Docker's word for a time that has not come.
NEVER = "0001-"


class FenceError(Exception):
    """The fence cannot be set, does not hold, or cannot be taken down. The text says why and what to do."""


@dataclass(frozen=True)
class FilePlan:
    """The files that have to be set aside."""

    # Entries for the record, those from an interrupted fence included.
    entries: list[Json]
    # Those of them that are still to do.
    waiting: list[Json]
    remarks: list[str]


def plan_files(docker: Docker, selection: Selection, recorded: Sequence[Json], directory: str, run_id: str) -> FilePlan:
    """Choose the files. Reads them, and asks compose what they mean."""
    mine = selection.mine
    base = working_directory_of(mine[0], directory)
    labelled = compose_files_of(mine, directory)
    foreign = {path for c in selection.outside for path in compose_files_of([c], "")}
    written = {entry["path"] for entry in recorded if aside.is_kept(entry)}
    known = written | {entry["path"] for entry in recorded if aside.is_whole(entry)}
    texts = aside.read_texts([directory, base], labelled)
    for path in written:
        texts.pop(path, None)
    services = {containers.service_of(c) for c in mine}
    chosen = compose_files.choose_compose_files(texts, labelled, foreign, services)
    readable = [path for path in labelled if path in texts and path not in known]
    keep: Json | None = None
    env_files: list[str] = []
    remarks: list[str] = []
    model = docker.compose_model(readable, base, selection.project) if readable else None
    if model is not None:
        gone = compose_files.client_services(model, services)
        keep = compose_files.reduce_model(model, gone)
        staying = {path: text for path, text in texts.items() if path not in chosen}
        env_files, remarks = compose_files.choose_env_files(model, gone, base, staying)
    elif readable:
        remarks = [_unreadable(readable, selection.others)]
    fresh = [
        aside.make_entry(path, run_id, guarded=True, keep=keep if [path] == readable[:1] else None)
        for path in chosen
        if path not in known
    ]
    fresh += [
        aside.make_entry(path, run_id, guarded=False)
        for path in env_files
        if path not in known and Path(path).is_file()
    ]
    entries = [*recorded, *fresh]
    waiting = sorted((e for e in entries if aside.is_whole(e)), key=lambda entry: entry["link"] is None)
    return FilePlan(entries, waiting, remarks)


def _unreadable(paths: Sequence[str], others: Sequence[Json]) -> str:
    names = ", ".join(containers.name_of(c) for c in others)
    return "docker compose config cannot read {}, so the env files stay{}".format(
        ", ".join(paths),
        f", and {names}, which keeps running, has no compose file meanwhile" if others else "",
    )


def check_holds(selection: Selection) -> list[str]:
    """Return what a fresh look shows, a sentence for each container; raise when one is not fenced."""
    lines = []
    for container in selection.mine:
        name = containers.name_of(container)
        if not containers.is_fenced(container):
            status = container["State"].get("Status") or "in an unknown state"
            networks = ", ".join(sorted(containers.networks_of(container))) or "none"
            raise FenceError(
                f"{name} is not fenced: it is {status}, its restart policy is {containers.policy_of(container)}, its "
                f"networks are {networks}. Something on this host works against the fence: look for a supervisor or a "
                "job that starts or recreates containers, stop it, and run this again."
            )
        ended = str(container["State"].get("FinishedAt", ""))[:19]
        lines.append(f"{name}: stopped since {ended}, restart policy no, on no network")
    return lines


def down_since(mine: Sequence[Json]) -> str | None:
    """Return when the first of the containers ended, to the millisecond; None when none of them has ever run."""
    ends = [str(c["State"].get("FinishedAt") or "") for c in mine]
    ended = [end for end in ends if end and not end.startswith(NEVER)]
    if not ended:
        return None
    seconds, _point, fraction = min(ended).rstrip("Z").partition(".")
    return f"{seconds}.{fraction[:3]:0<3}Z"


def bystanders(selection: Selection) -> dict[str, Json]:
    """Return what must be the same before and after of the project's other containers."""
    return {
        containers.name_of(c): {
            "id": c["Id"],
            "running": containers.is_running(c),
            "started_at": c["State"].get("StartedAt"),
            "restart_policy": containers.policy_of(c),
            "networks": sorted(containers.networks_of(c)),
        }
        for c in selection.others
    }


def check_bystanders(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each of the project's other containers; raise when one has changed."""
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if changed:
        raise FenceError(
            f"The client is fenced, but {', '.join(changed)}, in its compose project but no part of it, changed "
            "meanwhile. Look at docker inspect and docker logs of it."
        )
    return [f"{name}: untouched, {_standing(entry)}" for name, entry in sorted(after.items())]


def _standing(entry: Json) -> str:
    return f"running since {str(entry['started_at'])[:19]}" if entry["running"] else "not running"
