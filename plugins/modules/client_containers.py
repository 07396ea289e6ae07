# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop, fence and unfence the containers of a client."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_containers
short_description: Start, stop, fence and unfence the containers of a client
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Stops a WhatsApp Business API On-Premises client in order (Webapps, Coreapps, Masters) and starts it the other way
    round.
  - Fences it, so that it cannot come back by itself. A fenced container is stopped, has the restart policy V(no), is on
    no network and is named C(NAME-fenced-RUN). The project's compose files, and the env files that only the client
    reads, are set aside as C(FILE.fenced-RUN). All this outlives a restart of the engine and of the host.
  - What the fence changes is recorded on the host before it is changed, so that an interrupted fence can be finished or
    taken down. Taking it down restores networks with their aliases and addresses, names, restart policies and files.
  - Containers of other clients, and the other containers of the project such as a database, are never touched. Where a
    project has other services, a reduced compose file takes the place of the whole one. In it the client's services are
    stubs that cannot run.
  - Of compose only C(docker compose config) is called, which reads.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.containers
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(started) starts what is not running. A fenced client is started only with O(unfence).
      - V(stopped) stops what is running.
      - V(fenced) stops the client and makes it unable to come back. The result is proved by a fresh look.
      - V(unfenced) takes the fence down without starting anything.
      - V(absent) removes the containers of a fenced client, never a volume, a network or an image. Files that were set
        aside stay there.
    type: str
    choices: [started, stopped, fenced, unfenced, absent]
    required: true
  run_id:
    description:
      - Name of the run, which becomes part of the new names. Letters, digits, dots, dashes and underscores.
      - Required for O(state=fenced). An interrupted fence is finished under the name that it was begun with.
    type: str
  unfence:
    description: Takes a fence down before O(state=started).
    type: bool
    default: false
  restart_policy:
    description: Restart policy to set with O(state=started) and O(state=stopped). Left as it is when not given.
    type: str
    choices: ["no", always, unless-stopped, on-failure]
  stop_timeout:
    description: Seconds that a container gets to stop by itself before it is killed.
    type: int
    default: 10
  poll:
    description:
      - Seconds after a start at which the containers are looked at, so that one that dies at once does not count as
        started.
    type: float
    default: 0.5
  expected:
    description: Ids of the containers. When given, the module refuses to do anything to a different set.
    type: list
    elements: str
    default: []
  record:
    description: File on the host for what the fence changed. Default is C(/var/lib/waba-migration/PROJECT/fence.json).
    type: path
  force:
    description: Removes the containers with O(state=absent) although they are not fenced, after stopping them.
    type: bool
    default: false
requirements:
  - the C(docker) command, 20.10 or newer, on the host that the module runs on
  - for the reduced compose file and the env files, its compose plugin
notes:
  - The fence holds against the engine, a reboot, C(docker start), and C(docker compose start), C(restart) and C(up) in
    the project directory, with the name of the project, or with a file that was set aside, which compose cannot read. A
    container that is started by hand runs without a network.
  - The fence does not hold against somebody with root's rights who connects a network by hand, who takes away the first
    lines of a file that was set aside, or who (or whose deployment tool) writes the compose file and its env files anew
    and starts that.
  - C(docker compose down) by the name of the project, and C(docker rm), remove fenced containers as any others. The
    number stays safe. The way back is then a new container from the files that were set aside.
seealso:
  - module: waba.migration.client_containers_info
"""

EXAMPLES = r"""
- name: Fence the old client
  waba.migration.client_containers:
    state: fenced
    project: biz
    project_directory: /root/biz
    run_id: 20261124T093015Z-full-3f9a

- name: Prove that it is still fenced
  waba.migration.client_containers:
    state: fenced
    project: biz
    project_directory: /root/biz
    run_id: 20261124T093015Z-full-3f9a
  check_mode: true
  register: still_fenced
  failed_when: still_fenced is changed

- name: Bring it back
  waba.migration.client_containers:
    state: started
    unfence: true
    project: biz
    project_directory: /root/biz
"""

RETURN = r"""
client:
  description:
    - The client after the module, as in RV(waba.migration.client_containers_info#module:client).
    - In check mode the client as it is.
  type: dict
  returned: success
actions:
  description: What was done, or would be done in check mode, a sentence each.
  type: list
  elements: str
  returned: success
  sample:
    - set restart policy no on biz-waweb-1, biz-wacore-1
    - stop biz-waweb-1
proof:
  description: What a fresh look after the last change showed, a sentence for each container of the project.
  type: list
  elements: str
  returned: with O(state=fenced), and in check mode when nothing is left to do
  sample:
    - >-
      biz-waweb-1-fenced-20261124T093015Z-full-3f9a: stopped since 2026-11-24T09:31:02, restart policy no, on no
      network
    - "biz-db-1: untouched, running since 2026-10-02T08:00:11"
stopping_at:
  description: When the first container was told to stop, in UTC.
  type: str
  returned: when containers were stopped
  sample: "2026-11-24T09:31:00.120Z"
stopped_at:
  description: When the last one had stopped, in UTC.
  type: str
  returned: when containers were stopped
  sample: "2026-11-24T09:31:02.004Z"
down_since:
  description:
    - When the first container of the fenced client ended, in UTC, also when an earlier task stopped it.
    - Null for a client whose containers were never started.
  type: str
  returned: with O(state=fenced), not in check mode
  sample: "2026-11-24T09:31:00.512Z"
"""

import re
import time
from datetime import datetime, timezone
from typing import Any, Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils import _container_plan as plans
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils import _fence as fence
from ansible_collections.waba.migration.plugins.module_utils import _fence_record as records
from ansible_collections.waba.migration.plugins.module_utils import _set_aside as aside
from ansible_collections.waba.migration.plugins.module_utils._containers import Json
from ansible_collections.waba.migration.plugins.module_utils._description import describe, obstacles_of
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker, DockerError
from ansible_collections.waba.migration.plugins.module_utils._docker_command import make_docker
from ansible_collections.waba.migration.plugins.module_utils._selection import (
    Selection,
    SelectionError,
    select,
    selection_spec,
)

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
ERRORS = (DockerError, SelectionError, plans.PlanError, records.RecordError, fence.FenceError)


class Client:
    """Brings one client's containers into a state: looks, plans, and executes the plan unless in check mode."""

    def __init__(self, docker: Docker, params: dict[str, Any], check_mode: bool) -> None:
        self.docker = docker
        self.params = params
        self.check_mode = check_mode
        self.directory: str = params["project_directory"]
        # Also for a failure: what was done until then.
        self.report: Json = {"actions": []}

    def bring(self, state: str) -> Json:
        self.record = records.RecordFile(self.params["record"] or records.default_path(self.params["project"]))
        self._look()
        before = plans.picture(self.selection.mine)
        self.after = before
        self._check_selection(state)
        {
            "started": self._start,
            "stopped": self._stop,
            "fenced": self._fence,
            "unfenced": self._unfence,
            "absent": self._remove,
        }[state]()
        if not self.check_mode:
            self._look_again()
            self.after = plans.picture(self.selection.mine)
        return {
            **self.report,
            "changed": bool(self.report["actions"]),
            "client": describe(self.selection, self.directory),
            "diff": {"before": _by_short_id(before), "after": _by_short_id(self.after)},
        }

    def _look(self) -> None:
        self.selection: Selection = select(self.docker.containers(), self.params["project"], self.params["containers"])
        self.is_old = False

    def _look_again(self) -> None:
        if self.is_old:
            self._look()

    def _execute(self, steps: Sequence[plans.Step]) -> None:
        self.after = plans.picture_after(self.after, steps)
        for step in steps:
            if not self.check_mode:
                self._execute_one(step)
            self.report["actions"].append(step.sentence)

    def _execute_one(self, step: plans.Step) -> None:
        self.is_old = True
        if step.stops:
            self.report.setdefault("stopping_at", _now())
        self.docker.call(*step.arguments)
        if step.stops:
            self.report["stopped_at"] = _now()

    def _check_selection(self, state: str) -> None:
        selection, expected = self.selection, set(self.params["expected"])
        found = {c["Id"] for c in selection.mine}
        if expected and found != expected and not (state == "absent" and found < expected):
            raise fence.FenceError(
                f"Nothing was done, because the containers of compose project {selection.project} are not those that "
                f"were expected: {len(expected)} were, {len(found)} are there, {len(expected & found)} of them the "
                "same. Somebody has recreated them; look at docker ps --all, and run the preflight again."
            )
        if state == "absent":
            return
        if selection.missing:
            raise SelectionError(
                f"There is no container of a client named {', '.join(selection.missing)} on this host. "
                "Check containers."
            )
        if not selection.mine and self.record.data is None:
            raise SelectionError(
                f"There is no container of a client in compose project {selection.project} on this host. "
                "Check project, and give the names as containers for a client that was not started by compose."
            )
        self._check_recorded(state)

    def _fence_record(self) -> Json | None:
        """Return the record of this client's fence. One whose containers were all replaced since is of the past."""
        there = {c["Id"] for c in self.selection.everything}
        data = self.record.data
        replaced = data is not None and self.selection.mine and not there.intersection(data["containers"])
        return None if replaced else data

    def _check_recorded(self, state: str) -> None:
        """What was fenced and removed can be brought back by compose only."""
        data = self._fence_record()
        takes_down = state == "unfenced" or (state == "started" and self.params["unfence"])
        if data is None or (self.selection.mine and not takes_down):
            return
        there = {c["Id"] for c in self.selection.everything}
        gone = sorted(entry["name"] for identifier, entry in data["containers"].items() if identifier not in there)
        if gone:
            files = ", ".join(entry["aside"] for entry in data["files"]) or "none"
            raise fence.FenceError(
                f"Nothing was done, because somebody has removed {', '.join(gone)} since the client was fenced. Its "
                f"data is in its database. To have it here again, once the client on the other host is proven stopped, "
                f"give the files that were set aside ({files}) their names back, take the first lines of the compose "
                f"file away, start it with docker compose up, and remove the record {self.record.path}."
            )

    # The states

    def _fence(self) -> None:
        obstacles = obstacles_of(self.selection, self.directory)
        if obstacles:
            raise fence.FenceError(f"Nothing was done, because the client cannot be fenced: {'; '.join(obstacles)}.")
        recorded = self._fence_record() or {}
        run_id: str = recorded.get("run_id") or self.params["run_id"]
        steps = plans.plan_fence(self.selection.mine, run_id, self.params["stop_timeout"])
        files = fence.plan_files(self.docker, self.selection, recorded.get("files", []), self.directory, run_id)
        work = bool(steps or files.waiting)
        if work and not self.check_mode:
            self._write_record(run_id, files)
        bystanders = fence.bystanders(self.selection)
        self._execute(steps)
        self._set_aside(files)
        if work and self.check_mode:
            return
        if not self.check_mode:
            self._look()
        self.report["down_since"] = fence.down_since(self.selection.mine)
        self.report["proof"] = [
            *fence.check_holds(self.selection),
            *fence.check_bystanders(bystanders, fence.bystanders(self.selection)),
        ]

    def _write_record(self, run_id: str, files: fence.FilePlan) -> None:
        mine, data = self.selection.mine, self._fence_record()
        if data is None:
            self.record.archive()
        found = {name: self.docker.network(name) for name in records.unrecorded_networks(data, mine)}
        networks = {name: inspected for name, inspected in found.items() if inspected is not None}
        existing = [c["Id"] for c in self.selection.everything]
        self.record.save({**records.remember(data, run_id, mine, networks, existing), "files": files.entries})

    def _set_aside(self, files: fence.FilePlan) -> None:
        for entry in files.waiting:
            if not self.check_mode:
                aside.set_aside(entry)
            self.report["actions"].append(aside.describe_set_aside(entry))
        if files.waiting:
            self.report["actions"] += files.remarks

    def _unfence(self) -> None:
        mine, data = self.selection.mine, self._fence_record()
        if data is None:
            if _fenced_names(mine):
                raise fence.FenceError(
                    f"The client is fenced ({', '.join(_fenced_names(mine))}), but the fence's record "
                    f"{self.record.path} is not there. Give its place as record."
                )
            return
        own = {c["Id"] for c in mine}
        taken = [containers.name_of(c) for c in self.selection.everything if c["Id"] not in own]
        wanted = {name for entry in data["containers"].values() for name in entry["networks"]}
        present = [name for name in sorted(wanted) if self.docker.network(name) is not None]
        steps = plans.plan_unfence(mine, data, taken, present)
        files = aside.plan_put_back(data["files"])
        self._execute(steps)
        for entry in files:
            self.report["actions"].append(aside.describe_put_back(entry))
            if not self.check_mode:
                aside.put_back(entry)
        if not self.check_mode:
            self.record.archive()

    def _start(self) -> None:
        if self.params["unfence"]:
            self._unfence()
            self._look_again()
        elif self._fence_record() is not None or _fenced_names(self.selection.mine):
            raise fence.FenceError(
                f"Nothing was started, because the client of compose project {self.selection.project} is fenced: its "
                "number was moved to another host. Set unfence to bring it back, once the client on the other host is "
                "proven stopped."
            )
        steps = plans.plan_start(self.selection.mine, self.params["restart_policy"])
        self._execute(steps)
        if any(step.starts for step in steps) and not self.check_mode:
            time.sleep(self.params["poll"])
            self._look()
            self._check_running()

    def _check_running(self) -> None:
        dead = [
            f"{containers.name_of(c)} (exit code {c['State'].get('ExitCode')})"
            for c in self.selection.mine
            if not containers.is_running(c)
        ]
        if dead:
            raise fence.FenceError(
                f"Started, but not running any more: {', '.join(dead)}. Look at docker logs of these containers."
            )

    def _stop(self) -> None:
        policy, timeout = self.params["restart_policy"], self.params["stop_timeout"]
        self._execute(plans.plan_stop(self.selection.mine, policy, timeout))

    def _remove(self) -> None:
        mine = self.selection.mine
        standing = [containers.name_of(c) for c in mine if not containers.is_fenced(c)]
        if standing and not self.params["force"]:
            raise fence.FenceError(
                f"Nothing was removed, because {', '.join(standing)} is not fenced. Fence the client first, or set "
                "force for one that never served."
            )
        self._execute(plans.plan_remove(mine, self.params["stop_timeout"]))
        if not self.check_mode:
            self.record.archive()


def _fenced_names(mine: Sequence[Json]) -> list[str]:
    return [containers.name_of(c) for c in mine if containers.FENCED.search(containers.name_of(c))]


def _by_short_id(picture: Json) -> Json:
    return {identifier[:12]: values for identifier, values in picture.items()}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    spec = selection_spec()
    spec.update(
        state={"type": "str", "choices": ["started", "stopped", "fenced", "unfenced", "absent"], "required": True},
        run_id={"type": "str"},
        unfence={"type": "bool", "default": False},
        restart_policy={"type": "str", "choices": ["no", "always", "unless-stopped", "on-failure"]},
        stop_timeout={"type": "int", "default": 10},
        poll={"type": "float", "default": 0.5},
        expected={"type": "list", "elements": "str", "default": []},
        record={"type": "path"},
        force={"type": "bool", "default": False},
    )
    module = AnsibleModule(spec, supports_check_mode=True, required_if=[("state", "fenced", ["run_id"])])
    params = module.params
    if params["state"] == "fenced" and not RUN_ID.fullmatch(params["run_id"]):
        module.fail_json(
            msg=f"run_id must consist of letters, digits, dots, dashes and underscores, not {params['run_id']!r}."
        )
    client = Client(make_docker(module), params, module.check_mode)
    try:
        result = client.bring(params["state"])
    except ERRORS as error:
        module.fail_json(msg=str(error), **client.report)
    except OSError as error:
        module.fail_json(
            msg=f"The fence's record or a file of the project cannot be read or written: {error}.", **client.report
        )
    else:
        module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
