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
  - waba.migration contributors (@waba-migration)
description:
  - Reads the health of a WhatsApp Business API On-Premises client and compares it with the picture that its masters,
    coreapps and shards must show. It can wait for that picture.
  - What is healthy depends on the topology. With one shard exactly one coreapp is connected, and all other nodes, the
    primary master included, are not. With more shards as many coreapps are connected, and the primary master too.
  - A client that refuses connections, or whose webapp cannot reach the coreapp or the database, lacks its nodes. While
    the module waits, it is taken for one that is coming up. Wrong credentials and a wrong certificate end the wait at
    once.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
options:
  masters:
    description: Number of masters. V(0) for a single instance.
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
    description:
      - Seconds to wait for the picture, not counting the time in which a schema is made. V(0) looks once.
      - The last look may last up to O(timeout) seconds longer.
    type: int
    default: 0
  initialising_timeout:
    description:
      - Seconds to wait in all while a node is C(uninitialized), that is while it makes or upgrades its schema.
      - Not less than O(wait_timeout), and without effect when that is V(0).
    type: int
    default: 1800
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 5
  fail_on_unhealthy:
    description:
      - Whether to fail when the picture is not as it must be. Wrong options, wrong credentials and a wrong certificate
        are failures all the same, since they say nothing of the client.
    type: bool
    default: true
seealso:
  - module: waba.migration.client_info
  - name: On-Premises API, Health
    description: The statuses, and the pictures of high availability and multiconnect.
    link: https://developers.facebook.com/docs/whatsapp/api/health
  - name: On-Premises API, high availability
    description: Which nodes are connected when there is one shard.
    link: https://developers.facebook.com/docs/whatsapp/availability-scaling
  - name: On-Premises API, multiconnect
    description: Which nodes are connected when there are more.
    link: https://developers.facebook.com/docs/whatsapp/multiconnect_mc
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

- name: See whether a new client is up and has no number yet
  waba.migration.health_check:
    api_password: "{{ vault_admin_password }}"
    state: unregistered
    fail_on_unhealthy: false
  register: health
"""

RETURN = r"""
healthy:
  description: Whether the picture is as it must be.
  type: bool
  returned: always
  sample: true
picture:
  description:
    - The nodes that the last look showed, as in RV(waba.migration.client_info#module:nodes). Empty when there was no
      answer.
  type: list
  elements: dict
  returned: always
  sample:
    - name: wacore1:2a1b2c3d4e5f
      host: wacore1
      container: 2a1b2c3d4e5f
      role: coreapp
      status: connected
missing:
  description: What the picture lacks, a sentence each.
  type: list
  elements: str
  returned: always
  sample: ["0 coreapps connected instead of 1 (wacore1:2a1b2c3d4e5f is connecting)"]
waited:
  description: Seconds from the first look to the last.
  type: float
  returned: always
  sample: 4.2
"""

from time import monotonic
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import PAUSES
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._health import Topology
from ansible_collections.waba.migration.plugins.module_utils._waiting import (
    Patience,
    Picture,
    wait_for,
)


def topology_of(params: dict[str, Any]) -> Topology:
    """Raises ClientError on numbers that no client can have."""
    masters, coreapps, shards = params["masters"], params["coreapps"], params["shards"]
    if masters < 0 or not 1 <= shards <= coreapps:
        raise ClientError(
            f"{masters} masters, {coreapps} coreapps and {shards} shards make no client: each shard needs a coreapp."
        )
    if masters == 0 and coreapps > 1:
        raise ClientError(f"{coreapps} coreapps without a master make no client. Give the number of masters.")
    return Topology(masters, coreapps, shards)


def patience_of(params: dict[str, Any]) -> Patience:
    """Raises ClientError on times that cannot be waited."""
    timeout, interval = params["wait_timeout"], params["poll_interval"]
    if timeout < 0:
        raise ClientError(f"wait_timeout must not be less than 0 seconds, got {timeout}")
    if interval <= 0:
        raise ClientError(f"poll_interval must be more than 0 seconds, got {interval:g}")
    return Patience(timeout, max(params["initialising_timeout"], timeout) if timeout else 0, interval)


def run(params: dict[str, Any]) -> Picture:
    """Raises ClientError when waiting is of no use."""
    # While waiting, the next look is the retry.
    api = make_api(params, pauses=() if params["wait_timeout"] else PAUSES)
    return wait_for(api, topology_of(params), params["state"], patience_of(params))


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
    params, start = module.params, monotonic()
    try:
        picture = run(params)
    except ClientError as error:
        waited = round(monotonic() - start, 3)
        module.fail_json(msg=str(error), healthy=False, picture=[], missing=[str(error)], waited=waited)
    result = {
        "healthy": picture.healthy,
        "picture": [node.to_dict() for node in picture.nodes],
        "missing": picture.missing,
        "waited": picture.waited,
    }
    if not picture.healthy and params["fail_on_unhealthy"]:
        module.fail_json(
            msg=f"After {picture.waited:g} s the client at {params['api_url']} is not {params['state']} as it must be: "
            f"{'; '.join(picture.missing).rstrip('.')}. Look at the log of the node that is named.",
            **result,
        )
    module.exit_json(changed=False, **result)


if __name__ == "__main__":  # pragma: no cover
    main()
