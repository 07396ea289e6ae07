# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places the checkout as ansible_collections/waba/migration, beside the collections that it depends on.

ansible-test takes neither a plain checkout nor a symlink to one, but it takes a real directory whose entries are
symlinks. The link to .git is among them: ansible-test asks git for its files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ansible_collections
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".cache" / "collections" / "ansible_collections"
NOT_PART_OF_IT = frozenset(
    {".ansible", ".cache", ".lab", ".venv", "collections", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)


class PlacingError(Exception):
    """Says what is missing and what to do."""


def link(place: Path, target: Path) -> None:
    """Makes place a symlink to target; a good one is left alone, since others may be reading through it."""
    if place.is_symlink() and place.readlink() == target:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def place_checkout(namespace: str, name: str) -> Path:
    if not (CHECKOUT / ".git").exists():
        raise PlacingError(f"{CHECKOUT} is no git clone; ansible-test needs one. Get the sources with git clone.")
    place = COLLECTIONS / namespace / name
    entries = {entry.name: entry for entry in CHECKOUT.iterdir() if entry.name not in NOT_PART_OF_IT}
    for entry_name, entry in entries.items():
        link(place / entry_name, entry)
    for old in place.iterdir():
        if old.name not in entries:
            old.unlink()
    return place


def bundled(full_name: str) -> Path:
    """Where the ansible package has the collection."""
    for root in ansible_collections.__path__:
        directory = Path(root, *full_name.split("."))
        if Path(root) != COLLECTIONS and (directory / "MANIFEST.json").is_file():
            return directory
    raise PlacingError(f"The ansible package of {sys.executable} bundles no collection {full_name}.")


def place_dependencies(names: list[str]) -> None:
    todo, done = list(names), set[str]()
    while todo:
        full_name = todo.pop()
        if full_name in done:
            continue
        done.add(full_name)
        directory = bundled(full_name)
        link(COLLECTIONS.joinpath(*full_name.split(".")), directory)
        manifest = json.loads((directory / "MANIFEST.json").read_text(encoding="utf-8"))
        todo.extend(manifest["collection_info"]["dependencies"])


def main() -> int:
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
    try:
        place_dependencies(list(galaxy["dependencies"]))
        place_checkout(galaxy["namespace"], galaxy["name"])
    except PlacingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
