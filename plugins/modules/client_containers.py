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
  - waba.migration contributors
description:
  - Stops a WhatsApp Business API On-Premises client in order (Webapps, Coreapps, Masters) and starts it the other way round.
  - Fences it, so that it cannot come back by itself. A fenced container is stopped, has the restart policy V(no), is on no network and
    is renamed; the project's compose files are set aside. It stays like that over a restart of the engine and of the host.
  - What the fence changes is recorded on the host before it is changed, so that an interrupted fence can be finished or taken down.
  - A database in the same compose project, and clients of other numbers on the same host, are never touched. Where a project has other
    services, a reduced compose file with only these stays in place.
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
      - V(started) and V(stopped) do what they say. A fenced client is started only with O(unfence).
      - V(fenced) stops the client and makes it unable to come back. The result is proved by a fresh look.
      - V(unfenced) takes the fence down without starting anything.
      - V(absent) removes the containers of a fenced client, never a volume, a network or an image.
    type: str
    choices: [started, stopped, fenced, unfenced, absent]
    required: true
  run_id:
    description: Identifies the run. Part of the new names. Required for O(state=fenced).
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
  expected:
    description: Ids of the containers. When given, the module refuses to do anything to a different set.
    type: list
    elements: str
    default: []
  record:
    description: File on the host for what the fence changed. Default is C(/var/lib/waba-migration/PROJECT/fence.json).
    type: path
  force:
    description: Removes the containers with O(state=absent) although they are not fenced. They must be stopped.
    type: bool
    default: false
requirements:
  - the C(docker) command, 20.10 or newer, on the host that the module runs on
notes:
  - The fence holds against the engine, against C(docker compose up) and C(docker compose start) in the project directory, and against a
    reboot. It does not hold against somebody who brings the set-aside file back by hand and runs it.
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

- name: Bring it back
  waba.migration.client_containers:
    state: started
    unfence: true
    project: biz
    project_directory: /root/biz
"""

RETURN = r"""
client:
  description: The client after the module, as in RV(waba.migration.client_containers_info#module:client).
  type: dict
  returned: success
actions:
  description: What was done, or would be done in check mode, a sentence each.
  type: list
  elements: str
  returned: success
  sample: ["restart policy no on 2 containers", "stop 1 webapp"]
proof:
  description: What a fresh look at each fenced container showed.
  type: list
  elements: str
  returned: with O(state=fenced), outside of check mode
  sample: ["biz-waweb-1-fenced-20261124T093015Z-full-3f9a: stopped 2026-11-24T09:31:02, restart policy no, no network"]
stopping_at:
  description: When the first container was told to stop, in UTC.
  type: str
  returned: when containers were stopped
  sample: "2026-11-24T09:31:00.120+00:00"
stopped_at:
  description: When the last one had stopped, in UTC.
  type: str
  returned: when containers were stopped
  sample: "2026-11-24T09:31:02.004+00:00"
"""

from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils import _fence as fence  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker, DockerError  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._selection import selection_spec  # noqa: E402


class Runner:
    """One call of the module. Raises FenceError, DockerError or ValueError."""

    def __init__(self, docker: Docker, params: dict[str, Any], check_mode: bool):
        self.docker = docker
        self.params = params
        self.check_mode = check_mode
        self.directory = params["project_directory"]
        self.record = fence.Record(params["record"] or "/var/lib/waba-migration/%s/fence.json" % params["project"])
        self.mine: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.look()

    def look(self) -> list[dict[str, Any]]:
        inspected = self.docker.inspect(self.docker.ids())
        self.mine, self.others, _refused = containers.select(inspected, self.params["project"], self.params["containers"])
        return self.mine

    def run(self) -> dict[str, Any]:
        self._check_expected()
        before = self._states()
        result: dict[str, Any] = getattr(self, "_" + self.params["state"])()
        if not self.check_mode and result["actions"]:
            self.look()
        result["changed"] = bool(result["actions"])
        result["diff"] = {"before": before, "after": self._states()}
        result["client"] = containers.describe(self.mine, self.others, self.params["project"], self.directory)
        return result

    def _states(self) -> dict[str, dict[str, Any]]:
        return {
            c["Id"][:12]: {
                "name": containers.name_of(c),
                "running": c["State"]["Running"],
                "restart_policy": containers.policy_of(c),
                "networks": sorted(containers.networks_of(c)),
            }
            for c in self.mine
        }

    def _check_expected(self) -> None:
        expected = set(self.params["expected"])
        found = {c["Id"] for c in self.mine}
        if expected and expected != found:
            raise fence.FenceError(
                "The client's containers have changed: %d were expected, %d are there, %d of them the same. Somebody recreated them; "
                "run the preflight again." % (len(expected), len(found), len(expected & found))
            )
        if not self.mine and self.params["state"] not in ("absent",):
            raise fence.FenceError(
                "No container of a client in compose project %s. Check project, project_directory and containers." % self.params["project"]
            )

    def _execute(self, actions: list[dict[str, Any]]) -> list[str]:
        if not self.check_mode:
            fence.execute(self.docker, actions, self.params["stop_timeout"])
        return [fence.sentence(a) for a in actions]

    # -- states -------------------------------------------------------------------------------------------------------

    def _fenced(self) -> dict[str, Any]:
        obstacles = containers.obstacles_of(self.mine)
        if obstacles:
            raise fence.FenceError("Not fenced, nothing was changed: %s." % "; ".join(obstacles))
        run_id = self.params["run_id"]
        actions = fence.fence_actions(self.mine, run_id)
        files = fence.pending_files(self.record, self.mine, self.directory)
        if self.check_mode:
            return {"actions": [fence.sentence(a) for a in actions] + ["set aside %s" % path for path in files]}
        if fence.remember(self.record, run_id, self.mine):
            self.record.save()
        untouched = [(c["Id"], c["State"]["Running"], c["State"].get("StartedAt")) for c in self.others]
        result: dict[str, Any] = {}
        if any(a["do"] == "stop" for a in actions):
            result["stopping_at"] = fence.timestamp()
        done = self._execute([a for a in actions if a["do"] in ("policy", "stop")])
        if "stopping_at" in result:
            result["stopped_at"] = fence.timestamp()
        done += self._execute([a for a in actions if a["do"] not in ("policy", "stop")])
        done += [fence.sentence(a) for a in fence.set_aside(self.docker, self.record, self.mine, self.others, self.directory, run_id)]
        self.look()
        result["proof"] = fence.proof(self.mine)
        if untouched != [(c["Id"], c["State"]["Running"], c["State"].get("StartedAt")) for c in self.others]:
            raise fence.FenceError("Another container of project %s changed while the client was fenced. Look at it." % self.params["project"])
        return {"actions": done, **result}

    def _take_down(self) -> list[str]:
        actions = fence.unfence_actions(self.mine, self.record.data)
        done = self._execute(actions)
        if self.check_mode:
            return done
        done += [fence.sentence(a) for a in fence.put_back(self.record)]
        self.record.archive()
        return done

    def _unfenced(self) -> dict[str, Any]:
        if not self.record.data:
            if any(containers.FENCED.search(containers.name_of(c)) for c in self.mine):
                raise fence.FenceError("The client is fenced, but %s is missing. Give its place as record." % self.record.path)
            return {"actions": []}
        return {"actions": self._take_down()}

    def _started(self) -> dict[str, Any]:
        done: list[str] = []
        if self.params["unfence"]:
            done = self._unfenced()["actions"]
            if not self.check_mode:
                self.look()
        elif any(containers.FENCED.search(containers.name_of(c)) for c in self.mine):
            raise fence.FenceError("The client is fenced: it was moved to another host. Set unfence to bring it back, once the other one is stopped.")
        actions = fence.start_actions(self.mine, self.params["restart_policy"])
        done += self._execute(actions)
        if actions and not self.check_mode:
            fence.wait_until_running(self.look)
        return {"actions": done}

    def _stopped(self) -> dict[str, Any]:
        actions = fence.stop_actions(self.mine, self.params["restart_policy"])
        result: dict[str, Any] = {}
        if any(a["do"] == "stop" for a in actions):
            result["stopping_at"] = fence.timestamp()
        result["actions"] = self._execute(actions)
        if "stopping_at" in result:
            result["stopped_at"] = fence.timestamp()
        return result

    def _absent(self) -> dict[str, Any]:
        for container in self.mine:
            if container["State"]["Running"] or not (self.params["force"] or containers.is_fenced(container)):
                raise fence.FenceError("%s is not fenced. Only a fenced client is removed." % containers.name_of(container))
        actions = [{"do": "remove", "id": c["Id"], "name": containers.name_of(c)} for c in self.mine]
        return {"actions": self._execute(actions)}


def main() -> None:
    spec = selection_spec()
    spec.update(
        state={"type": "str", "choices": ["started", "stopped", "fenced", "unfenced", "absent"], "required": True},
        run_id={"type": "str"},
        unfence={"type": "bool", "default": False},
        restart_policy={"type": "str", "choices": ["no", "always", "unless-stopped", "on-failure"]},
        stop_timeout={"type": "int", "default": 10},
        expected={"type": "list", "elements": "str", "default": []},
        record={"type": "path"},
        force={"type": "bool", "default": False},
    )
    module = AnsibleModule(spec, supports_check_mode=True, required_if=[("state", "fenced", ["run_id"])])
    docker = Docker(lambda arguments: module.run_command(list(arguments)), module.params["docker_cli"])
    try:
        result = Runner(docker, module.params, module.check_mode).run()
    except (fence.FenceError, DockerError, ValueError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="The fence's record or a compose file cannot be written: %s" % error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
