# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker command as a module runs it. Private to this collection; may change at any time."""

from __future__ import annotations

from typing import Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker


def make_docker(module: AnsibleModule) -> Docker:
    """Return the engine that the module's options name."""

    def run(arguments: Sequence[str]) -> tuple[int, str, str]:
        code, out, err = module.run_command(list(arguments), handle_exceptions=False)
        return int(code), str(out), str(err)

    return Docker(run, module.params["docker_cli"])
