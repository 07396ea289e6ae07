# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets files aside and puts them back, byte for byte. Private to this collection; may change at any time.

An entry is part of the fence's record: what was where, and where it goes. It is on disk before the file is touched, and
each step can be repeated.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Dict, Iterable

from ansible_collections.waba.migration.plugins.module_utils._compose_files import (
    GUARD,
    GUARD_END,
    GUARD_START,
    render_kept,
)
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file

Entry = Dict[str, Any]

LARGEST = 1024 * 1024
COMPOSE_EXTENSIONS = (".yml", ".yaml")


def read_texts(directories: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return what may be a compose file: the named ones that exist, and those that stand in the directories.

    What a link leads to is a file of its own, since it can be used without the link.
    """
    paths = [Path(file) for file in files]
    for directory in map(Path, directories):
        if directory.is_dir():
            paths += sorted(path for path in directory.iterdir() if path.suffix in COMPOSE_EXTENSIONS)
    paths += [path.resolve() for path in paths if path.is_symlink()]
    return {
        str(path): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file() and path.stat().st_size <= LARGEST
    }


def make_entry(path: str, run_id: str, guarded: bool, keep: dict[str, Any] | None = None) -> Entry:
    """Describe a file that will be set aside. ``keep`` is the compose model of what stays at its place."""
    aside = _free_name(f"{path}.fenced-{run_id}")
    status = os.lstat(path)
    return {
        "path": path,
        "aside": aside,
        "link": os.readlink(path) if Path(path).is_symlink() else None,
        "sha256": _sha256(path),
        "guarded": guarded,
        "keep": render_kept(keep, run_id, aside) if keep else None,
        "mode": status.st_mode & 0o7777,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "modified_ns": status.st_mtime_ns,
        "run_id": run_id,
    }


def is_whole(entry: Entry) -> bool:
    """Tell whether the file stands at its place as it was."""
    path = Path(entry["path"])
    if entry["link"] is not None:
        return path.is_symlink() and os.readlink(path) == entry["link"]
    return path.is_file() and _sha256(entry["path"]) == entry["sha256"]


def is_kept(entry: Entry) -> bool:
    """Tell whether at its place stands what the fence has written there for the other services."""
    path = Path(entry["path"])
    return entry["keep"] is not None and path.is_file() and path.read_bytes() == entry["keep"].encode("utf-8")


def describe_set_aside(entry: Entry) -> str:
    kept = ", and keep a reduced one for the other services" if entry["keep"] else ""
    return f"set {entry['path']} aside as {Path(entry['aside']).name}{kept}"


def set_aside(entry: Entry) -> None:
    """The copy is complete before the file goes, so that a power cut loses nothing."""
    path = Path(entry["path"])
    if entry["link"] is None:
        guard = GUARD.format(run_id=entry["run_id"]).encode("utf-8") if entry["guarded"] else b""
        _write(entry["aside"], guard + path.read_bytes(), entry, entry["mode"])
    if entry["keep"] is None:
        path.unlink()
    else:
        # Older releases of compose may have put the content of an env file into the model.
        _write(entry["path"], entry["keep"].encode("utf-8"), entry, entry["mode"] & 0o600)


def plan_put_back(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that are still set aside, links last, so that what they lead to is there."""
    waiting = [e for e in entries if Path(e["aside"]).exists() or (e["link"] is not None and not is_whole(e))]
    return sorted(waiting, key=lambda entry: entry["link"] is not None)


def describe_put_back(entry: Entry) -> str:
    if _is_in_the_way(entry):
        return (
            f"leave {entry['path']}, which somebody has written since the fence; "
            f"the one from before it is {entry['aside']}"
        )
    return f"put {entry['path']} back"


def put_back(entry: Entry) -> None:
    if _is_in_the_way(entry):
        return
    path, aside = Path(entry["path"]), Path(entry["aside"])
    if entry["link"] is not None:
        if path.exists():
            path.unlink()
        path.symlink_to(entry["link"])
        return
    _write(entry["path"], _without_guard(aside.read_bytes()), entry, entry["mode"])
    os.utime(path, ns=(entry["modified_ns"], entry["modified_ns"]))
    aside.unlink()


def _without_guard(data: bytes) -> bytes:
    """Somebody may have taken the guard away already."""
    return data.partition(GUARD_END)[2] if data.startswith(GUARD_START) else data


def _is_in_the_way(entry: Entry) -> bool:
    return os.path.lexists(entry["path"]) and not is_whole(entry) and not is_kept(entry)


def _free_name(wanted: str) -> str:
    name, number = wanted, 2
    while os.path.lexists(name):
        name, number = f"{wanted}.{number}", number + 1
    return name


def _write(path: str, data: bytes, entry: Entry, mode: int) -> None:
    write_private_file(path, data, mode)
    if (entry["uid"], entry["gid"]) != (os.geteuid(), os.getegid()):
        os.chown(path, entry["uid"], entry["gid"])


def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
