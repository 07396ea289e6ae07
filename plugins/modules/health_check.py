# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a client's health with what its topology must show."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: health_check
short_description: Compare a client's health with what its topology must show
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Reads the health of a WhatsApp Business API On-Premises client and compares it with what masters, coreapps and shards make it look
    like. It can wait for that.
  - What is healthy depends on the topology. With one shard exactly one coreapp is connected, and all other nodes, the primary master
    included, are not. With more shards as many coreapps are connected, and the primary master too.
  - While it waits, a client that does not answer yet is one that is coming up.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
options:
  masters:
    description: Number of masters. 0 for a single instance.
    type: int
    default: 0
  coreapps:
    description: Number of coreapps.
    type: int
    default: 1
  shards:
    description: Number of shards.
    type: int
    default: 1
  state:
    description: V(connected) for a client at work, V(unregistered) for one that is up and has no number.
    type: str
    choices: [connected, unregistered]
    default: connected
  wait_timeout:
    description: Seconds to wait for the picture. 0 looks once.
    type: int
    default: 0
  initialising_timeout:
    description: Seconds to wait while a node says that it creates or upgrades its schema, counted from the start.
    type: int
    default: 1800
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 5
  fail_on_unhealthy:
    description: Whether to fail when the picture is not as it must be.
    type: bool
    default: true
seealso:
  - name: On-Premises API, Health
    description: The statuses, and the pictures of high availability and multiconnect.
    link: https://developers.facebook.com/docs/whatsapp/api/health
"""

EXAMPLES = r"""
- name: Wait until a single instance is connected
  waba.migration.health_check:
    api_password: "{{ vault_admin_password }}"
    wait_timeout: 300

- name: Look at a multiconnect client with two shards
  waba.migration.health_check:
    api_key: "{{ vault_api_key }}"
    masters: 2
    coreapps: 3
    shards: 2
"""

RETURN = r"""
healthy:
  description: Whether the picture is as it must be.
  type: bool
  returned: always
  sample: true
picture:
  description: The nodes that the last look showed, as in RV(waba.migration.client_info#module:nodes).
  type: list
  elements: dict
  returned: always
missing:
  description: What the picture lacks, a sentence each.
  type: list
  elements: str
  returned: always
  sample: ["0 coreapps are connected instead of 1 (wacore1:2a1b2c3d4e5f is connecting)"]
waited:
  description: Seconds that it took.
  type: float
  returned: always
  sample: 4.2
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._argspec import client_argument_spec, make_api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._health import Topology  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._waiting import Patience, wait_for  # noqa: E402


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        masters={"type": "int", "default": 0},
        coreapps={"type": "int", "default": 1},
        shards={"type": "int", "default": 1},
        state={"type": "str", "choices": ["connected", "unregistered"], "default": "connected"},
        wait_timeout={"type": "int", "default": 0},
        initialising_timeout={"type": "int", "default": 1800},
        poll_interval={"type": "float", "default": 5},
        fail_on_unhealthy={"type": "bool", "default": True},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    params = module.params
    patience = Patience(
        params["wait_timeout"], max(params["initialising_timeout"], params["wait_timeout"]) if params["wait_timeout"] else 0, params["poll_interval"]
    )
    topology = Topology(params["masters"], params["coreapps"], params["shards"])
    try:
        picture = wait_for(make_api(params), topology, params["state"], patience)
    except ClientError as error:
        module.fail_json(msg=str(error), healthy=False, picture=[], missing=[str(error)], waited=0.0)
    result = {
        "healthy": picture.healthy,
        "picture": [n.to_dict() for n in picture.nodes],
        "missing": picture.missing,
        "waited": picture.waited,
    }
    if not picture.healthy and params["fail_on_unhealthy"]:
        module.fail_json(
            msg="The client at %s is not %s after %s s: %s. Look at the log of the node that is named."
            % (params["api_url"], params["state"], picture.waited, "; ".join(picture.missing)),
            **result,
        )
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
