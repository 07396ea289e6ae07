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
  - waba.migration contributors (@waba-migration)
description:
  - Takes the encrypted backup of settings, registration and keys from a WhatsApp Business API On-Premises client, and
    keeps it character by character in a file that nobody else may read.
  - The client must be registered and running. The backup holds no messages, no callbacks, and no accounts of the API.
  - Keys move on with every message. A backup is stale as soon as the client has handled traffic after it.
  - With masters, only the primary master can make a backup. During a fail-over there is none, and the client answers
    with error 1017.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Does not ask the client. Does not need the directory of O(dest), which a task before may only have planned.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - The client makes another backup at each request. One that exists is kept, and nothing is asked, unless O(force)
        is set.
options:
  password:
    description: Encrypts the backup. The restore needs the same one. The client documents no rule for it.
    type: str
    required: true
  dest:
    description:
      - File for the backup on the host that the module runs on. JSON, with the backup as C(data), mode V(0600).
      - A file that exists and is not a settings backup is an error, unless O(force) is set.
      - Its directory must exist.
    type: path
    required: true
  force:
    description: Whether to replace a backup that exists. It is replaced only when the new one is there, whole.
    type: bool
    default: false
seealso:
  - module: waba.migration.settings_restore
  - name: On-Premises API, Settings, Backup and Restore
    description: What the backup holds, and when it can be taken.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/backup-and-restore
"""

EXAMPLES = r"""
- name: Take a backup before a move
  waba.migration.settings_backup:
    api_password: "{{ vault_admin_password }}"
    password: "{{ vault_backup_password }}"
    dest: /root/settings-backup.json
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
  sample: /root/settings-backup.json
sha256:
  description: SHA-256 checksum of the backup itself, in hexadecimal, not of the file around it.
  type: str
  returned: success, unless check mode would have taken a backup
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
size:
  description: Size of the file in bytes.
  type: int
  returned: when the file is there
  sample: 824
mode:
  description: Permissions of the file.
  type: str
  returned: when the file is there
  sample: "0600"
owner:
  description: Owner of the file.
  type: str
  returned: when the file is there
  sample: root
group:
  description: Group of the file.
  type: str
  returned: when the file is there
  sample: root
uid:
  description: Number of the owner.
  type: int
  returned: when the file is there
  sample: 0
gid:
  description: Number of the group.
  type: int
  returned: when the file is there
  sample: 0
state:
  description: Kind of the file.
  type: str
  returned: when the file is there
  sample: file
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._backup import checksum, unwrap, wrap
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file

PATH = "/v1/settings/backup"
PRIVATE = 0o600


def take(api: Api, password: str) -> str:
    """Returns the backup; raises ClientError."""
    answer = api.post(PATH, {"password": password})
    try:
        data = answer["settings"]["data"]
    except (KeyError, TypeError):
        data = None
    if not isinstance(data, str) or not data:
        raise ClientError(
            f"POST {api.base}{PATH} answered without settings.data. Is the client registered and running?"
        )
    return data


def read(dest: Path) -> str:
    """The backup in a file; raises ClientError when it is none, OSError when it cannot be read."""
    data = unwrap(dest.read_bytes())
    if data is None:
        raise ClientError(
            f"{dest} is there and is not a settings backup: it holds no JSON with a text named data. "
            "Move it away, or set force."
        )
    return data


def described(dest: Path, data: str) -> dict[str, Any]:
    return {"path": str(dest), "sha256": checksum(data)}


def keep(dest: Path, check_mode: bool) -> dict[str, Any]:
    """The backup that exists, made private when it is not."""
    data = read(dest)
    open_wide = dest.stat().st_mode & 0o777 != PRIVATE
    if open_wide and not check_mode:
        dest.chmod(PRIVATE)
    return {"changed": open_wide, **described(dest, data)}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError, and OSError when the file cannot be read or written."""
    dest, api = Path(params["dest"]), make_api(params)
    if not params["password"]:
        raise ClientError(
            "password is empty. Nothing was asked of the client. Give the one that the restore will need."
        )
    if dest.is_dir():
        raise ClientError(f"{dest} is a directory. Nothing was asked of the client. Give the name of a file.")
    if dest.exists() and not params["force"]:
        return keep(dest, check_mode)
    if check_mode:
        return {"changed": True, "path": str(dest)}
    if not dest.parent.is_dir():
        raise ClientError(
            f"The directory {dest.parent} does not exist. Nothing was asked of the client. Create it first."
        )
    data = take(api, params["password"])
    write_private_file(str(dest), wrap(data))
    return {"changed": True, **described(dest, data)}


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        password={"type": "str", "required": True, "no_log": True},
        dest={"type": "path", "required": True},
        force={"type": "bool", "default": False},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ClientError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"The backup cannot be kept in {module.params['dest']}: {error.strerror}. "
            "Look at the free space and at the permissions there."
        )
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
