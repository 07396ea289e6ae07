# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: a writer on the old server, a way to move its data, and the writer's first write on the new one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from benchmark.figures import latency, with_rest
from benchmark.inside import steps
from benchmark.inside.data import DATABASES
from benchmark.inside.others import busy
from benchmark.inside.rig import JOBS, Rig, compare
from benchmark.inside.steps import Memory, MethodError, Step, TookTooLong

CHECKOUT = Path(__file__).resolve().parents[4]
RUN_MODULE = CHECKOUT / "tests" / "integration" / "database" / "run_module.py"
NAME = "waba_migration_bench"
BEFORE_SECONDS = 10.0
"""How long the writer is looked at before anything begins."""


class Writer:
    """The writer, which is a process of its own."""

    def __enter__(self) -> Writer:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.inside.writer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def __call__(self, do: str, address: Mapping[str, Any] | None = None) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "address": address}).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise MethodError("The writer ended. What it said is above.")
        return cast("dict[str, Any]", json.loads(answer))


@dataclass
class Scene:
    """What a method works with, and what it leaves for the result."""

    rig: Rig
    directory: Path
    writer: Writer
    limit: float

    def __post_init__(self) -> None:
        self.memory = Memory()
        self.log = self.directory / "log"
        self.samples: list[tuple[float, float]] = []
        self.last = 0.0

    def stop_writer(self) -> float:
        """Seconds from its last write until it has let go."""
        answer = self.writer("stop")
        self.last = answer["last"]
        self.samples = [(due, took) for due, took in answer["samples"]]
        return time.monotonic() - self.last

    def module(self, module: str, /, **options: Any) -> Module:
        return Module(self, module, options)


class Module:
    """One of ours, in a process of its own, as Ansible runs it."""

    def __init__(self, scene: Scene, name: str, options: Mapping[str, Any]) -> None:
        self._name = name
        self._log = scene.directory / f"{name}.log"
        arguments = {
            "engine": scene.rig.engine,
            "source": scene.rig.module_server(False),
            "target": scene.rig.module_server(True),
            "databases": list(DATABASES),
            "_ansible_remote_tmp": str(scene.directory),
            "_ansible_tmpdir": None,
            **scene.rig.module_options(),
            **options,
        }
        self._output = scene.directory / f"{name}.json"
        given = scene.directory / f"{name}.arguments"
        given.touch(mode=0o600)
        given.write_text(json.dumps(arguments), encoding="utf-8")
        environment = {name: os.environ[name] for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX")}
        step = Step("", [sys.executable, str(RUN_MODULE), name], environment, reads=given, writes=self._output)
        self.process = steps.start(step, self._log)
        self._watcher = scene.memory.watch(self.process)

    def result(self) -> dict[str, Any]:
        self.process.wait()
        said = self.said()
        self._watcher.join()
        try:
            result: dict[str, Any] = json.loads(said)
        except ValueError:
            raise MethodError(f"{self._name} did not end as modules do: {said[-2000:]}") from None
        if result.get("failed"):
            raise MethodError(f"{self._name} failed: {result['msg']}")
        return result

    def said(self) -> str:
        """What there is of its answer, or what it complained of."""
        return self._output.read_text(errors="replace") or self._log.read_text(errors="replace")


def guide(scene: Scene) -> dict[str, Any]:
    """Dump to a file, restore from it, with the stock clients as they are."""
    return by_programs(scene, scene.rig.guide(scene.directory))


def peer(scene: Scene) -> dict[str, Any]:
    """The best tool that Debian packages."""
    return by_programs(scene, scene.rig.peer(scene.directory))


def by_programs(scene: Scene, programs: list[Step]) -> dict[str, Any]:
    stopped = scene.stop_writer()
    return {"parts": {"stop": stopped, **steps.run(programs, scene.memory, scene.log, scene.limit)}}


def bulk(scene: Scene) -> dict[str, Any]:
    """database_copy."""
    stopped = scene.stop_writer()
    copied = scene.module("database_copy", owner=scene.rig.owner, jobs=JOBS, marker="waba.migration bench").result()
    return {"parts": {"stop": stopped, "copy": copied["seconds"]}}


def live(scene: Scene) -> dict[str, Any]:
    """database_replica while the writer writes, and database_cut when it has stopped."""
    follow = {"name": NAME, "owner": scene.rig.owner, "marker": "waba.migration bench", "jobs": JOBS}
    follow |= {"retain_limit": "100G", "require_own_log": False}
    began = time.monotonic()
    scene.module("database_replica", state="seeded", **follow).result()
    seeded = time.monotonic()
    scene.module("database_replica", state="following", **follow).result()
    level = time.monotonic()
    place = scene.directory / "cut"
    place.mkdir(mode=0o700)
    begin = place / "fenced"
    cut = scene.module("database_cut", name=NAME, begin_path=str(begin), idle_timeout=60)
    steps.wait_for(begin.with_name("fenced.ready"), cut.process, cut.said)
    stopped = scene.stop_writer()
    begin.touch()
    done = cut.result()["parts"]
    parts = {"stop": stopped, **{name: done[name] for name in ("drain", "compare", "show")}}
    return {
        "parts": parts,
        "seed": seeded - began,
        "catch_up": level - seeded,
        "latency": {
            "before": latency(scene.samples, began - BEFORE_SECONDS, began),
            "during": latency(scene.samples, began, seeded),
        },
    }


METHODS: dict[str, Callable[[Scene], dict[str, Any]]] = {"guide": guide, "bulk": bulk, "live": live, "peer": peer}


def measure(rig: Rig, method: str, directory: Path, limit: float) -> dict[str, Any]:
    """One run of a method, from a new server that is empty."""
    rig.new_target()
    rig.settle()
    os.sync()
    others = busy()
    directory.mkdir(mode=0o700)
    try:
        with Writer() as writer:
            scene = Scene(rig, directory, writer, limit)
            writer("write", rig.address(False))
            time.sleep(BEFORE_SECONDS)
            try:
                found = METHODS[method](scene)
            except TookTooLong:
                return {"stopped_after": limit, "busy_before": others}
            called = time.monotonic()
            at = writer("first", rig.address(True))["at"]
            window = at - scene.last
            parts = with_rest(window, {**found.pop("parts"), "first_write": at - called})
            rows = compare(rig)
            memory = {"summed": scene.memory.peak, "divided": scene.memory.peak_shared}
            found |= {"busy_before": others}
            return {"window": window, "parts": parts, "memory": memory, "rows": rows, **found}
    finally:
        shutil.rmtree(directory)
