# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have databases on a new server follow the old ones."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_replica
short_description: Have databases on a new server follow the old ones while their client serves
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Copies databases to another server while they are in use, and has the copies follow by the server's own
    replication, in PostgreSQL the logical one, in MySQL and MariaDB that of the binary log.
    M(waba.migration.database_cut) cuts them off in the window, so that the window does not grow with the data.
  - In PostgreSQL each database gets a publication and a slot on the source. It is seeded from the moment at which its
    slot begins, in the same way as M(waba.migration.database_copy) copies, through parallel pipes and with the indexes
    built afterwards, compared at that moment, and then subscribes to what has changed since.
  - In MySQL and MariaDB all databases are seeded from one moment whose position in the binary log is known, and then
    follow through one channel of the new server, which applies what concerns them and nothing else.
  - Until they are cut off, the copies are called like the databases with C(.incomplete) added.
  - On any error, and when the module is ended by a signal, everything of the seed is removed from both servers.
  - Nothing is switched on silently. What the source lacks is found before anything is written, and each finding comes
    with the statement that mends it.
notes:
  - On the source this leaves an account that may replicate and nothing else, unless O(source.login_user) may not make
    one and follows itself (see O(require_own_account)), and in PostgreSQL one publication and one slot in each
    database. RV(left) names them, and
    O(state=abandoned) removes them. No table of the source is written.
  - In PostgreSQL a slot makes the source keep what has not been fetched. C(max_slot_wal_keep_size) bounds that, and by
    default it is required to be set. While the seed runs, and by O(state=following), O(retain_limit) is watched as
    well.
  - In MySQL and MariaDB the source keeps nothing for anybody. It deletes its binary log when its expiry says so, so
    that its disk does not fill because of this, but a seed or a server that has been cut off for longer than that
    cannot go on. A seed is given up as soon as the log that it needs is gone, and then the databases are V(broken).
  - In MySQL and MariaDB the seed keeps everybody on the source from writing for a moment, some tenths of a second, in
    which all of its readers begin (C(FLUSH TABLES WITH READ LOCK)). It is given up when statements have been running
    for more than a second and do not end within 10 seconds, since others would have to wait for them even to read, and
    when it has to wait for statements for more than 3 seconds.
  - In MySQL and MariaDB the new server fetches the whole binary log and applies what concerns the databases. See
    O(require_own_log).
  - MySQL applies changes with an account on the new server that may write these databases and nothing else, and that
    nobody can log in with. When the new server is started anew meanwhile, MySQL forgets what to apply, then applies
    nothing, and O(state=following) tells it again. MariaDB forgets it too, and then would apply whatever it can, until
    the first change of a database that it does not have. That is noticed, and the databases are V(broken). Do not start
    a new server of MariaDB anew between the seed and the cut.
  - In MariaDB a session that has been told to log statements instead of rows is not followed reliably. In MySQL
    replication ends with an error then.
  - C(TRUNCATE) follows in MySQL and MariaDB when its database is the chosen one and is not named in the statement.
    Otherwise the tables are found to be different.
  - In PostgreSQL only tables that are there when the seed begins are published. So a table that appears later is never
    lost without a word, and the client can use it as if there were no replication. It is reported as soon as somebody
    looks, and M(waba.migration.database_cut) refuses to cut. The same holds for changed columns, indexes, constraints,
    triggers, views and functions.
  - In MySQL a table that appears ends the replication, and in MariaDB it is made on the new server too if it can be.
    Either way it is never missing without a word.
  - Sequences of PostgreSQL do not follow, and counters of C(AUTO_INCREMENT) only with their rows.
    M(waba.migration.database_cut) sets them. Views, routines, triggers and events of MySQL are made by it as well.
  - C(TRUNCATE) on a source of PostgreSQL 10 does not follow.
  - A new server of PostgreSQL needs a worker for each database. Until release 15 it starts one every five seconds
    (C(wal_retrieve_retry_interval)).
  - The target keeps the account's password where only administrators see it, and its log is told to leave it out.
  - PostgreSQL 10 or newer. MySQL 5.7 or newer to MySQL 8.0.26 or newer, MariaDB 10.3 or newer to MariaDB 10.11 or
    newer. The target must not be older than the source.
  - In PostgreSQL the accounts must be able to connect to the database C(postgres). The one on the source is a
    superuser, for which an account of its own is made, or has C(REPLICATION), may create publications and owns the
    tables, and then the new server uses it too. The one on the target is a superuser.
  - In MySQL and MariaDB the account on the source needs what M(waba.migration.database_copy) needs there, and
    C(RELOAD), C(PROCESS), C(REPLICATION CLIENT) and C(REPLICATION SLAVE) on all databases; with C(CREATE USER) and the
    right to grant C(REPLICATION SLAVE), an account of its own is made. The one on the target is an administrator.
requirements:
  - C(psql), C(pg_dump) and C(pg_restore), or the client and the dump program of MySQL or MariaDB, of the target
    server's major release on the host that runs the module
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.servers
attributes:
  check_mode:
    support: full
    details:
      - Looks at both servers and refuses what would be refused. O(state=following) does not wait longer than without
        check mode.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - V(seeded) seeds the databases, unless they follow already. What a seed left behind that was killed is removed
        first.
      - V(following) waits until none of them is further behind than O(lag_limit), and fails when that takes longer than
        O(timeout), when replication is broken, or when the source keeps more than O(retain_limit). What a cut left
        disabled that was killed goes on.
      - V(status) reads and returns what there is, whatever it is. When there is nothing, it returns what stands against
        a seed.
      - V(abandoned) removes subscriptions, copies that have not been cut off, slots, publications and the account, from
        both servers. It is right at any time. After the cut it removes what is left of the replication and leaves the
        databases alone. A server that cannot be reached does not keep it from cleaning up the other one.
    type: str
    choices: [seeded, following, status, abandoned]
    required: true
  name:
    description:
      - What the publications, subscriptions, the channel and the accounts are called, and how the names of the slots
        begin. By it everything is found again, so it has to be another one for each client, and nobody else may use it.
        Up to 50 lower-case letters, digits and underscores, the first one a letter. In MySQL an account
        has the beginning of a name that is longer than 32, and a digest of it.
    type: str
    required: true
  source:
    description: The server with the databases that are in use.
    type: dict
    required: true
  target:
    description: The server with the databases that follow.
    type: dict
    required: true
  link:
    description: How the target's server itself reaches the source. Without it, as this host does.
    type: dict
    suboptions:
      host:
        description: The source as seen from the target's server. Without it O(source.login_host).
        type: str
      port:
        description: Its port. Without it O(source.login_port).
        type: int
      ssl_mode:
        description: How the link is protected. Without it O(source.ssl_mode).
        type: str
        choices: [verify-full, verify-ca, require, disable]
      ca_path:
        description:
          - File with the CA on the target's server, which that server is able to read. Without it O(source.ca_path).
        type: path
  databases:
    description:
      - Names of the databases, exactly as they are on the source. They keep them. No other database is looked into.
    type: list
    elements: str
    required: true
  owner:
    description:
      - The role on the target that will own the databases and all in them. In MySQL the account of that name for the
        host C(%), which gets all privileges on them. It must exist.
    type: str
    required: true
  jobs:
    description:
      - Number of pipes that are open at the same time during the seed. In MySQL all begin at once, one for each
        database, and up to so many more for each table from 256 MiB on.
    type: int
    default: 2
  marker:
    description: Comment that the databases get on the target. By it a later run knows its own.
    type: str
    required: true
  replace_marker:
    description:
      - Databases on the target whose comment starts with this text are copies of ours and are replaced by a seed,
        unless somebody is connected to them. Without it they are refused by name before anything is written.
    type: str
  require_slot_limit:
    description:
      - Whether C(max_slot_wal_keep_size) has to be set on the source (release 13 or newer), so that a forgotten slot
        cannot fill its disk. With V(false) somebody has to watch RV(databases[].retained_bytes) or abandon in time.
      - For PostgreSQL only.
    type: bool
    default: true
  require_own_log:
    description:
      - Whether a source with other databases that hold API users and tokens is refused, unless its binary log leaves
        them out. The new server fetches the whole log and has it on its disk for a while, so that with V(false) what
        changes in these databases meanwhile, users and their passwords' hashes included, leaves the source as well. No
        row of it gets into a database.
      - Such databases are known by the tables C(users) and C(tokens), where O(source.login_user) is shown them, or by a
        name that ends with C(waweb). An account that is not even shown the names of all databases is refused.
      - For MySQL and MariaDB only. PostgreSQL sends nothing but what is published.
    type: bool
    default: true
  require_own_account:
    description:
      - Whether an account on the source is refused that may not make another one for the replication. With V(false) the
        target follows with O(source.login_user) itself then, and keeps O(source.login_password) where its
        administrators see it.
    type: bool
    default: false
  retain_limit:
    description:
      - How much the source may keep for a slot, as a number of bytes or with a unit like C(10G). A seed for which it
        has to keep more is given up and undone.
      - Without a meaning for MySQL and MariaDB, which keep nothing for anybody, see the notes.
    type: bytes
    default: 10G
  lag_limit:
    description: How far behind a database may be to count as following, as a number of bytes or with a unit.
    type: bytes
    default: 64K
  timeout:
    description: Seconds that O(state=following) waits.
    type: float
    default: 600
  progress_path:
    description:
      - File that shows how far the seed has come, as M(waba.migration.database_copy) describes it. The phase after
        C(copying) is C(subscribing).
    type: path
seealso:
  - module: waba.migration.database_cut
  - module: waba.migration.database_way_back
  - module: waba.migration.database_copy
  - name: Replication in MySQL's manual
    description: How a server follows another one by its binary log.
    link: https://dev.mysql.com/doc/refman/en/replication.html
  - name: Logical replication in PostgreSQL's manual
    description: What it carries and what not.
    link: https://www.postgresql.org/docs/current/logical-replication.html
"""

EXAMPLES = r"""
- name: Move databases while their client serves
  vars:
    old_server:
      login_host: db-old
      login_user: postgres
      login_password: "{{ vault_old_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    new_server:
      login_host: db-new
      login_user: postgres
      login_password: "{{ vault_new_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
  module_defaults:
    waba.migration.database_replica:
      name: waba_migration_acme
      source: "{{ old_server }}"
      target: "{{ new_server }}"
      databases: [acme_messageStore, acme_axolotlStore]
      owner: wa
      marker: waba.migration 20261124-0918
      replace_marker: "waba.migration "
  block:
    - name: Seed them, hours before the window
      waba.migration.database_replica:
        state: seeded
        progress_path: /var/tmp/waba-migration-progress.json

    - name: See that they are level, shortly before the window
      waba.migration.database_replica:
        state: following
        timeout: 300

    - name: Leave nothing on either server when the move does not take place
      waba.migration.database_replica:
        state: abandoned
      when: called_off | default(false)

- name: Seed databases of MySQL or MariaDB
  waba.migration.database_replica:
    engine: mysql
    state: seeded
    name: waba_migration_acme
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
    databases: [acme_messageStore, acme_axolotlStore, acme_waweb]
    owner: wa
    marker: waba.migration 20261124-0918
"""

RETURN = r"""
state:
  description:
    - What replication is after this.
    - V(absent), there is nothing of that name. V(incomplete), a seed runs or was killed. V(seeded), changes are on
      their way. V(following), all databases are within O(lag_limit). V(broken), it does not mend itself, see
      RV(troubles). V(cut), the databases have been cut off and slots or the like are still there.
    - In check mode what it is now.
  returned: success
  type: str
  sample: following
databases:
  description: The databases, in the order of O(databases).
  returned: success, but not for O(state=abandoned)
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    slot:
      description: Its slot on the source, in MySQL the channel on the target. V(null) when there is none.
      type: str
      sample: waba_migration_acme_3b0c44298fc1
    lag_bytes:
      description:
        - How much of the source's log the copy has not confirmed yet, V(null) without a slot, and in MySQL when the
          source has deleted it. There is only one log and one channel there, so that it is the same for all.
      type: int
    retained_bytes:
      description: How much of its log the source keeps for the slot, V(null) without one and in MySQL.
      type: int
    hidden:
      description: Whether the target has the copy under its hidden name.
      type: bool
    troubles:
      description: Why it does not follow, in sentences.
      type: list
      elements: str
troubles:
  description: The troubles of all databases, each with the database's name.
  returned: success, but not for O(state=abandoned)
  type: list
  elements: str
left:
  description:
    - What replication has on both servers. For O(state=abandoned) what was removed, in check mode what would be.
  returned: success
  type: dict
  contains:
    publications:
      description: Databases on the source with a publication.
      type: list
      elements: str
    slots:
      description: Slots on the source.
      type: list
      elements: str
    account:
      description: The account on the source, V(null) without one of its own.
      type: str
    subscriptions:
      description: Databases on the target with a subscription, in MySQL those that are noted there as following.
      type: list
      elements: str
    databases:
      description: Databases on the target under their hidden names.
      type: list
      elements: str
    channel:
      description: The channel on a target of MySQL or MariaDB, V(null) without one.
      type: str
    applier:
      description: The account on a target of MySQL that applies changes, V(null) without one.
      type: str
obstacles:
  description:
    - What stands against a seed. Empty means that nothing does.
    - The last one can be V(link), that the new server cannot connect to the old one. It is tried when both accounts
      have their rights. In place of a superuser an account follows that does not exist yet, so then the old server's
      log has a failed login of O(name). In MySQL and MariaDB that is always so, and the new server has a channel of
      that name while it is tried. It is not tried where the old server's log has users in it, see O(require_own_log).
  returned: O(state=status) when RV(state=absent)
  type: list
  elements: dict
  contains:
    database:
      description: The database, V(null) for the server.
      type: str
    what:
      description: What is lacking, in a word.
      type: str
      sample: wal_level
    text:
      description: The same as a sentence.
      type: str
    statement:
      description: The statement that mends it, V(null) when there is none.
      type: str
      sample: ALTER SYSTEM SET wal_level = 'logical'
    restart:
      description: Whether the server has to be restarted after it.
      type: bool
    server:
      description: Which one lacks it, V(source) or V(target). V(link) is told of the one that was to connect.
      type: str
      sample: source
seed:
  description: What was seeded. The keys are C(tables), C(rows), C(bytes) and C(seconds).
  returned: O(state=seeded) when something was seeded
  type: dict
  sample: {tables: 12, rows: 2600000, bytes: 1992000000, seconds: 21.6}
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    link_argument_spec,
    link_from,
    server_argument_spec,
    server_from,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import replica as mysql_replica
from ansible_collections.waba.migration.plugins.module_utils._postgresql import replica as postgresql_replica
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    Leavings,
    ReplicaRequest,
    Status,
    check_name,
    obstacles_summary,
    summary_of,
)

if TYPE_CHECKING:
    from ansible_collections.waba.migration.plugins.module_utils._replica import Replication

REPLICATIONS: dict[str, Replication] = {"postgresql": postgresql_replica, "mysql": mysql_replica}


def request_from(module: AnsibleModule) -> ReplicaRequest:
    options = module.params
    source = server_from(options["source"], options["engine"])
    return ReplicaRequest(
        source=source,
        target=server_from(options["target"], options["engine"]),
        databases=options["databases"],
        owner=options["owner"],
        jobs=options["jobs"],
        marker=options["marker"],
        replace_marker=options["replace_marker"],
        require_idle_source=False,
        bin_directory=options["bin_directory"],
        temporary_directory=module.tmpdir,
        name=options["name"],
        link=link_from(options["link"], source),
        retain_limit=options["retain_limit"],
        require_slot_limit=options["require_slot_limit"],
        require_own_log=options["require_own_log"],
        require_own_account=options["require_own_account"],
        lag_limit=options["lag_limit"],
        timeout=options["timeout"],
    )


def status_of(status: Status) -> dict[str, Any]:
    return {
        "state": status.state,
        "databases": [summary_of(database) for database in status.databases],
        "troubles": status.troubles(),
        "left": asdict(status.left),
    }


def seed_of(copied: CopyResult) -> dict[str, Any]:
    return {
        "tables": sum(len(database.tables) for database in copied.databases),
        "rows": sum(database.rows for database in copied.databases),
        "bytes": sum(database.bytes for database in copied.databases),
        "seconds": round(copied.seconds, 3),
    }


def seeded(
    replica: Replication, request: ReplicaRequest, progress_path: str | None, check_mode: bool
) -> dict[str, Any]:
    before = replica.status(request)
    if before.state in ("seeded", "following"):
        return {"changed": False, **status_of(before)}
    if before.state == "broken":
        raise DatabaseError(
            f"Replication is there and broken: {'. '.join(before.troubles())}. Abandon it, and then seed anew."
        )
    if before.state == "cut":
        raise DatabaseError(
            f"The databases were seeded before and have been cut off. Abandon what is left of it under the name "
            f"{request.name} if they are to be seeded anew."
        )
    if check_mode:
        if before.state == "absent":
            replica.check_seed(request)
        return {"changed": True, **status_of(before)}
    if before.state == "incomplete":
        replica.abandon(request, check_mode=False)
    with Progress(progress_path) as progress:
        copied = replica.seed(request, progress)
    return {"changed": True, **status_of(replica.status(request)), "seed": seed_of(copied)}


def following(replica: Replication, request: ReplicaRequest, check_mode: bool) -> dict[str, Any]:
    changed, status = replica.follow(request, check_mode)
    return {"changed": changed, **status_of(status)}


def looked_at(replica: Replication, request: ReplicaRequest) -> dict[str, Any]:
    status = replica.status(request)
    result = {"changed": False, **status_of(status)}
    if status.state == "absent":
        result["obstacles"] = obstacles_summary(replica.find_obstacles(request))
    return result


def abandoned(replica: Replication, request: ReplicaRequest, check_mode: bool) -> dict[str, Any]:
    found: Leavings = replica.abandon(request, check_mode)
    return {"changed": bool(found), "left": asdict(found), "state": "incomplete" if found and check_mode else "absent"}


def check_options(module: AnsibleModule) -> None:
    options = module.params
    if not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to follow.")
    if len(set(options["databases"])) < len(options["databases"]):
        module.fail_json(msg="databases names one more than once.")
    if options["jobs"] < 1:
        module.fail_json(msg="jobs must be 1 or more.")
    for name in ("marker", "replace_marker"):
        if options[name] is not None and not options[name].strip():
            module.fail_json(msg=f"{name} must not be empty: by it a later run tells copies of ours from others.")


def run(module: AnsibleModule) -> dict[str, Any]:
    request = request_from(module)
    check_name(request.name)
    state = module.params["state"]
    replica = REPLICATIONS[module.params["engine"]]
    if state == "seeded":
        return seeded(replica, request, module.params["progress_path"], module.check_mode)
    if state == "following":
        return following(replica, request, module.check_mode)
    if state == "abandoned":
        return abandoned(replica, request, module.check_mode)
    return looked_at(replica, request)


def main() -> None:
    server = {"type": "dict", "required": True, "options": server_argument_spec()}
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            "state": {"type": "str", "choices": ["seeded", "following", "status", "abandoned"], "required": True},
            "name": {"type": "str", "required": True},
            "source": server,
            "target": server,
            "link": link_argument_spec(),
            "databases": {"type": "list", "elements": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "jobs": {"type": "int", "default": 2},
            "marker": {"type": "str", "required": True},
            "replace_marker": {"type": "str"},
            "require_slot_limit": {"type": "bool", "default": True},
            "require_own_log": {"type": "bool", "default": True},
            "require_own_account": {"type": "bool", "default": False},
            "retain_limit": {"type": "bytes", "default": "10G"},
            "lag_limit": {"type": "bytes", "default": "64K"},
            "timeout": {"type": "float", "default": 600},
            "progress_path": {"type": "path"},
        },
        supports_check_mode=True,
    )
    check_options(module)
    try:
        with ended_by_signals():
            result = run(module)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
