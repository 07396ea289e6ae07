# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a test message."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: test_message
short_description: Send a test message, and tell a refusal from a broken move
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Sends a text or a template through a WhatsApp Business API On-Premises client and judges the answer.
  - An accepted message proves little, since the client only stores it. Its status proves that it went out. The client has no way to
    ask for a status; it comes by webhook. Where the webhook receiver can be asked, give O(status_url).
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Sends nothing.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each call sends a message.
options:
  to:
    description: Recipient in international format, digits only, a plus sign is allowed.
    type: str
    required: true
  type:
    description:
      - V(text) reaches the recipient only within 24 hours after the recipient's last message. Later only a V(template) does.
    type: str
    choices: [text, template]
    default: text
  text:
    description: The text. Required for O(type=text).
    type: str
  template:
    description: The template object as the messages endpoint takes it. Required for O(type=template).
    type: dict
  check_contact:
    description: Whether to check the recipient first.
    type: bool
    default: true
  wait_for:
    description: The status to wait for. Other values than V(none) need O(status_url).
    type: str
    choices: [none, sent, delivered]
    default: none
  status_url:
    description: URL with C({id}), which is replaced by the message's id. It must answer with C({"statuses":["sent"]}).
    type: str
  status_ca_path:
    description: File with the CA of that URL.
    type: path
  wait_timeout:
    description: Seconds to wait for the status.
    type: int
    default: 60
seealso:
  - name: On-Premises API, Messages
    description: The request, and the 24 hours rule.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/messages
"""

EXAMPLES = r"""
- name: Send a text and wait until the network has taken it
  waba.migration.test_message:
    api_password: "{{ vault_admin_password }}"
    to: "15550100099"
    text: This number has moved.
    wait_for: sent
    status_url: https://hooks.example.org/statuses/{id}
"""

RETURN = r"""
message_id:
  description: The message's id.
  type: str
  returned: when accepted
  sample: gBEGkYiEB1VXAglK1ZEqA1YKPrU
accepted:
  description: Whether the client took the message.
  type: bool
  returned: always
  sample: true
status:
  description: The highest status that was seen, null when none was asked for or seen.
  type: str
  returned: always
  sample: sent
verdict:
  description:
    - V(accepted), V(sent) or V(delivered) when all is well.
    - V(refused_by_platform) when policy or recipient stand in the way, which is no fault of a move.
    - V(migration_broken) when the client itself is not in order. The module fails then.
  type: str
  returned: always
  sample: sent
reason:
  description: What was answered.
  type: str
  returned: when not accepted
"""

import re  # noqa: E402
from typing import Any  # noqa: E402
from urllib.parse import quote  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils import _test_message as message  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._api import Api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._argspec import client_argument_spec, make_api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError  # noqa: E402


def run(api: Api, params: dict[str, Any]) -> dict[str, Any]:
    """Raises ClientError when nothing can be judged."""
    result: dict[str, Any] = {"status": None, **message.send(api, params)}
    if result["accepted"] and params["wait_for"] != "none":
        url = params["status_url"].replace("{id}", quote(result["message_id"], safe=""))
        status = message.wait_for_status(
            params["wait_for"], params["wait_timeout"], lambda: message.fetch_statuses(url, params["status_ca_path"])
        )
        result["status"] = status
        if status == "failed":
            result.update(verdict=message.REFUSED, reason="the message was accepted and then failed; its webhook names the code")
        elif message.ORDER.get(status or "none", 0) < message.ORDER[params["wait_for"]]:
            result.update(
                verdict=message.BROKEN,
                reason="the message was accepted, but after %d s its status is %s and not %s" % (params["wait_timeout"], status, params["wait_for"]),
            )
        else:
            result["verdict"] = message.DELIVERED if status in ("delivered", "read") else message.SENT
    return result


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        to={"type": "str", "required": True},
        type={"type": "str", "choices": ["text", "template"], "default": "text"},
        text={"type": "str"},
        template={"type": "dict"},
        check_contact={"type": "bool", "default": True},
        wait_for={"type": "str", "choices": ["none", "sent", "delivered"], "default": "none"},
        status_url={"type": "str"},
        status_ca_path={"type": "path"},
        wait_timeout={"type": "int", "default": 60},
    )
    module = AnsibleModule(
        spec,
        supports_check_mode=True,
        required_if=[
            ("type", "text", ["text"]),
            ("type", "template", ["template"]),
            ("wait_for", "sent", ["status_url"]),
            ("wait_for", "delivered", ["status_url"]),
        ],
    )
    params = module.params
    if not re.match(r"^\+?[0-9]{7,15}$", params["to"]):
        module.fail_json(msg="to must be a number in international format, digits only, got %d characters" % len(params["to"]))
    if module.check_mode:
        module.exit_json(changed=True, accepted=False, status=None, verdict=message.ACCEPTED)
    try:
        result = run(make_api(params), params)
    except ClientError as error:
        module.fail_json(msg=str(error), accepted=False, status=None, verdict=message.BROKEN)
    if result["verdict"] == message.BROKEN:
        module.fail_json(msg="The test message did not go through: %s" % result["reason"], **result)
    module.exit_json(changed=True, **result)


if __name__ == "__main__":
    main()
