# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump a set of databases as files."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_dump
short_description: Dump a set of databases as files, all or nothing
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Writes one file for each database, with the dump program of the server's own release. For PostgreSQL that is an
    archive for C(pg_restore), named like the database with C(.dump) added, for MySQL and MariaDB a script for the
    client, with C(.sql) added.
  - The files are shown under their names only when all of them are complete, which the exit status of every dump
    program says, and for MySQL the last line as well. On any error, and when the module is ended by a signal, those
    that were begun are removed.
  - Meant for the moment when nobody writes. Each dump shows one moment of its database, but not all of them the same.
  - The server is only read.
requirements:
  - for PostgreSQL C(psql), C(pg_dump) and C(pg_restore) of the server's major release on the host that runs the module
  - for MySQL C(mysql) and C(mysqldump), for MariaDB C(mariadb) and C(mariadb-dump) (older names will do), of the
    server's major release and not older than it, on the host that runs the module
notes:
  - The files hold all that the databases hold, users, tokens and keys included. They belong to the account that runs
    the module and have mode 0600. Nothing here removes them later.
  - To restore one in PostgreSQL, drop the database and run, as an administrator,
    C(pg_restore --create --exit-on-error --dbname=postgres FILE). Owners and privileges are kept, so the roles must
    exist.
  - To restore one in MySQL, drop the database and run, as an administrator,
    C(mysql --default-character-set=utf8mb4 --binary-mode < FILE). Privileges on the database are not in the file; the
    server keeps them when a database is dropped.
  - In PostgreSQL O(login_user) must be able to connect to the database C(postgres) and to read all that is dumped. In
    MySQL it needs C(SELECT), C(SHOW VIEW), C(TRIGGER), C(EVENT) and C(EXECUTE) on the databases, not through a role.
  - MySQL's dump programs write C(FLOAT) columns with six digits. Where there are any, the module warns and names them.
    They write views in the order of their names, so that a view with C(CHECK OPTION) on one that comes later stops the
    restore.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.server
attributes:
  check_mode:
    support: full
    details:
      - Looks at the server and at the directory, and refuses what would be refused.
  diff_mode:
    support: none
    details:
      - The files are for a restore, and hold secrets.
  idempotent:
    support: none
    details:
      - Files of the same names are replaced, since only a new dump is certain to hold what the databases hold now.
options:
  databases:
    description: Names of the databases, exactly as they are on the server.
    type: list
    elements: str
    required: true
  directory:
    description:
      - Where the files go. It is made with mode 0700; what it lies in must exist. One that exists must have been made
        so.
    type: path
    required: true
  free_space_factor:
    description:
      - Free space that there must be, as a multiple of the databases' size on the server's disk. A script writes each
        byte of binary data as two characters; indexes are not written.
    type: float
    default: 1.5
  jobs:
    description: Number of databases that are dumped at the same time.
    type: int
    default: 2
seealso:
  - module: waba.migration.database_copy
"""

EXAMPLES = r"""
- name: Dump the databases of a client that has been stopped
  waba.migration.database_dump:
    login_host: db-old
    login_user: wa
    login_password: "{{ vault_old_database_password }}"
    ca_path: /etc/ssl/lab-ca.pem
    databases: [acme_waweb, acme_messageStore, acme_axolotlStore]
    directory: /srv/dumps/acme-20261124
  register: dumped

- name: See that there is room for it
  waba.migration.database_dump:
    engine: mysql
    login_host: db-old
    login_user: root
    login_password: "{{ vault_old_database_password }}"
    ca_path: /etc/ssl/lab-ca.pem
    databases: [acme_waweb, acme_messageStore, acme_axolotlStore]
    directory: /srv/dumps/acme-20261124
  check_mode: true
"""

RETURN = r"""
dumps:
  description: The files, in the order of O(databases).
  returned: success and not in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The database.
      type: str
      sample: acme_messageStore
    path:
      description: The file.
      type: str
      sample: /srv/dumps/acme-20261124/acme_messageStore.dump
    bytes:
      description: Its size.
      type: int
    sha256:
      description: The SHA-256 hash of its content.
      type: str
    seconds:
      description: How long it took.
      type: float
needed_bytes:
  description: Free space that was asked for.
  returned: success
  type: int
free_bytes:
  description: Free space that was there before.
  returned: success
  type: int
seconds:
  description: How long all of it took.
  returned: success and not in check mode
  type: float
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import (
    DatabaseError,
    DumpPlan,
    DumpRequest,
    DumpResult,
)
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    engine_named,
    server_argument_spec,
    server_from,
)


def room_of(plan: DumpPlan) -> dict[str, Any]:
    return {"needed_bytes": plan.needed, "free_bytes": plan.free}


def result_of(dumped: DumpResult) -> dict[str, Any]:
    return {
        "dumps": [{**asdict(dump), "seconds": round(dump.seconds, 3)} for dump in dumped.dumps],
        "seconds": round(dumped.seconds, 3),
        **room_of(dumped.plan),
    }


def request_from(module: AnsibleModule) -> DumpRequest:
    options = module.params
    return DumpRequest(
        server=server_from(options, options["engine"]),
        databases=options["databases"],
        directory=options["directory"],
        free_space_factor=options["free_space_factor"],
        jobs=options["jobs"],
        bin_directory=options["bin_directory"],
        temporary_directory=module.tmpdir,
    )


def check_options(module: AnsibleModule) -> None:
    options = module.params
    if not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to dump.")
    if len(set(options["databases"])) < len(options["databases"]):
        module.fail_json(msg="databases names one more than once.")
    if options["jobs"] < 1:
        module.fail_json(msg="jobs must be 1 or more.")
    if options["free_space_factor"] < 0:
        module.fail_json(msg="free_space_factor must not be negative.")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            **server_argument_spec(),
            "databases": {"type": "list", "elements": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "free_space_factor": {"type": "float", "default": 1.5},
            "jobs": {"type": "int", "default": 2},
        },
        supports_check_mode=True,
    )
    check_options(module)
    request = request_from(module)
    engine = engine_named(module.params["engine"])
    try:
        with ended_by_signals():
            if module.check_mode:
                plan = engine.plan_dump(request)
                result: dict[str, Any] = room_of(plan)
            else:
                dumped = engine.dump(request)
                plan, result = dumped.plan, result_of(dumped)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    for loss in plan.losses:
        module.warn(loss)
    module.exit_json(changed=True, **result)


if __name__ == "__main__":  # pragma: no cover
    main()
