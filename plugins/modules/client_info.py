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
  - waba.migration contributors (@waba-migration)
description:
  - Reads what identifies a WhatsApp Business API On-Premises client, so that it can be compared with another one.
  - Sends GET requests only, besides the login that O(api_password) needs.
  - Credentials in the settings are hidden, so the result can be shown and stored.
  - An answer without what was asked for is an error. It never counts as a client without a number or without settings.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
options:
  gather:
    description:
      - What to read. Everything but V(health) and V(stats) needs the administrator's token or password.
    type: list
    elements: str
    choices: [health, support, shards, settings, media_providers, webhook_ca, stats]
    default: [health, support, shards, settings, media_providers, webhook_ca, stats]
seealso:
  - module: waba.migration.health_check
  - name: On-Premises API, Support
    description: C(debug_info) is the client's own number, or the word C(unregistered).
    link: https://developers.facebook.com/docs/whatsapp/api/support
  - name: On-Premises API, Settings, Application
    description: The fields of the settings, and which of them need a restart.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/app
  - name: On-Premises API, Settings, Media providers
    description: Part of the reference of the application settings.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/app
  - name: On-Premises API, reference
    description: Shards are part of the account, pending messages and callbacks of the statistics.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference
  - name: On-Premises API, Certificates, Webhooks
    description: The CA bundle for webhooks, and that there is none at first.
    link: https://developers.facebook.com/docs/whatsapp/api/certificates/webhooks
"""

EXAMPLES = r"""
- name: Read everything
  waba.migration.client_info:
    api_password: "{{ vault_admin_password }}"
  register: client

- name: Read nodes and what waits in the queues, with the API key
  waba.migration.client_info:
    api_key: "{{ vault_api_key }}"
    gather: [health, stats]
"""

RETURN = r"""
number:
  description: The client's own number, null when it is not registered. Nodes with different numbers are an error.
  type: str
  returned: when O(gather) has V(support)
  sample: "15550100001"
registered:
  description: Whether the client has a number.
  type: bool
  returned: when O(gather) has V(support)
  sample: true
version:
  description: The client's version, without a leading C(v).
  type: str
  returned: success
  sample: 2.57.2
schema:
  description: Schema version of each store. Equal on both sides when databases are moved.
  type: dict
  returned: when O(gather) has V(support)
  sample: {message: 27, config: 9}
db_engine:
  description: The database engine that the client names.
  type: str
  returned: when O(gather) has V(support)
  sample: mysql
shards:
  description: Number of shards, null when the client does not say. Only read, since setting it can disconnect the
    number.
  type: int
  returned: when O(gather) has V(shards)
  sample: 1
mode:
  description:
      - V(single), V(ha) (masters and one shard) or V(multiconnect). Without V(shards) in O(gather) one shard is
        assumed.
  type: str
  returned: when O(gather) has V(health)
  sample: single
nodes:
  description: The nodes of the health answer.
  type: list
  elements: dict
  returned: when O(gather) has V(health)
  contains:
    name:
      description: The node's key in the answer.
      type: str
      returned: success
      sample: wacore1:2a1b2c3d4e5f
    host:
      description: Its host part. Null for a single instance, whose answer does not name it.
      type: str
      returned: success
      sample: wacore1
    container:
      description: Its container part, the first 12 digits of the container's id. Null for a single instance.
      type: str
      returned: success
      sample: 2a1b2c3d4e5f
    role:
      description: C(primary_master), C(secondary_master) or C(coreapp). C(unknown) when the answer names none.
      type: str
      returned: success
      sample: coreapp
    status:
      description:
        - C(connected), C(connecting), C(disconnected), C(uninitialized) or C(unregistered), or the node's error as a
          sentence.
      type: str
      returned: success
      sample: connected
settings:
  description: The application settings, with each secret and each credential in a URL replaced by C(REDACTED).
  type: dict
  returned: when O(gather) has V(settings)
  sample: {callback_persist: true}
webhook_url_redacted:
  description: The webhook URL without user information, values of its query, and what looks like a token in its path.
  type: str
  returned: when O(gather) has V(settings)
  sample: https://hooks.example.org/wa?key=REDACTED
media_providers:
  description: The servers from which the client fetches media with credentials of its own, without these. Empty for a
    client that does not know of media providers.
  type: list
  elements: dict
  returned: when O(gather) has V(media_providers)
  contains:
    name: {description: The provider's name., type: str, sample: store}
    type: {description: The provider's type., type: str, sample: www}
webhook_ca:
  description: The CA bundle that the client trusts for webhooks, in PEM, null when none was uploaded.
  type: str
  returned: when O(gather) has V(webhook_ca)
pending_messages:
  description: Messages that were accepted and not sent yet. Null when the client does not say.
  type: int
  returned: when O(gather) has V(stats)
  sample: 0
pending_callbacks:
  description: Callbacks that no receiver has acknowledged yet. Null when the client does not say.
  type: int
  returned: when O(gather) has V(stats)
  sample: 0
users_known:
  description: Always null. The API has no list of its accounts, so nothing can be said of them.
  type: list
  elements: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._client import PARTS, describe
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError


def main() -> None:
    spec = client_argument_spec()
    spec.update(gather={"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)})
    module = AnsibleModule(spec, supports_check_mode=True)
    try:
        result = describe(make_api(module.params), module.params["gather"])
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":  # pragma: no cover
    main()
