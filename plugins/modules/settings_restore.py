# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a settings backup to a new client."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: settings_restore
short_description: Give a settings backup to a new client
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Restores settings, registration and keys on a WhatsApp Business API On-Premises client from the file that
    M(waba.migration.settings_backup) has made. The backup is sent as it was got, character by character.
  - Looks first. The client must run and must not be registered. It then starts to work under the number of the backup
    by itself, and nothing is registered, neither by this module nor by hand. The module waits until the client reports
    the number.
  - The old client must have been stopped before. Two clients of one number cut each other off.
  - Messages, callbacks, and the accounts of the API are not part of a backup. The token that the module uses stays
    good.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.actiongroup_client
  - waba.migration.client
attributes:
  check_mode:
    support: full
    details:
      - Looks at the client and sends no backup. Does not need the file O(src), which a task before may only have
        planned.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - With O(number). Without it a client that is registered is refused, or given the backup again with O(force).
options:
  password:
    description: The password that the backup was made with.
    type: str
    required: true
  src:
    description:
      - File with the backup on the host that the module runs on, as M(waba.migration.settings_backup) writes it, JSON
        with the backup as C(data).
    type: path
    required: true
  number:
    description:
      - The number that the client is to have, with country code, digits only. A leading plus sign is allowed.
      - A client that already reports it is left alone, O(force) or not, and the module reports no change.
      - A backup of another number is an error. It shows only after the restore.
    type: str
  force:
    description:
      - Whether to restore on a client that is registered, too. The restore B(stops) that client, replaces its
        registration, keys and settings, and it must be restarted afterwards, see RV(restart_required).
      - Without it such a client is an error, and nothing is sent.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait after the restore until the client reports a number. It is looked at once at least.
      - A client that was registered before is not waited for, since it is stopped.
    type: int
    default: 60
notes:
  - Since version 2.31.4 a client makes a new security code at a restore. Contacts that have security notifications
    switched on see that it has changed.
  - A restore is possible only with the same shard setup, that is with as many masters, coreapps and shards as the old
    client had.
  - Not documented is what a client answers to a wrong password, a damaged backup, or another shard setup. The module
    shows the answer, and adds what it may mean.
  - Not documented is whether the CA for webhooks is part of a backup. Set it with
    M(waba.migration.webhook_certificate).
seealso:
  - module: waba.migration.settings_backup
  - module: waba.migration.health_check
  - module: waba.migration.webhook_certificate
  - name: On-Premises API, Settings, Backup and Restore
    description: What a restore needs, and that it stops a client that has an application.
    link: https://developers.facebook.com/docs/whatsapp/on-premises/reference/settings/backup-and-restore
  - name: On-Premises API, Support
    description: C(debug_info) is the client's own number, or the word C(unregistered).
    link: https://developers.facebook.com/docs/whatsapp/api/support
"""

EXAMPLES = r"""
- name: Restore on the new client
  waba.migration.settings_restore:
    api_password: "{{ vault_admin_password }}"
    password: "{{ vault_backup_password }}"
    src: /root/settings-backup.json
    number: "15550100001"

- name: Replace what a client has with a later backup
  waba.migration.settings_restore:
    api_password: "{{ vault_admin_password }}"
    password: "{{ vault_backup_password }}"
    src: /root/settings-backup.json
    force: true
  register: restore

- name: Restart the client that the restore has stopped
  ansible.builtin.command:
    cmd: docker restart biz-wacore-1
  when: restore.restart_required
  changed_when: true
"""

RETURN = r"""
restored:
  description:
    - Whether the client took the backup. In check mode, whether it would be given it.
    - True also when the module fails after the restore, since the client then is another one than before.
  type: bool
  returned: success, and when the module fails after the restore
  sample: true
sha256:
  description:
    - SHA-256 checksum of the backup itself, in hexadecimal, as in RV(waba.migration.settings_backup#module:sha256).
  type: str
  returned: when the file is there
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
number:
  description:
    - The number that the client reports at the end. Null in check mode before a restore, and for a client that has to
      be restarted first.
  type: str
  returned: success
  sample: "15550100001"
restart_required:
  description:
    - Whether the coreapps and masters have to be restarted. True when the client was registered before, since the
      restore stops it. A new client starts by itself.
    - When nothing was done, true if no node is connected or about to be, as it is after a restore with no restart yet.
  type: bool
  returned: success
  sample: false
"""

import re
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._argspec import (
    client_argument_spec,
    make_api,
)
from ansible_collections.waba.migration.plugins.module_utils._backup import checksum, unwrap
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError
from ansible_collections.waba.migration.plugins.module_utils._restore import (
    RestoredError,
    check_target,
    look,
    restore,
    wait_for_number,
)


def expected_number(number: str | None) -> str | None:
    """Without the plus sign. Raises ClientError on what is no number."""
    if number is not None and not re.match(r"^\+?[0-9]{7,15}\Z", number):
        raise ClientError(
            f"number must have 7 to 15 digits, country code included, got {number!r}. Nothing was asked of the client."
        )
    return None if number is None else number.lstrip("+")


def read(src: Path, check_mode: bool) -> str | None:
    """The backup, None in check mode when it is not there yet. Raises ClientError and OSError."""
    if check_mode and not src.exists():
        return None
    data = unwrap(src.read_bytes())
    if data is None:
        raise ClientError(
            f"{src} is not a settings backup: it holds no JSON with a text named data. Nothing was asked of the "
            "client. Take one with waba.migration.settings_backup."
        )
    return data


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Raises ClientError, and OSError when the file cannot be read."""
    if not params["password"]:
        raise ClientError("password is empty. Nothing was asked of the client. Give the one of the backup.")
    if params["wait_timeout"] < 0:
        raise ClientError(f"wait_timeout must not be less than 0 seconds, got {params['wait_timeout']}")
    expected, api = expected_number(params["number"]), make_api(params)
    data = read(Path(params["src"]), check_mode)
    described = {} if data is None else {"sha256": checksum(data)}

    target = look(api)
    if expected is not None and target.number == expected:
        unchanged = {"changed": False, "restored": False, "restart_required": not target.works}
        return {**unchanged, **described, "number": expected}
    check_target(api, target, expected, params["force"])
    stops = target.number is not None
    result = {"changed": True, "restored": True, "restart_required": stops, **described, "number": None}
    if data is None or check_mode:
        return result

    restore(api, target, data, params["password"])
    if not stops:
        result["number"] = wait_for_number(api, params["wait_timeout"])
    if expected is not None and result["number"] not in (None, expected):
        raise RestoredError(
            f"The client at {api.base} took the backup and now works as {result['number']}, not as {expected}. Stop it "
            "at once, since it cuts off the client of that number, and find out whose backup this is."
        )
    return result


def main() -> None:
    spec = client_argument_spec()
    spec.update(
        password={"type": "str", "required": True, "no_log": True},
        src={"type": "path", "required": True},
        number={"type": "str"},
        force={"type": "bool", "default": False},
        wait_timeout={"type": "int", "default": 60},
    )
    module = AnsibleModule(spec, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except RestoredError as error:
        module.fail_json(msg=str(error), changed=True, restored=True)
    except ClientError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"The backup {module.params['src']} cannot be read: {error.strerror}. Nothing was asked of the client. "
            "Take it with waba.migration.settings_backup, and copy it to the host that this module runs on."
        )
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
