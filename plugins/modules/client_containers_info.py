# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the containers of a client."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_containers_info
short_description: Find the containers of a client, and what they say of it
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Finds the Webapp, Coreapp and Master containers of one WhatsApp Business API On-Premises client, running, stopped or fenced.
  - Containers are selected by compose project or by name, and must use the same database server and name prefix. The image only
    filters, so that a database in the same project is never taken for a part of the client.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.containers
options:
  environment:
    description:
      - Whether to return the environment of each container. It holds secrets (database password, token key, API key), so register the
        result under C(no_log).
    type: bool
    default: false
requirements:
  - the C(docker) command, 20.10 or newer, on the host that the module runs on
seealso:
  - module: waba.migration.client_containers
"""

EXAMPLES = r"""
- name: Find the client of the project biz
  waba.migration.client_containers_info:
    project: biz
    project_directory: /root/biz
  register: found
"""

RETURN = r"""
client:
  description: The client as its containers show it.
  type: dict
  returned: success
  contains:
    state: {description: "running, stopped, partial, fenced or absent.", type: str, sample: running}
    version: {description: Version by the images' tag. Empty when they differ., type: str, sample: 2.57.2}
    versions: {description: All versions found., type: list, elements: str, sample: [2.57.2]}
    database: {description: "engine, host, port, user and prefix from the environment.", type: dict}
    masters: {description: Number of masters., type: int, sample: 0}
    coreapps: {description: Number of coreapps., type: int, sample: 1}
    webapps: {description: Number of webapps., type: int, sample: 1}
    multiconnect: {description: Whether WA_APP_MULTICONNECT is 1., type: bool, sample: false}
    config_on_db: {description: Whether WA_CONFIG_ON_DB is 1 everywhere., type: bool, sample: true}
    data_mounts: {description: What is mounted at the data directory., type: list, elements: str, sample: []}
    media: {description: "type, name and path of the media volume.", type: dict}
    compose_files: {description: Files that compose made them from., type: list, elements: str}
    containers: {description: The containers., type: list, elements: dict}
    others: {description: Other containers of the project., type: list, elements: dict}
    fence_obstacles: {description: Why they could not be fenced., type: list, elements: str, sample: []}
refused:
  description: A sentence for each container with an image of the client that was not selected.
  type: list
  elements: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._docker import Docker, DockerError  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._selection import selection_spec  # noqa: E402


def main() -> None:
    spec = selection_spec()
    spec.update(environment={"type": "bool", "default": False})
    module = AnsibleModule(spec, supports_check_mode=True)
    params = module.params
    docker = Docker(lambda arguments: module.run_command(list(arguments)), params["docker_cli"])
    try:
        mine, others, refused = containers.select(docker.inspect(docker.ids()), params["project"], params["containers"])
    except (DockerError, ValueError) as error:
        module.fail_json(msg=str(error))
    client = containers.describe(mine, others, params["project"], params["project_directory"], params["environment"])
    module.exit_json(changed=False, client=client, refused=refused)


if __name__ == "__main__":
    main()
