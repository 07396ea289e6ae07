# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log in to the client's API."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: login
short_description: Log in to the client's API
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Gets a bearer token from the WhatsApp Business API On-Premises client, and says how long it lives.
  - A fresh client refuses every login until the password of its C(admin) account has been changed from the default. With O(bootstrap)
    the module does that when, and only when, the wanted password is refused.
  - It never makes more than two login requests. A token lives for seven days, and each login makes one.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: partial
    details:
      - Logs in, since nothing else can tell whether the password is right. Does not set a password.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  bootstrap:
    description: Sets O(api_password) as the account's password when the client still has the default one.
    type: bool
    default: false
  default_password:
    description: The password that a fresh client starts with.
    type: str
    default: secret
  new_password:
    description:
      - Changes the account's password to this one while logging in with O(api_password).
      - 8 to 64 characters, at least one upper-case and one lower-case letter, a digit and a special character.
    type: str
notes:
  - RV(token) is a secret. Register the result and use C(no_log) where it could be shown.
seealso:
  - name: On-Premises API, Users, Login
    description: The vendor's description of the request, of the password rule and of the token's life.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/users/login
"""

EXAMPLES = r"""
- name: Log in
  waba.migration.login:
    api_password: "{{ vault_admin_password }}"
  register: login
  no_log: true

- name: Take a fresh client into use
  waba.migration.login:
    api_password: "{{ vault_admin_password }}"
    bootstrap: true
  no_log: true
"""

RETURN = r"""
token:
  description: The bearer token. A secret.
  type: str
  returned: success, unless check mode would have to set a password
  sample: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature
expires_at:
  description: When the token ends, in UTC.
  type: str
  returned: when the client or the token says so
  sample: "2026-12-01T09:34:15+00:00"
expires_in:
  description: Seconds until then.
  type: int
  returned: when the client or the token says so
  sample: 604800
bootstrapped:
  description: Whether the default password was replaced.
  type: bool
  returned: success
  sample: false
"""

from datetime import datetime, timezone  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._api import Api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._argspec import client_argument_spec, make_api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._tokens import expiry  # noqa: E402


def run(api: Api, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError. ``changed`` is true only when a password was set."""
    if params["new_password"] is not None:
        if check_mode:
            api.login()
            return {"changed": True, "bootstrapped": False}
        return {"changed": True, "bootstrapped": False, **_answer(api.login(new_password=params["new_password"]))}
    try:
        return {"changed": False, "bootstrapped": False, **_answer(api.login())}
    except ApiError as error:
        if error.status != 401 or not params["bootstrap"]:
            raise
    if check_mode:
        return {"changed": True, "bootstrapped": True}
    answer = api.login(new_password=params["api_password"], password=params["default_password"])
    return {"changed": True, "bootstrapped": True, **_answer(answer)}


def _answer(login: dict[str, str]) -> dict[str, Any]:
    ends = expiry(login["token"], login["expires_after"])
    result: dict[str, Any] = {"token": login["token"]}
    if ends is not None:
        result["expires_at"] = ends.isoformat()
        result["expires_in"] = int((ends - datetime.now(timezone.utc)).total_seconds())
    return result


def main() -> None:
    spec = client_argument_spec()
    spec["api_password"]["required"] = True
    spec.update(
        bootstrap={"type": "bool", "default": False},
        default_password={"type": "str", "default": "secret", "no_log": True},
        new_password={"type": "str", "no_log": True},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    try:
        result = run(make_api(module.params), module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
