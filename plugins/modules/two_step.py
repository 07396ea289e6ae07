# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch two-step verification on and off."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: two_step
short_description: Switch two-step verification of a number on and off
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Sets or removes the PIN that WhatsApp asks for when the number of an On-Premises client is registered.
  - The client must be registered and connected, since the PIN is kept by WhatsApp with the number, not by the client.
    It is part of neither a settings backup nor a database.
  - The API cannot say whether two-step verification is on, nor compare a PIN. So the module sends its request every
    time. Sending it twice does no harm.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Asks nothing of the client and reports a change. Tells options that cannot be used.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - The state cannot be read, so every call reports a change.
options:
  state:
    description:
      - V(enabled) sets O(pin), also in the place of another one. V(disabled) removes it without asking for it.
    type: str
    choices: [enabled, disabled]
    required: true
  pin:
    description:
      - Exactly six digits, in quotes, since YAML reads some of them as another number. Required for O(state=enabled).
      - With O(state=disabled) it is only looked at, so that a PIN that could not be set again is told before the old
        one is gone.
    type: str
seealso:
  - name: On-Premises API, Settings, Two-Step Verification
    description: The requests, the form of a PIN, and that there is no request for the state.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/two-step-verification
"""

EXAMPLES = r"""
- name: Switch it off before a move
  waba.migration.two_step:
    api_password: "{{ vault_admin_password }}"
    state: disabled
    pin: "{{ vault_two_step_pin }}"

- name: Switch it on again after the move
  waba.migration.two_step:
    api_password: "{{ vault_admin_password }}"
    state: enabled
    pin: "{{ vault_two_step_pin }}"
"""

RETURN = r"""
state:
  description: What was asked for, and accepted by the client unless in check mode. The API cannot confirm it.
  type: str
  returned: success
  sample: enabled
"""

import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError, TransportError

PATH = "/v1/settings/account/two-step"


def check_pin(pin: str | None) -> None:
    """Raises ClientError, without the PIN, when it is none."""
    if pin is not None and not re.match(r"^[0-9]{6}\Z", pin):
        raise ClientError(
            f"pin must have exactly six digits, got {len(pin)} characters. Nothing was asked of the client. Quote it "
            "in YAML, where 012345 without quotes is another number."
        )


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError."""
    check_pin(params["pin"])
    api = make_api(params)
    result = {"changed": True, "state": params["state"]}
    if check_mode:
        return result
    try:
        if params["state"] == "enabled":
            api.post(PATH, {"pin": params["pin"]})
        else:
            api.delete(PATH)
    except TransportError as error:
        if not error.sent:
            raise
        raise ClientError(f"{error} Nobody can ask for the state, so run the module again.") from error
    return result


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        state={"type": "str", "choices": ["enabled", "disabled"], "required": True},
        pin={"type": "str", "no_log": True},
    )
    module = AnsibleModule(spec, required_if=[("state", "enabled", ["pin"])], supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
