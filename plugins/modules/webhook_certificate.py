# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the CA that a client trusts for webhooks."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: webhook_certificate
short_description: Set the CA that a client trusts for its webhook
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Gives a WhatsApp Business API On-Premises client the CA bundle for a webhook whose certificate no public CA has
    signed, or takes it away.
  - Reads the bundle first and changes it only when it holds other certificates. Their order does not matter. Reads it
    again after a change.
  - Without the right CA the client posts no callback to such a webhook. It keeps trying for a day or so, and then they
    are lost.
  - Whether the bundle is part of a settings backup is not documented. Read it from the old client, with
    M(waba.migration.client_info), and set it on the new one.
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
      - Shows fingerprints.
  idempotent:
    support: full
options:
  state:
    description: Whether the client is to have the bundle, or none.
    type: str
    choices: [present, absent]
    default: present
  content:
    description:
      - The bundle in PEM, certificates only. Either this or O(src) is required for O(state=present).
    type: str
  src:
    description: File with the bundle on the host that the module runs on.
    type: path
notes:
  - A change takes effect only after a restart of B(all) coreapps, see RV(restart_required).
seealso:
  - module: waba.migration.client_info
  - module: waba.migration.application_settings
  - name: On-Premises API, Certificates, Webhooks
    description: The bundle, and that all coreapps have to be restarted.
    link: https://developers.facebook.com/docs/whatsapp/api/certificates/webhooks
"""

EXAMPLES = r"""
- name: Read the old client's bundle
  waba.migration.client_info:
    api_password: "{{ vault_admin_password }}"
    gather: [webhook_ca]
  delegate_to: old.example.org
  register: old

- name: Give it to the new client
  waba.migration.webhook_certificate:
    api_password: "{{ vault_admin_password }}"
    content: "{{ old.webhook_ca }}"
  when: old.webhook_ca is not none
  register: ca

- name: Restart the coreapps
  ansible.builtin.command:
    cmd: docker restart biz-wacore-1
  when: ca.restart_required
  changed_when: true

- name: Go back to the public CAs
  waba.migration.webhook_certificate:
    api_password: "{{ vault_admin_password }}"
    state: absent
"""

RETURN = r"""
fingerprints:
  description:
    - SHA-256 fingerprints of the bundle's certificates after the module, sorted. In check mode as they would be.
  type: list
  elements: str
  returned: success
  sample: [9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08]
restart_required:
  description:
    - Whether all coreapps have to be restarted, which is so whenever the bundle was changed. The client cannot be asked
      whether that restart was made, so a second run has V(false).
  type: bool
  returned: success
  sample: true
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._certificates import check_bundle, fingerprints
from ansible_collections.waba.migration.plugins.module_utils._client import WEBHOOK_CA, webhook_ca
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError


def wanted_bundle(params: dict[str, Any]) -> str | None:
    """None when there is to be none. Raises ClientError, and OSError when the file cannot be read."""
    if params["state"] == "absent":
        return None
    pem: str = params["content"]
    if params["src"] is not None:
        pem = Path(params["src"]).read_bytes().decode("utf-8", "replace")
    check_bundle(pem)
    return pem


def change(api: Api, wanted: str | None) -> None:
    """Raises ClientError when the client has not taken it over."""
    if wanted is None:
        api.delete(WEBHOOK_CA)
    else:
        api.post_text(WEBHOOK_CA, wanted)
    after = fingerprints(webhook_ca(api) or "")
    if after != fingerprints(wanted or ""):
        raise ClientError(
            f"The client at {api.base} accepted the change of {WEBHOOK_CA}, but has the certificates "
            f"{', '.join(after) or 'none'} instead of {', '.join(fingerprints(wanted or '')) or 'none'}. "
            "Look at the webapp's log."
        )


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError, and OSError when the file cannot be read."""
    wanted, api = wanted_bundle(params), make_api(params)
    before, after = fingerprints(webhook_ca(api) or ""), fingerprints(wanted or "")
    if before != after and not check_mode:
        change(api, wanted)
    return {
        "changed": before != after,
        "fingerprints": after,
        "restart_required": before != after,
        "diff": {"before": {"fingerprints": before}, "after": {"fingerprints": after}},
    }


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        content={"type": "str"},
        src={"type": "path"},
    )
    module = AnsibleModule(
        spec,
        mutually_exclusive=[("content", "src")],
        required_if=[("state", "present", ("content", "src"), True)],
        supports_check_mode=True,
    )
    try:
        result = run(module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"The bundle {module.params['src']} cannot be read: {error.strerror}. Nothing was asked of the client. "
            "Copy it to the host that this module runs on."
        )
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
