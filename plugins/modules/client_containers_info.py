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
  - waba.migration contributors (@waba-migration)
description:
  - Finds the Webapp, Coreapp and Master containers of one WhatsApp Business API On-Premises client, running, stopped or
    fenced.
  - Containers are selected by compose project or by name, and must use the same database server and name prefix. The
    image only filters, so that a database in the same project is never taken for a part of the client.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.containers
options:
  environment:
    description:
      - Whether to return the environment of each container. Without O(secrets) it is what may go to another platform,
        the variables of the client that the vendor documents and that hold no secret, and O(carry).
    type: bool
    default: false
  secrets:
    description:
      - Whether the environment is the whole one, with database password, token key and API key, and whether commands
        are returned that could hold a secret. Register the result under C(no_log) then.
    type: bool
    default: false
  carry:
    description:
      - Names of further variables that the environment shall hold. One that is a secret by its name, or has
        credentials in its value, is left out all the same.
    type: list
    elements: str
    default: []
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

- name: Read what of its environment may go to another platform
  waba.migration.client_containers_info:
    project: biz
    project_directory: /root/biz
    environment: true
    carry: [TZ]
  register: found
"""

RETURN = r"""
client:
  description: The client as its containers show it.
  type: dict
  returned: success
  contains:
    project:
      description: The compose project, as given.
      type: str
      sample: biz
    project_directory:
      description: Its directory, as given.
      type: str
      sample: /root/biz
    compose_files:
      description: Files that compose made the containers from, whether they still exist or not.
      type: list
      elements: str
      sample: [/root/biz/docker-compose.yml]
    state:
      description: V(running), V(stopped), V(fenced), V(partial) when only some containers are so, or V(absent).
      type: str
      sample: running
    version:
      description: Version of the client by its images' tag. Empty when they differ.
      type: str
      sample: 2.57.2
    versions:
      description: All versions found.
      type: list
      elements: str
      sample: [2.57.2]
    database:
      description: The database server and name prefix that the client uses.
      type: dict
      contains:
        engine: {description: Engine., type: str, sample: PGSQL}
        host: {description: Host name., type: str, sample: db.example.org}
        port: {description: Port., type: str, sample: "5432"}
        user: {description: User., type: str, sample: waba}
        prefix: {description: Prefix of all database names., type: str, sample: acme_}
    masters:
      description: Number of Masters.
      type: int
      sample: 0
    coreapps:
      description: Number of Coreapps.
      type: int
      sample: 1
    webapps:
      description: Number of Webapps.
      type: int
      sample: 1
    multiconnect:
      description: Whether C(WA_APP_MULTICONNECT) is 1 in one of them.
      type: bool
      sample: false
    config_on_db:
      description: Whether C(WA_CONFIG_ON_DB) is 1 in each of them.
      type: bool
      sample: true
    data_mounts:
      description: What is mounted at the directory in which the client keeps configuration that is not in its database.
      type: list
      elements: str
      sample: []
    media:
      description: What the directory for media is mounted from. Empty when it is not mounted.
      type: dict
      contains:
        type: {description: "V(volume) or V(bind).", type: str, sample: volume}
        name: {description: Name of the volume., type: str, sample: biz_whatsappMedia}
        path: {description: Path on the host., type: str, sample: /var/lib/docker/volumes/biz_whatsappMedia/_data}
    containers:
      description:
        - The containers, Webapps first and Masters last, each with C(id), C(short_id), C(name), C(service), C(role)
          (V(webapp), V(coreapp) or V(master)), C(image), C(image_id), C(running), C(status), C(exit_code),
          C(started_at), C(restart_policy), C(hostname), C(networks), C(addresses) and C(addresses6) (the ones
          it has now), C(network_mode), C(links), C(ports), C(mounts), C(command), C(entrypoint), C(cap_drop), C(user),
          C(labels) (those of compose and of this collection), C(withheld) and, if asked for, C(environment) and
          C(left_behind).
        - C(networks) holds for each network the C(aliases), and C(ip), C(ip6) and C(links) where the operator chose
          them.
        - C(command) and C(entrypoint) are empty, and named in C(withheld), when they hold other words than paths of
          programs, unless they are the image's own. With O(secrets) they are always returned.
        - C(left_behind) says by name why a variable is not in C(environment). Those that the image sets itself are in
          neither.
        - A container that was not started by compose has its name as C(service).
      type: list
      elements: dict
    others:
      description: Containers of the project that are no part of the client, each with C(name), C(service) and C(image).
      type: list
      elements: dict
      sample: [{name: biz-db-1, service: db, image: "postgres:13.8"}]
    fence_obstacles:
      description: Why the client could not be fenced, a sentence each with what to do.
      type: list
      elements: str
      sample: []
refused:
  description: A sentence for each container with an image of the client that was not selected.
  type: list
  elements: str
  returned: success
  sample:
    - >-
      beta-wacore-1 (coreapp) is not taken: it belongs to compose project beta; its databases are on host db with prefix
      'beta_'
missing:
  description: Entries of O(containers) that are no container of a client on this host.
  type: list
  elements: str
  returned: success
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._description import Depth, describe
from ansible_collections.waba.migration.plugins.module_utils._docker import DockerError
from ansible_collections.waba.migration.plugins.module_utils._docker_command import make_docker
from ansible_collections.waba.migration.plugins.module_utils._selection import (
    SelectionError,
    select,
    selection_spec,
)


def main() -> None:
    spec = selection_spec()
    spec.update(
        environment={"type": "bool", "default": False},
        secrets={"type": "bool", "default": False, "no_log": False},
        carry={"type": "list", "elements": "str", "default": []},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    params = module.params
    try:
        docker = make_docker(module)
        selection = select(docker.containers(), params["project"], params["containers"])
        images = docker.image_configs({container.get("Image", "") for container in selection.mine} - {""})
    except (DockerError, SelectionError) as error:
        module.fail_json(msg=str(error))
    else:
        depth = Depth(params["environment"], params["secrets"], params["carry"], images)
        client = describe(selection, params["project_directory"], depth)
        module.exit_json(changed=False, client=client, refused=selection.refused(), missing=selection.missing)


if __name__ == "__main__":  # pragma: no cover
    main()
