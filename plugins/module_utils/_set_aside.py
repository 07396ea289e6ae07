# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets files aside and puts them back, byte for byte. Private to this collection; may change at any time.

An entry is part of the fence's record: what was where, and where it goes. It is on disk before the file is touched, and each step
can be repeated.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Dict, Iterable

from ansible_collections.waba.migration.plugins.module_utils._compose_files import GUARD, GUARD_END, render_kept
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file

Entry = Dict[str, Any]

LARGEST = 1024 * 1024
COMPOSE_EXTENSIONS = (".yml", ".yaml")


def read_texts(directories: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return what may be a compose file: the named ones that exist, and those that stand in the directories."""
    paths = dict.fromkeys(path for path in files if os.path.isfile(path))
    for directory in directories:
        if os.path.isdir(directory):
            for name in sorted(os.listdir(directory)):
                path = os.path.normpath(os.path.join(directory, name))
                if name.endswith(COMPOSE_EXTENSIONS) and os.path.isfile(path) and os.path.getsize(path) <= LARGEST:
                    paths[path] = None
    targets = [os.path.realpath(path) for path in paths if os.path.islink(path)]
    return {path: _read(path).decode("utf-8", "replace") for path in [*paths, *targets]}


def make_entry(path: str, run_id: str, guarded: bool, keep: Any = None) -> Entry:
    """Describe a file that will be set aside. ``keep`` is the model of what stays at its place."""
    aside = _free_name(f"{path}.fenced-{run_id}")
    status = os.lstat(path)
    return {
        "path": path,
        "aside": aside,
        "link": os.readlink(path) if os.path.islink(path) else None,
        "sha256": _sha256(path),
        "guarded": guarded,
        "keep": render_kept(keep, run_id, aside) if keep else None,
        "mode": status.st_mode & 0o7777,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "run_id": run_id,
    }


def is_whole(entry: Entry) -> bool:
    """Tell whether the file stands at its place as it was."""
    if entry["link"] is not None:
        return os.path.islink(entry["path"]) and os.readlink(entry["path"]) == entry["link"]
    return os.path.isfile(entry["path"]) and _sha256(entry["path"]) == entry["sha256"]


def is_kept(entry: Entry) -> bool:
    """Tell whether at its place stands what the fence has written there for the other services."""
    if entry["keep"] is None or not os.path.isfile(entry["path"]):
        return False
    return _read(entry["path"]) == entry["keep"].encode("utf-8")


def describe_set_aside(entry: Entry) -> str:
    kept = ", and keep a reduced one for the other services" if entry["keep"] else ""
    return "set {} aside as {}{}".format(entry["path"], os.path.basename(entry["aside"]), kept)


def set_aside(entry: Entry) -> None:
    """The copy is complete before the file goes, so that a power cut loses nothing."""
    path, aside = entry["path"], entry["aside"]
    if entry["link"] is None:
        guard = GUARD.format(run_id=entry["run_id"]).encode("utf-8") if entry["guarded"] else b""
        _write(aside, guard + _read(path), entry, entry["mode"])
    if entry["keep"] is None:
        os.unlink(path)
    else:
        # Older releases of compose may have put the content of an env file into the model.
        _write(path, entry["keep"].encode("utf-8"), entry, entry["mode"] & 0o600)


def plan_put_back(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that are still set aside, links last, so that what they lead to is there."""
    waiting = [e for e in entries if os.path.lexists(e["aside"]) or (e["link"] is not None and not is_whole(e))]
    return sorted(waiting, key=lambda entry: entry["link"] is not None)


def describe_put_back(entry: Entry) -> str:
    if _is_in_the_way(entry):
        return "leave {}: somebody has written it since the fence; the one from before is {}".format(
            entry["path"],
            entry["aside"],
        )
    return "put {} back".format(entry["path"])


def put_back(entry: Entry) -> None:
    if _is_in_the_way(entry):
        return
    path, aside = entry["path"], entry["aside"]
    if entry["link"] is not None:
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(entry["link"], path)
        return
    data = _read(aside)
    guard, end, rest = data.partition(GUARD_END)
    original = rest if entry["guarded"] and end and guard.startswith(GUARD.encode("utf-8")[:16]) else data
    _write(path, original, entry, entry["mode"])
    os.unlink(aside)


def _is_in_the_way(entry: Entry) -> bool:
    return os.path.lexists(entry["path"]) and not is_whole(entry) and not is_kept(entry)


def _free_name(wanted: str) -> str:
    name, number = wanted, 2
    while os.path.lexists(name):
        name, number = "%s.%d" % (wanted, number), number + 1
    return name


def _write(path: str, data: bytes, entry: Entry, mode: int) -> None:
    write_private_file(path, data, mode)
    if (entry["uid"], entry["gid"]) != (os.geteuid(), os.getegid()):
        os.chown(path, entry["uid"], entry["gid"])


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _sha256(path: str) -> str:
    return hashlib.sha256(_read(path)).hexdigest()
