# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep an account of the client's API."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: api_user
short_description: Create, change and delete an ordinary account of the client's API
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Sees to an account with the role C(ROLE_USER) of a WhatsApp Business API On-Premises client. Such an account sends
    messages and reads the health. It cannot change settings or other accounts.
  - Accounts are kept by the webapp, in a database of its own. Neither a settings backup nor a move of the other
    databases carries them, so a new client needs them made anew.
  - The API has no list of its accounts. An account is looked for by its name.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows whether the account is there, never its password.
  idempotent:
    support: partial
    details:
      - Not with O(update_password=always). The API keeps a hash of the password and cannot compare it, so it is set
        every time, which counts as a change.
options:
  username:
    description:
      - Name of the account, 4 to 32 characters.
      - C(admin) is refused. It is there always, cannot be deleted, and gets its password from M(waba.migration.login).
    type: str
    required: true
  state:
    description: Whether the account is to be there. Deleting it revokes its tokens.
    type: str
    choices: [present, absent]
    default: present
  password:
    description:
      - The account's password. Required for O(state=present).
      - 8 to 64 characters, at least one upper-case and one lower-case letter, one digit and one special character. This
        is looked at before anything is asked of the client.
    type: str
  update_password:
    description:
      - V(on_create) gives the password only to an account that is created. V(always) sets it each time.
      - A new password leaves the account's tokens good, for up to seven days. To revoke them, delete the account and
        create it again.
    type: str
    choices: [always, on_create]
    default: on_create
notes:
  - Not documented is what the client answers about an account that is not there. The status 404 and the error 1006 are
    taken for that; anything else is a failure.
seealso:
  - module: waba.migration.login
  - name: On-Premises API, Users
    description: The requests, roles, and rules for names and passwords.
    link: https://developers.facebook.com/docs/whatsapp/api/users/
  - name: On-Premises API, Users, Login
    description: The rule for passwords.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/users/login
"""

EXAMPLES = r"""
- name: Create the account of the sender
  waba.migration.api_user:
    api_password: "{{ vault_admin_password }}"
    username: sender
    password: "{{ vault_sender_password }}"

- name: Change its password
  waba.migration.api_user:
    api_password: "{{ vault_admin_password }}"
    username: sender
    password: "{{ vault_new_sender_password }}"
    update_password: always

- name: Delete it, and its tokens
  waba.migration.api_user:
    api_password: "{{ vault_admin_password }}"
    username: sender
    state: absent
"""

RETURN = r"""
username:
  description: The account.
  type: str
  returned: success
  sample: sender
state:
  description: Whether it is there after the module, V(present) or V(absent). In check mode, whether it would be.
  type: str
  returned: success
  sample: present
role:
  description: The role that the client told before the module did anything, null for an account that was not there.
  type: str
  returned: success
  sample: ROLE_USER
password_set:
  description: Whether the account was given the password.
  type: bool
  returned: success
  sample: true
"""

from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError
from ansible_collections.waba.migration.plugins.module_utils._passwords import lacking

PATH = "/v1/users"
ADMIN = "admin"
NOT_FOUND = 1006


def check_options(params: dict[str, Any]) -> None:
    """Raises ClientError."""
    username = params["username"]
    if username == ADMIN:
        raise ClientError(
            "admin is the administrator's account: it is there always and cannot be deleted. Nothing was asked of the "
            "client. Set its password with waba.migration.login."
        )
    if not 4 <= len(username) <= 32:
        raise ClientError(
            f"username must have 4 to 32 characters, got {len(username)}. Nothing was asked of the client."
        )
    missing = lacking(params["password"]) if params["state"] == "present" else []
    if missing:
        raise ClientError(f"password needs {', '.join(missing)}. Nothing was asked of the client.")


def role_of(api: Api, path: str) -> str | None:
    """The account's role, None when it is not there. Raises ClientError on an answer that says neither."""
    try:
        answer = api.get(path)
    except ApiError as error:
        if error.code == NOT_FOUND or error.status == 404:
            return None
        raise
    try:
        return str(answer["users"][0]["ROLES"])
    except (IndexError, KeyError, TypeError):
        raise ClientError(f"GET {api.base}{path} answered without a role. Is api_url the client's API?") from None


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError."""
    check_options(params)
    api, path = make_api(params), f"{PATH}/{quote(params['username'], safe='')}"
    role = role_of(api, path)
    wanted, there = params["state"] == "present", role is not None
    creates, deletes = wanted and not there, there and not wanted
    updates = wanted and there and params["update_password"] == "always"  # noqa: S105 (a choice)
    if creates and not check_mode:
        api.post(PATH, {"username": params["username"], "password": params["password"]})
    elif updates and not check_mode:
        api.put(path, {"password": params["password"]})
    elif deletes and not check_mode:
        api.delete(path)
    return {
        "changed": creates or updates or deletes,
        "username": params["username"],
        "state": params["state"],
        "role": role,
        "password_set": creates or updates,
        "diff": {"before": {"state": "present" if there else "absent"}, "after": {"state": params["state"]}},
    }


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        username={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        password={"type": "str", "no_log": True},
        update_password={"type": "str", "choices": ["always", "on_create"], "default": "on_create", "no_log": False},
    )
    module = AnsibleModule(spec, required_if=[("state", "present", ["password"])], supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
