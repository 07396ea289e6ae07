# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures one engine at one size, and says what there is as lines of JSON.

What to measure comes as JSON on standard input.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmark.inside.methods import measure
from benchmark.inside.rig import Rig
from benchmark.inside.steps import MethodError


def say(kind: str, **content: Any) -> None:
    sys.stdout.write(json.dumps({"kind": kind, **content}) + "\n")
    sys.stdout.flush()


def new_rig(engine: str, directory: Path) -> Rig:
    # Each engine's container has the programs of its own only, which is seen when the module is loaded.
    if engine == "postgresql":
        from benchmark.inside.postgresql import PostgreSQLRig

        return PostgreSQLRig(directory)
    from benchmark.inside.mysql import MySQLRig

    return MySQLRig(directory)


def main() -> None:
    order = json.loads(sys.stdin.readline())
    directory = Path(order["directory"])
    shutil.chown(directory, "postgres" if order["engine"] == "postgresql" else "mysql")
    rig = new_rig(order["engine"], directory)
    try:
        say("progress", text="filling the old server")
        rig.fill(order["size"])
        data = {"bytes": rig.bytes_on_disk(), "releases": rig.releases()}
        for task in order["tasks"]:
            say("begin", **task)
            try:
                result = measure(rig, task["method"], directory / "run", order["limit"])
            except MethodError as error:
                say("failed", **task, text=str(error))
            else:
                say("result", **task, run={**data, **result})
    finally:
        rig.stop()


if __name__ == "__main__":
    main()
