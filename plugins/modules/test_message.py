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
  - waba.migration contributors (@waba-migration)
description:
  - Sends a text or a template through a WhatsApp Business API On-Premises client and judges the answer.
  - An accepted message proves little, since the client only stores it. Its status proves that it went out. The client
    cannot be asked for a status; it posts them to the webhook. Where the webhook's receiver can be asked, give
    O(status_url).
  - The message is sent once. When the answer is lost, the module fails and says that it may have been sent.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Sends nothing and asks nothing. Tells options that cannot be used.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each call sends a message.
options:
  to:
    description: Recipient in international format, digits only. A leading plus sign is allowed.
    type: str
    required: true
  type:
    description:
      - V(text) reaches only a recipient who has written to the number within the last 24 hours. Later only a
        V(template) does.
    type: str
    choices: [text, template]
    default: text
  text:
    description: The text, at most 4096 characters. Required for O(type=text).
    type: str
  template:
    description:
      - The template as the messages endpoint takes it, with C(namespace), C(name), C(language) and C(components).
        Required for O(type=template).
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
    description:
      - URL of the receiver with C({id}) in the place of the message's id, C(http) or C(https). It must answer with
        C({"statuses":["sent"]}).
      - A status may also be an object as the webhook gets it. Only then the code of a failed message is known.
      - Receivers put tokens into their addresses, so it is treated as a secret, and errors show it without what looks
        like one.
    type: str
  status_ca_path:
    description: PEM file with the CA of that URL. The system's CAs are used when it is not given.
    type: path
  wait_timeout:
    description: Seconds to wait for the status. The receiver is asked again when it errs.
    type: int
    default: 60
seealso:
  - name: On-Premises API, Messages
    description: The request, and the rule of 24 hours.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/messages
  - name: On-Premises API, Error and Status Codes
    description: What the codes of an answer and of a failed message mean.
    link: https://developers.facebook.com/docs/whatsapp/api/errors
"""

EXAMPLES = r"""
- name: Send a text and wait until the network has taken it
  waba.migration.test_message:
    api_password: "{{ vault_admin_password }}"
    to: "15550100099"
    text: This number has moved.
    wait_for: sent
    status_url: https://hooks.example.org/statuses/{id}

- name: Send a template and judge the answer
  waba.migration.test_message:
    api_password: "{{ vault_admin_password }}"
    to: "15550100099"
    type: template
    template:
      namespace: 00000000_0000_0000_0000_000000000000
      name: hello
      language: {policy: deterministic, code: en}
  register: test
  failed_when: test.verdict == "migration_broken"
"""

RETURN = r"""
message_id:
  description: The message's id, null when none was given.
  type: str
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: gBEGkYiEB1VXAglK1ZEqA1YKPrU
accepted:
  description: Whether the client took the message.
  type: bool
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: true
status:
  description: The highest status that was seen, null when none was asked for or seen.
  type: str
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: sent
verdict:
  description:
    - V(accepted), V(sent) or V(delivered), whatever was proven. The module fails when it is less than O(wait_for).
    - V(refused_by_platform) when policy, the recipient or the message itself stand in the way, which is no fault of a
      move. The module does not fail then. RV(accepted) and RV(reason) tell the rest.
    - V(migration_broken) when the client does not answer or is not in order, or an accepted message got no status, or
      failed with an unknown code. The module fails then.
  type: str
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: sent
code:
  description: The error code of the answer or of the failed message, null when there is none.
  type: int
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: 470
reason:
  description: What stands in the way, null when nothing does.
  type: str
  returned: when the message was tried, that is neither in check mode nor with options that cannot be used
  sample: the message was accepted and then failed (error 470)
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._statuses import (
    StatusPage,
    wait_for_status,
)
from ansible_collections.waba.migration.plugins.module_utils._test_message import (
    BROKEN,
    Outcome,
    check_content,
    judge,
    send,
)


def page_of(params: dict[str, Any]) -> StatusPage | None:
    """Where the statuses are to be read, None when none is waited for. Raises ClientError."""
    return None if params["wait_for"] == "none" else StatusPage(params["status_url"], params["status_ca_path"])


def run(api: Api, page: StatusPage | None, params: dict[str, Any]) -> Outcome:
    """Raises ClientError when there is no answer to judge."""
    outcome = send(api, params)
    message_id = outcome.message_id
    if page is None or message_id is None:
        return outcome
    seen = wait_for_status(params["wait_for"], params["wait_timeout"], lambda: page.read(message_id))
    return judge(message_id, params["wait_for"], params["wait_timeout"], seen)


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        to={"type": "str", "required": True},
        type={"type": "str", "choices": ["text", "template"], "default": "text"},
        text={"type": "str"},
        template={"type": "dict"},
        check_contact={"type": "bool", "default": True},
        wait_for={"type": "str", "choices": ["none", "sent", "delivered"], "default": "none"},
        status_url={"type": "str", "no_log": True},
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
    try:
        # In check mode too, and before anything is sent: options that cannot be used must not cost a message.
        check_content(params)
        api, page = make_api(params), page_of(params)
    except ClientError as error:
        module.fail_json(msg=str(error))
    if module.check_mode:
        module.exit_json(changed=True)
    try:
        outcome = run(api, page, params)
    except ClientError as error:
        module.fail_json(msg=str(error), **Outcome(BROKEN, reason=str(error)).to_dict())
    result = {"changed": outcome.accepted, **outcome.to_dict()}
    if outcome.verdict == BROKEN:
        module.fail_json(msg=f"The test message to {params['to']} did not go through: {outcome.reason}", **result)
    if outcome.wanting is not None:
        module.fail_json(
            msg=f"The test message to {params['to']} was accepted, but it is not proven that it was "
            f"{params['wait_for']}: {outcome.wanting}",
            **result,
        )
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
