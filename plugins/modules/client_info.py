# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a client says of itself."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_info
short_description: Read number, version, nodes, shards and settings of a client
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Reads what identifies a WhatsApp Business API On-Premises client, so that it can be compared with another one.
  - Sends GET requests only, besides the login when O(api_password) is given.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
options:
  gather:
    description: What to read. Everything but V(health) and V(stats) needs the administrator.
    type: list
    elements: str
    choices: [health, support, shards, settings, webhook_ca, stats]
    default: [health, support, shards, settings, webhook_ca, stats]
seealso:
  - module: waba.migration.health_check
  - name: On-Premises API, Support
    description: C(debug_info) is the client's own number, or the word unregistered.
    link: https://developers.facebook.com/docs/whatsapp/api/support
"""

EXAMPLES = r"""
- name: Read everything
  waba.migration.client_info:
    api_password: "{{ vault_admin_password }}"
  register: client

- name: Read health only, with the API key
  waba.migration.client_info:
    api_key: "{{ vault_api_key }}"
    gather: [health]
"""

RETURN = r"""
number:
  description: The client's own number, null when it is not registered or when its nodes disagree.
  type: str
  returned: with V(support)
  sample: "15550100001"
registered:
  description: Whether there is one number.
  type: bool
  returned: with V(support)
  sample: true
version:
  description: The client's version.
  type: str
  returned: success
  sample: 2.57.2
schema:
  description: Schema version of each store.
  type: dict
  returned: with V(support)
  sample: {message: 27, config: 9}
db_engine:
  description: The database engine that the client names.
  type: str
  returned: with V(support)
  sample: mysql
shards:
  description: Number of shards. It is only read; setting it again would disconnect the number.
  type: int
  returned: with V(shards)
  sample: 1
mode:
  description: V(single), V(ha) (masters and one shard) or V(multiconnect).
  type: str
  returned: with V(health)
  sample: single
nodes:
  description: The nodes of the health answer.
  type: list
  elements: dict
  returned: with V(health)
  contains:
    name: {description: The node's key., type: str, sample: "wacore1:2a1b2c3d4e5f"}
    host: {description: Its host part. Null for a single instance., type: str, sample: wacore1}
    container: {description: Its container part. Null for a single instance., type: str, sample: 2a1b2c3d4e5f}
    role: {description: primary_master, secondary_master or coreapp., type: str, sample: coreapp}
    status: {description: gateway_status, or the node's error., type: str, sample: connected}
settings:
  description: The application settings. The webhook URL's credentials and the secrets of media providers are hidden.
  type: dict
  returned: with V(settings)
  sample: {callback_persist: true}
webhook_url_redacted:
  description: The webhook URL without user information and query values.
  type: str
  returned: with V(settings)
  sample: https://hooks.example.org/wa?key=REDACTED
webhook_ca:
  description: The CA bundle that the client trusts for webhooks, in PEM; null when none was uploaded.
  type: str
  returned: with V(webhook_ca)
pending_messages:
  description: Messages that were accepted and not sent yet. Null when the client does not say.
  type: int
  returned: with V(stats)
  sample: 0
pending_callbacks:
  description: Callbacks that no receiver has acknowledged yet. Null when the client does not say.
  type: int
  returned: with V(stats)
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._argspec import client_argument_spec, make_api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._client import PARTS, describe  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError  # noqa: E402


def main() -> None:
    spec = client_argument_spec()
    spec.update(gather={"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)})
    module = AnsibleModule(spec, supports_check_mode=True)
    try:
        result = describe(make_api(module.params), tuple(module.params["gather"]))
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
