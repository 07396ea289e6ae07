# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a set of databases to another server."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_copy
short_description: Copy a set of databases to another server, all or nothing
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Copies databases from one server to another through pipes, without a file in between, as fast as the two servers
    allow.
  - Each database is copied into a database that is called like it with C(.incomplete) added. Only when all of them are
    complete and hold the same as the source are they shown under their names. On any error, and when the module is
    ended by a signal, everything half done is dropped.
  - What both servers hold is compared before the copies are shown. For every table the number of rows and what the
    next number will be (sequences, AUTO_INCREMENT), and the numbers of indexes, constraints, triggers and columns of
    each table and of views, functions, events and large objects have to be equal.
  - With PostgreSQL each database is copied from one snapshot. A small one is one C(pg_dump) piped into C(psql). In a
    larger one the tables' definitions are restored first, then the rows through parallel pipes of binary C(COPY), large
    tables in several ranges at once, and last the indexes and constraints in parallel. All are renamed in one
    transaction.
  - With MySQL and MariaDB the tables' definitions come first, then the rows through parallel pipes of C(mysqldump) and
    C(mysql), large tables in several ranges of their primary key at once, and last the secondary indexes of large
    tables, those of one table in one statement. Then one C(RENAME TABLE) moves all tables of all databases, and
    routines, views, triggers and, last, events are created.
  - Before the copies are shown, the definitions on the source are read again. A table, view or sequence that was made,
    dropped or given other columns meanwhile fails the copy.
  - The source is only read.
requirements:
  - for PostgreSQL C(psql), C(pg_dump) and C(pg_restore) of the target server's major release on the host that runs the
    module
  - for MySQL C(mysql) and C(mysqldump), for MariaDB C(mariadb) and C(mariadb-dump) (older names will do), of the target
    server's major release and not older than it, on the host that runs the module
notes:
  - In PostgreSQL the account must be able to connect to the database C(postgres). On the source it must be able to read
    all that is copied. On the target it must be able to create databases and to act as O(owner).
  - In MySQL the account needs on the source C(SELECT), C(SHOW VIEW), C(TRIGGER), C(EVENT) and C(EXECUTE) on the
    databases, since the server hides what an account may not see. Without C(PROCESS) it sees its own sessions alone, so
    that O(require_idle_source) finds those of the client only if it is the client's own account. On the target it needs
    to be an administrator that may grant privileges and read the accounts. Privileges from a role do not count.
  - PostgreSQL 10 or newer; the target must not be older than the source. Ranges of one table are copied side by side
    from release 14 on.
  - Everything that is copied belongs to O(owner). Privileges, tablespaces, publications and subscriptions of the
    source are not copied, nor are settings of a role in a database. Encoding, collation, settings and connection
    limit of a database are. Its comment becomes O(marker).
  - Extensions and event triggers are created by the target's account, which has to be allowed to, everything else as
    O(owner).
  - Names of databases may have up to 52 bytes in PostgreSQL and 53 in MySQL.
  - MySQL 5.7 or newer onto MySQL 8.0 or newer, MariaDB 10.3 or newer onto MariaDB 10.6 or newer, and the target's
    release series must not be older than the source's. Refused, with the reason, in check mode too, are MariaDB onto
    MySQL, MySQL 8.0 or newer onto MariaDB, collations and storage engines that the target does not know, MySQL's JSON
    columns onto MariaDB, MariaDB's sequences and system-versioned tables, and values of C(lower_case_table_names) that
    would change a name or keep the target from finding one.
  - MySQL has no snapshot that several connections share. With O(require_idle_source=true) none is needed, since nobody
    writes. Without it the comparison finds out whether rows came or went meanwhile, and tables that are not
    transactional are refused.
  - MySQL has no comments on databases. What a copy made is known from the table C(copies) in the database
    C(waba_migration) on the target, which has the columns C(name), C(marker), C(state) (C(incomplete) or C(complete))
    and C(updated). Where this page says comment, that marker is meant. It is not part of what is copied.
  - In MySQL a view, routine, trigger or event whose definer is not an account of the target gets O(owner) as its
    definer, which RV(definers) reports. All others keep theirs.
  - MySQL's sessions of the copy write no binary log, unless a replica is connected to the target or the account may not
    leave it out. A replica that is set up later therefore has to begin with a copy of the target.
  - A row travels as one statement. Where one may be larger than the target's C(max_allowed_packet) allows, it is set to
    1 GiB for the time of the copy and put back, if the account may.
  - MySQL shows C(FLOAT) columns with six digits, and its tools write them so. A copy carries all their digits, as with
    C(DOUBLE) and C(DECIMAL). Only the sign of a negative zero is not kept.
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.servers
attributes:
  check_mode:
    support: full
    details:
      - Looks at both servers, refuses what would be refused, and returns the plan.
  diff_mode:
    support: partial
    details:
      - Shows which databases of those names the target had from an earlier run, and which it has now. Check mode shows
        the plan instead.
  idempotent:
    support: none
    details:
      - Databases that exist on the target are refused, or with O(replace_marker) replaced, since only a new copy is
        certain to hold what the source holds now.
options:
  source:
    description: The server that is read.
    required: true
  target:
    description: The server that is written.
    required: true
  databases:
    description: Names of the databases, exactly as they are on the source. They keep them.
    type: list
    elements: str
    required: true
  owner:
    description:
      - The role on the target that will own the databases and all in them. It must exist.
      - In MySQL this is the name of an account for the host C(%), which gets all privileges on these databases.
    type: str
    required: true
  jobs:
    description: Number of pipes that are open at the same time.
    type: int
    default: 2
  marker:
    description:
      - Comment that the databases get on the target. By it a later run knows its own.
      - Half-done databases of an earlier run with this marker, or one that starts with O(replace_marker), are dropped
        first.
    type: str
    required: true
  replace_marker:
    description:
      - Databases on the target whose comment starts with this text are copies of ours and are replaced, unless
        somebody is connected to them.
      - Without it, and for any other comment, an existing database is refused by name before anything is written.
    type: str
  require_idle_source:
    description:
      - Refuse to copy when anybody else is connected to the databases on the source, at the beginning or at the end.
    type: bool
    default: true
  progress_path:
    description:
      - File that shows how far the copy has come, as JSON, replaced about once a second. The keys are C(format),
        C(phase) (C(planning), C(copying), C(showing), C(done), C(failed)), C(started), C(updated), C(seconds),
        C(current) (databases in work), and C(databases), C(tables), C(rows) and C(bytes), each with C(done) and
        C(total). The total of the rows is an estimate, and the bytes are those on disk.
    type: path
  hold_path:
    description:
      - Directory for snapshots of the copies, taken as the last act, which M(waba.migration.database_fingerprint)
        compares beside the running client. Here they need no task of their own while nobody serves.
      - It is what O(waba.migration.database_fingerprint#module:hold_path) is. Snapshots that are held there are
        released before anything is copied, since they keep databases from being replaced. Without it none is taken.
    type: path
  hold_timeout:
    description: Seconds after which these snapshots are given up, even while they are compared.
    type: int
    default: 3600
seealso:
  - module: waba.migration.database_info
  - module: waba.migration.database_fingerprint
"""

EXAMPLES = r"""
- name: Copy the client's databases
  waba.migration.database_copy:
    source:
      login_host: db-old
      login_user: wa
      login_password: "{{ vault_old_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    target:
      login_host: db-new
      login_user: postgres
      login_password: "{{ vault_new_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    databases: [acme_waweb, acme_messageStore, acme_axolotlStore]
    owner: wa
    marker: waba.migration 20261124-0918
    replace_marker: "waba.migration "
    progress_path: /var/tmp/waba-migration-progress.json
    hold_path: /run/waba-migration-20261124-0918

- name: Copy the databases of a client that uses MySQL
  waba.migration.database_copy:
    engine: mysql
    source:
      login_host: db-old
      login_user: root
      login_password: "{{ vault_old_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    target:
      login_host: db-new
      login_user: root
      login_password: "{{ vault_new_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    databases: [acme_waweb, acme_messageStore, acme_axolotlStore]
    owner: acme
    marker: waba.migration 20261124-0918
    replace_marker: "waba.migration "
"""

RETURN = r"""
databases:
  description: What was copied, in the order of O(databases).
  returned: success and not in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    tables:
      description: Number of tables.
      type: int
    rows:
      description: Number of rows in all of them, as counted on the target.
      type: int
    bytes:
      description: Size of the database on the source.
      type: int
    seconds:
      description: How long it was in work.
      type: float
    tables_detail:
      description: The tables.
      type: list
      elements: dict
      contains:
        name:
          description: Schema and name, in MySQL the name.
          type: str
          sample: public.messages
        rows_source:
          description: Number of rows on the source, in its snapshot where the engine has one.
          type: int
        rows_target:
          description: Number of rows on the target.
          type: int
plan:
  description:
    - What would be copied, by database. The keys are C(name), C(tables), C(sequences), C(large_objects), C(bytes) and
      C(pipes), in MySQL also C(views), C(routines), C(triggers) and C(events).
  returned: check mode
  type: list
  elements: dict
replaced:
  description: Databases on the target that an earlier run had made and that were replaced.
  returned: success and not in check mode
  type: list
  elements: str
definers:
  description:
    - Views, routines, triggers and events whose definer is no account of the target and was replaced by O(owner). The
      keys are C(database), C(kind), C(name) and C(definer), the account on the source. Always empty in PostgreSQL.
  returned: success and not in check mode
  type: list
  elements: dict
held:
  description:
    - The snapshots that are held. The keys are those of RV(waba.migration.database_fingerprint#module:held).
  returned: success with O(hold_path) and not in check mode
  type: dict
seconds:
  description: How long the copy took.
  returned: success and not in check mode
  type: float
rows:
  description: Number of rows in all databases.
  returned: success and not in check mode
  type: int
equal:
  description: Whether both servers hold the same. The module fails when they do not.
  returned: success and not in check mode
  type: bool
  sample: true
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
)
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    engine_named,
    server_argument_spec,
    server_from,
)
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_compare import OPEN
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import Place, Record, release
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_holder import Task, hold


def database_of(result: DatabaseResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "tables": len(result.tables),
        "rows": result.rows,
        "bytes": result.bytes,
        "seconds": round(result.seconds, 3),
        "tables_detail": [
            {"name": table.name, "rows_source": table.rows_source, "rows_target": table.rows_target}
            for table in result.tables
        ],
    }


def result_of(copied: CopyResult) -> dict[str, Any]:
    databases = [database_of(database) for database in copied.databases]
    return {
        "databases": databases,
        "replaced": copied.replaced,
        "definers": [asdict(definer) for definer in copied.definers],
        "seconds": round(copied.seconds, 3),
        "rows": sum(database["rows"] for database in databases),
        "equal": True,
    }


def request_from(module: AnsibleModule) -> CopyRequest:
    options = module.params
    return CopyRequest(
        source=server_from(options["source"], options["engine"]),
        target=server_from(options["target"], options["engine"]),
        databases=options["databases"],
        owner=options["owner"],
        jobs=options["jobs"],
        marker=options["marker"],
        replace_marker=options["replace_marker"],
        require_idle_source=options["require_idle_source"],
        bin_directory=options["bin_directory"],
        temporary_directory=module.tmpdir,
    )


def hold_copies(module: AnsibleModule, request: CopyRequest) -> Record:
    """Take the snapshots. The copies are complete by then, so that a failure costs them nothing."""
    opener = OPEN[module.params["engine"]]
    return hold(
        Task(
            place=Place(module.params["hold_path"]),
            seconds=module.params["hold_timeout"],
            server=str(request.target),
            databases=request.databases,
            open_snapshots=lambda: opener(
                request.target, request.databases, request.bin_directory, request.temporary_directory
            ),
        )
    )


def copy(module: AnsibleModule, request: CopyRequest) -> tuple[CopyResult, dict[str, Any]]:
    """The copy, and what the module says of the snapshots."""
    options = module.params
    if options["hold_path"]:
        release(Place(options["hold_path"]))
    with Progress(options["progress_path"]) as progress:
        copied = engine_named(options["engine"]).copy(request, progress)
    return copied, {"held": hold_copies(module, request).told()} if options["hold_path"] else {}


def check_options(module: AnsibleModule) -> None:
    options = module.params
    if not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to copy.")
    if len(set(options["databases"])) < len(options["databases"]):
        module.fail_json(msg="databases names one more than once.")
    for name in ("jobs", "hold_timeout"):
        if options[name] < 1:
            module.fail_json(msg=f"{name} must be 1 or more.")
    if not options["marker"].strip():
        module.fail_json(msg="marker must not be empty: by it a later run tells copies of ours from other databases.")
    if options["replace_marker"] is not None and not options["replace_marker"].strip():
        module.fail_json(msg="replace_marker must not be empty: every database with a comment would be replaced.")


def main() -> None:
    server = {"type": "dict", "required": True, "options": server_argument_spec()}
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            "source": server,
            "target": server,
            "databases": {"type": "list", "elements": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "jobs": {"type": "int", "default": 2},
            "marker": {"type": "str", "required": True},
            "replace_marker": {"type": "str"},
            "require_idle_source": {"type": "bool", "default": True},
            "progress_path": {"type": "path"},
            "hold_path": {"type": "path"},
            "hold_timeout": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    check_options(module)
    request = request_from(module)
    try:
        with ended_by_signals():
            if module.check_mode:
                module.exit_json(changed=True, plan=engine_named(module.params["engine"]).plan(request))
            copied, held = copy(module, request)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    result = {**result_of(copied), **held}
    if module._diff:
        result["diff"] = {
            "before": {"databases": copied.replaced},
            "after": {"databases": [database.name for database in copied.databases]},
        }
    module.exit_json(changed=True, **result)


if __name__ == "__main__":  # pragma: no cover
    main()
