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
  - waba.migration contributors (@waba-migration)
description:
  - Gets a bearer token from a WhatsApp Business API On-Premises client, and says how long it lives.
  - A fresh client refuses every login until the password of its C(admin) account has been changed from the default.
    With O(bootstrap) the module changes it when, and only when, the wanted password is refused.
  - It never sends more than two login requests, since the client may limit them. Each login makes another token, which
    lives for seven days. C(changed) is true only when a password was set.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Logs in, since nothing else tells whether a password is right. Does not set one.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  api_token:
    description:
      - A bearer token that may still be good. If it is, no login is made. Otherwise O(api_password) is used.
  api_password:
    description:
      - The account's password. With O(bootstrap) the one that the account is to have.
      - Needed unless O(api_token) is given and still good.
  bootstrap:
    description:
      - Sets O(api_password) as the account's password when the client refuses it and still has O(default_password).
        The rule for O(new_password) holds for it.
    type: bool
    default: false
  default_password:
    description: The password that a fresh client starts with.
    type: str
    default: secret
  new_password:
    description:
      - The password that the account is to have. It is tried first. When the client refuses it, it is set while logging
        in with O(api_password). Tokens that were made with the old password stay good.
      - 8 to 64 characters, at least one upper-case and one lower-case letter, one digit and one special character.
    type: str
notes:
  - RV(token) is a secret. Use C(no_log) on the task that registers it and on tasks that could show it.
  - When O(api_token) was given and is still good, Ansible hides RV(token), since it hides each value of a secret
    option. Go on with the one that was given.
seealso:
  - name: On-Premises API, Users, Login
    description: The request, the rule for passwords, and how long a token lives.
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

- name: Change the password
  waba.migration.login:
    api_password: "{{ vault_old_admin_password }}"
    new_password: "{{ vault_admin_password }}"
  no_log: true
"""

RETURN = r"""
token:
  description: The bearer token. A secret.
  type: str
  returned: success, unless check mode would have to set a password
  sample: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.signature
expires_at:
  description:
    - When the token ends, in UTC, ISO 8601. From the login's answer, else from the token itself, where it was observed
      to be a JWT with C(exp).
  type: str
  returned: when there is a token and it is known
  sample: "2026-12-01T09:34:15+00:00"
expires_in:
  description: Seconds until then. Negative for a token that the client still takes after its end.
  type: int
  returned: when there is a token and it is known
  sample: 604800
bootstrapped:
  description: Whether the default password was replaced.
  type: bool
  returned: success
  sample: false
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError
from ansible_collections.waba.migration.plugins.module_utils._tokens import expiry

CHANGE_REQUIRED = 1024


def run(api: Api, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError. ``changed`` is true only when a password was set."""
    token = params["api_token"]
    if token is not None and params["new_password"] is None and api.accepts_token():
        return {"changed": False, "bootstrapped": False, **described(token)}
    if params["api_password"] is None:
        raise ClientError(
            f"The client at {api.base} refuses api_token. Give api_password, so that the module can log in."
        )

    wanted, present = params["api_password"], None
    if params["new_password"] is not None:
        wanted, present = params["new_password"], params["api_password"]
    elif params["bootstrap"]:
        present = params["default_password"]

    try:
        return {"changed": False, "bootstrapped": False, **described(**api.login(wanted))}
    except ApiError as error:
        if error.status != 401 or present is None:
            raise
    answer = replace_password(api, present, wanted, check_mode)
    return {"changed": True, "bootstrapped": params["new_password"] is None, **answer}


def replace_password(api: Api, present: str, wanted: str, check_mode: bool) -> dict[str, Any]:
    try:
        if not check_mode:
            return described(**api.login(present, new_password=wanted))
        api.login(present)
    except ApiError as error:
        if check_mode and error.code == CHANGE_REQUIRED:
            return {}  # the answer to the right default password
        if error.status == 401 and error.code != CHANGE_REQUIRED:
            raise ClientError(
                f"{error.method} {error.url} answered 401 to the wanted password and to the one before it: "
                "the account has another password. Find out who set it, or reset it on the client."
            ) from error
        raise
    return {}


def described(token: str, expires_after: str = "") -> dict[str, Any]:
    ends = expiry(token, expires_after)
    if ends is None:
        return {"token": token}
    left = ends - datetime.now(timezone.utc)
    return {"token": token, "expires_at": ends.isoformat(), "expires_in": int(left.total_seconds())}


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        bootstrap={"type": "bool", "default": False},
        default_password={"type": "str", "default": "secret", "no_log": True},
        new_password={"type": "str", "no_log": True},
    )
    module = AnsibleModule(
        spec,
        required_one_of=[("api_token", "api_password")],
        required_by={"new_password": "api_password"},
        supports_check_mode=True,
    )
    if module.params["bootstrap"] and module.params["new_password"] is not None:
        module.fail_json(msg="bootstrap sets api_password, new_password sets another one. Give one of them.")
    try:
        result = run(make_api(module.params), module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
