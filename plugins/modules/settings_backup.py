# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a settings backup of a client."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: settings_backup
short_description: Take a settings backup of a client
version_added: 1.0.0
author:
  - waba.migration contributors
description:
  - Takes the encrypted backup of settings, registration and keys from a WhatsApp Business API On-Premises client, and keeps it
    byte-exact in a file that nobody else may read.
  - The client must be registered and running. The backup holds no messages and no callbacks.
  - Keys move on with every message. A backup is stale as soon as the client has handled traffic after it.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Does not ask the client.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - The client makes another blob at each call. A backup that exists stays unless O(force) is set.
options:
  password:
    description: Encrypts the backup. The restore needs the same one.
    type: str
    required: true
  dest:
    description: File for the backup on the host that the module runs on, as JSON with the key C(data). Mode 0600. Its directory must exist.
    type: path
    required: true
  force:
    description: Replaces a backup that exists. Without it, a backup that exists is kept and nothing is asked.
    type: bool
    default: false
seealso:
  - name: On-Premises API, Settings, Backup and restore
    description: What the backup holds and when it can be taken.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/backup-and-restore
"""

EXAMPLES = r"""
- name: Take a backup before a move
  waba.migration.settings_backup:
    api_password: "{{ vault_admin_password }}"
    password: "{{ vault_backup_password }}"
    dest: /root/waba/settings-backup.json
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
  sample: /root/waba/settings-backup.json
sha256:
  description: Checksum of the blob.
  type: str
  returned: when the file exists
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
size:
  description: Length of the blob in characters.
  type: int
  returned: when the file exists
  sample: 812
"""

import hashlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._api import Api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._argspec import client_argument_spec, make_api  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError  # noqa: E402
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file  # noqa: E402


def take(api: Api, password: str) -> str:
    """Returns the blob; raises ClientError."""
    answer = api.post("/v1/settings/backup", {"password": password})
    try:
        data = answer["settings"]["data"]
    except (KeyError, TypeError):
        data = None
    if not isinstance(data, str) or not data:
        raise ClientError("POST %s/v1/settings/backup answered without settings.data. Is the client registered and running?" % api.transport.base)
    return data


def describe(path: str, data: str) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(data.encode()).hexdigest(), "size": len(data)}


def read(path: str) -> str:
    """The blob of a backup file; raises ClientError when it is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file)["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClientError("%s exists and is not a settings backup (%s). Move it away or set force." % (path, type(error).__name__)) from error


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        password={"type": "str", "required": True, "no_log": True},
        dest={"type": "path", "required": True},
        force={"type": "bool", "default": False},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    dest = module.params["dest"]
    try:
        if os.path.exists(dest) and not module.params["force"]:
            module.exit_json(changed=False, **describe(dest, read(dest)))
        if module.check_mode:
            module.exit_json(changed=True, path=dest)
        data = take(make_api(module.params), module.params["password"])
        write_private_file(dest, json.dumps({"data": data}).encode())
    except ClientError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="The backup cannot be written to %s: %s. Its directory must exist and be writable." % (dest, error.strerror))
    module.exit_json(changed=True, **describe(dest, data))


if __name__ == "__main__":
    main()
