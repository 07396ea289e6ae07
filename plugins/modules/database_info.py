# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a client's databases."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_info
short_description: Look at a client's databases
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Tells what a database server is, which of its databases belong to a client of the WhatsApp Business API, and what
    they hold.
  - A database is the client's when its name is exactly O(prefix) followed by one of the names that the client is
    known to use. Names are compared as strings, never as patterns, so that C(acme_archive) or C(acme2messageStore) is
    never taken for a database of C(acme).
  - Every connection is read-only.
requirements:
  - C(psql) on the host that runs the module
notes:
  - No Python package for the database is needed. The password reaches C(psql) through a private file that is removed
    at the end.
  - PostgreSQL 10 or newer.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
options:
  engine:
    description: The database engine.
    type: str
    choices: [postgresql]
    default: postgresql
  login_host:
    description: The server as seen from the host that runs the module, or the directory of its Unix socket.
    type: str
    required: true
  login_port:
    description: The server's port.
    type: int
    default: 5432
  login_user:
    description:
      - The account. It must be able to connect to the database C(postgres) and to the client's databases.
    type: str
    required: true
  login_password:
    description: The account's password.
    type: str
    required: true
  ssl_mode:
    description:
      - How the link is protected, in the words of PostgreSQL's client library. Without V(verify-full) nobody proves
        that this is the server.
    type: str
    choices: [verify-full, verify-ca, require, disable]
    default: verify-full
  ca_path:
    description:
      - File with the CA that the server's certificate comes from. Without it the CAs of the host's operating system
        are used.
    type: path
  prefix:
    description: What the client puts before the names of its databases, C(WA_DB_NAME_PREFIX) in its environment.
    type: str
    default: ""
  count_rows:
    description:
      - Count the rows of every table. Otherwise RV(databases[].tables[].rows) is the server's own estimate, which may
        be 0 for a table that it has not looked at yet.
    type: bool
    default: false
  bin_directory:
    description:
      - Directory of the client tools. Without it the directories of PostgreSQL's packages are searched and then the
        search path; tools of the server's own major release are preferred.
    type: path
seealso:
  - module: waba.migration.database_copy
"""

EXAMPLES = r"""
- name: Look at the old client's databases
  waba.migration.database_info:
    login_host: db-old
    login_user: wa
    login_password: "{{ vault_old_database_password }}"
    ca_path: /etc/ssl/lab-ca.pem
    prefix: acme_
  register: old_databases

- name: See which of them hold credentials
  ansible.builtin.debug:
    msg: "{{ old_databases.databases | selectattr('auth') | map(attribute='name') }}"
"""

RETURN = r"""
server:
  description: The server.
  returned: success
  type: dict
  contains:
    engine:
      description: The engine.
      type: str
      sample: postgresql
    version:
      description: The release.
      type: str
      sample: "17.5"
    version_num:
      description: The release as a number.
      type: int
      sample: 170005
    data_directory:
      description: Where the server keeps its data, V(null) when the account may not know.
      type: str
      sample: /var/lib/postgresql/17/main
    free_bytes:
      description: Free space there. V(null) unless the module runs on the server's own host and can prove it.
      type: int
    superuser:
      description: Whether the account is a superuser.
      type: bool
    createdb:
      description: Whether the account may create databases.
      type: bool
    in_recovery:
      description: Whether the server is a standby.
      type: bool
    max_connections:
      description: The server's limit.
      type: int
    ssl:
      description: Whether this connection was encrypted.
      type: bool
databases:
  description: The client's databases, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    store:
      description: The name without the prefix.
      type: str
      sample: messageStore
    auth:
      description: Whether it holds API users and tokens, by its name or by its tables.
      type: bool
    auth_schema:
      description: Whether a schema in it has the tables C(users) and C(tokens), whatever the database is called.
      type: bool
    owner:
      description: The owning role.
      type: str
    encoding:
      description: The encoding.
      type: str
      sample: UTF8
    collate:
      description: The collation order.
      type: str
      sample: C.UTF-8
    ctype:
      description: The character classification.
      type: str
      sample: C.UTF-8
    provider:
      description: Who provides the collation.
      type: str
      sample: libc
    size_bytes:
      description: Size on disk.
      type: int
    sessions:
      description: Who is connected, without this collection's own sessions. The keys are C(user), C(address) and
        C(application).
      type: list
      elements: dict
    tables:
      description: The tables.
      type: list
      elements: dict
      contains:
        schema:
          description: The schema.
          type: str
        name:
          description: The name.
          type: str
        rows:
          description: Number of rows, see O(count_rows).
          type: int
        bytes:
          description: Size on disk without indexes.
          type: int
    sequences:
      description: Qualified names of the sequences.
      type: list
      elements: str
    extensions:
      description: The extensions, each with C(name) and C(version).
      type: list
      elements: dict
    large_objects:
      description: Number of large objects.
      type: int
    comment:
      description: The database's comment, V(null) when it has none.
      type: str
foreign:
  description:
    - Databases that start with the prefix and are not the client's. The keys are C(name), C(owner), C(size_bytes),
      C(comment) and C(auth_schema), which is V(null) when the account may not look into the database.
  returned: success
  type: list
  elements: dict
missing:
  description: Names that the client uses and that are not there.
  returned: success
  type: list
  elements: str
tools:
  description: The release of each client tool on this host, V(null) for one that is missing.
  returned: success
  type: dict
  sample: {psql: "17.5", pg_dump: "17.5", pg_restore: "17.5"}
roles:
  description: The server's roles, each with C(name), C(superuser), C(createdb), C(createrole) and C(login).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, InspectRequest
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    engine_named,
    server_argument_spec,
    server_from,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            **server_argument_spec(),
            "prefix": {"type": "str", "default": ""},
            "count_rows": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    request = InspectRequest(
        server=server_from(module.params),
        prefix=module.params["prefix"],
        count_rows=module.params["count_rows"],
        bin_directory=module.params["bin_directory"],
        temporary_directory=module.tmpdir,
    )
    try:
        with ended_by_signals():
            found = engine_named(module.params["engine"]).inspect(request)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":  # pragma: no cover
    main()
