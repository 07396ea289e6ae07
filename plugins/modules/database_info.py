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
  - C(psql), or C(mysql) or C(mariadb), on the host that runs the module
notes:
  - In PostgreSQL O(login_user) must be able to connect to the database C(postgres) and to the client's databases. In
    MySQL it sees what it has privileges for, and sessions of others only with C(PROCESS).
  - Tools of the server's own major release are preferred.
  - PostgreSQL 10, MySQL 5.7 or MariaDB 10.3, or newer.
  - The database C(waba_migration), in which M(waba.migration.database_copy) keeps what it made on a MySQL server, is
    shown neither as the client's nor as foreign.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.attributes.info_module
  - waba.migration.database
  - waba.migration.database.server
options:
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
  look_into_auth:
    description:
      - Whether to look into the database with API users and tokens, the one whose name is O(prefix) and C(waweb). With
        V(false) nothing but its name, size and settings is read, no connection is made to it, and
        RV(databases[].auth_schema) is V(null) for it.
    type: bool
    default: true
seealso:
  - module: waba.migration.database_copy
  - module: waba.migration.database_replica
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

- name: Look at the databases of a client that uses MySQL
  waba.migration.database_info:
    engine: mysql
    login_host: db-old
    login_user: root
    login_password: "{{ vault_old_database_password }}"
    ca_path: /etc/ssl/lab-ca.pem
    prefix: acme_

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
    flavour:
      description: Which of its two flavours a server of the engine V(mysql) is, V(mysql) or V(mariadb).
      returned: O(engine=mysql)
      type: str
      sample: mariadb
    lower_case_table_names:
      description: How the server treats the case of names of databases and tables.
      returned: O(engine=mysql)
      type: int
    sql_mode:
      description: The server's own setting, which the client's sessions begin with.
      returned: O(engine=mysql)
      type: str
    gtid_mode:
      description: Whether transactions carry MySQL's global identifiers. V(null) for MariaDB, which always has its own.
      returned: O(engine=mysql)
      type: str
      sample: "ON"
    log_bin:
      description: Whether the server writes a binary log.
      returned: O(engine=mysql)
      type: bool
    default_authentication:
      description: What an account gets that is created without naming a method.
      returned: O(engine=mysql)
      type: str
      sample: caching_sha2_password
    max_allowed_packet:
      description: The largest statement, and with it the largest row, that the server takes, in bytes.
      returned: O(engine=mysql)
      type: int
    version:
      description: The release.
      type: str
      sample: "17.5"
    version_num:
      description: The release as a number, 170005 for PostgreSQL 17.5 and 90704 for MySQL 9.7.4.
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
      description: Whether the server is a standby, in MySQL whether it is read-only.
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
      description: The owning role, V(null) in MySQL.
      type: str
    encoding:
      description: The encoding, in MySQL the database's character set.
      type: str
      sample: UTF8
    collate:
      description: The collation order, in MySQL the database's collation.
      type: str
      sample: C.UTF-8
    ctype:
      description: The character classification, V(null) in MySQL.
      type: str
      sample: C.UTF-8
    provider:
      description: Who provides the collation, V(null) in MySQL.
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
          description: The schema, in MySQL the database.
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
      description: The database's comment, V(null) when it has none. In MySQL what the ledger of copies says of it.
      type: str
    collations:
      description: The collations of its tables and columns.
      returned: O(engine=mysql)
      type: list
      elements: str
    engines:
      description: The storage engines of its tables.
      returned: O(engine=mysql)
      type: list
      elements: str
    programs:
      description: Its views, routines, triggers and events, each with C(kind), C(name) and C(definer).
      returned: O(engine=mysql)
      type: list
      elements: dict
    obstacles:
      description:
        - What keeps the database from being copied to any other server, in sentences. What depends on the other server
          is found by M(waba.migration.database_copy) in check mode.
      returned: O(engine=mysql)
      type: list
      elements: str
live_obstacles:
  description:
    - What the server and the client's databases lack for the databases to be followed while the client serves, see
      M(waba.migration.database_replica). Empty means nothing. What the new server lacks is found by that module.
    - A database that was not looked into is left out, see O(look_into_auth).
    - In MySQL and MariaDB a database with API users that is not the client's, or was not looked into, is found when the
      binary log has its changes, see O(waba.migration.database_replica#module:require_own_log). So is an account that
      is not shown the names of all databases.
  returned: success
  type: list
  elements: dict
  contains:
    database:
      description: The database, V(null) for the server.
      type: str
    what:
      description:
        - What it is about. V(wal_level), V(max_replication_slots), V(max_wal_senders), V(max_slot_wal_keep_size),
          V(rights), V(keyless) (a table without anything by which a row is found again), V(unlogged) or
          V(large_objects).
        - For MySQL and MariaDB V(log_bin), V(binlog_format), V(server_id), V(expire) (the log goes too early),
          V(log_filter), V(own_log), V(names), V(rights), V(engine) (a table that is not transactional) or V(keyless).
      type: str
      sample: wal_level
    text:
      description: The same as a sentence without a full stop.
      type: str
    statement:
      description: The statement that mends it, V(null) when there is none.
      type: str
      sample: ALTER SYSTEM SET wal_level = 'logical'
    restart:
      description: Whether the server has to be restarted after it.
      type: bool
    server:
      description: Which server lacks it, here always V(source), the one that is looked at.
      type: str
      sample: source
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
    In MySQL its accounts, with their C(host) in addition, or none when the account may not look.
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
            "look_into_auth": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    request = InspectRequest(
        server=server_from(module.params, module.params["engine"]),
        prefix=module.params["prefix"],
        count_rows=module.params["count_rows"],
        look_into_auth=module.params["look_into_auth"],
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
