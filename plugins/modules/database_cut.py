# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut databases off the old ones that they follow."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_cut
short_description: Cut databases off the old ones that they follow
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - The part of a move's window that concerns the databases, as one program. The databases follow their originals, see
    M(waba.migration.database_replica).
  - All connections are opened first, and both servers are looked at. Then the module waits until nobody is connected to
    the old databases any more. With O(begin_path) it may be started before the client is stopped, and then costs the
    window nothing but what follows.
  - Then the old server's last position is read, and the new one has to confirm that everything before it is safe. The
    sequences are set, in MySQL the counters of C(AUTO_INCREMENT), what both servers hold is compared, and all databases
    are given their names in one transaction, in MySQL all tables by one statement.
  - Until then nothing has happened that the old client could notice, whatever goes wrong and whenever. If a time limit
    is reached, the copies keep their hidden names and go on following, the module fails, and the old client can be
    started again. Nothing is lost.
notes:
  - The comparison takes the same time however much data there is. Tables up to 1 MiB are compared row by row, as long
    as they come to no more than 8 MiB in a database. Of larger ones the 200 rows with the highest keys are compared,
    which are the ones that a stream that ended too early lacks. A larger table whose key is a text, or that has none,
    is not compared here. M(waba.migration.database_fingerprint) compares every row of all of them beside the running
    client.
  - What was defined on the source since the seed is refused, a new table in particular. In MySQL and MariaDB this is
    about tables; views, routines, triggers and events are those that are there when the module begins. They are made
    after the tables have their names, and if one cannot be, the tables get their hidden names again.
  - In MySQL and MariaDB the channel is removed with the cut, so that nothing can be applied any more whatever happens
    to the servers.
  - The databases do not follow any more after this, but what replication has on both servers is still there.
    M(waba.migration.database_replica) with O(waba.migration.database_replica#module:state=abandoned) removes it, which
    has time until after the window.
  - The source is only read. It is not set to read-only, since it may have other users; who stops the client has to see
    that it does not come back. Somebody who connects to one of the databases meanwhile is noticed at the end.
  - The accounts are the ones that were given to M(waba.migration.database_replica). Without C(pg_monitor) an account
    sees that others are connected, but not with what.
  - In MySQL and MariaDB a session without a chosen database is not taken for one of the client.
requirements:
  - C(psql), or the client and the dump program of MySQL or MariaDB, on the host that runs the module
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.servers
attributes:
  check_mode:
    support: full
    details:
      - Opens all connections, looks at both servers and refuses what would be refused at the beginning. Does not wait
        for anything.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  name:
    description: The name that they follow under, as given to M(waba.migration.database_replica).
    type: str
    required: true
  source:
    description: The old server.
    type: dict
    required: true
  target:
    description: The new server.
    type: dict
    required: true
  databases:
    description: Names of the databases. All that were seeded under O(name) have to be cut off together.
    type: list
    elements: str
    required: true
  begin_path:
    description:
      - File on this host that says that the client is stopped and cannot come back. The module opens its connections,
        and does nothing more until the file is there. It does not remove it.
      - Once it waits for nothing else, it makes a file of the same name with C(.ready) added, which says C(waiting).
        Stop the client only after that, since what stands against the cut is found before. When the module ends, the
        file says C(ended).
      - When the directory of both files is removed meanwhile, the module fails. That calls a cut off.
      - Without it the client has to be stopped before the module is started. That nobody is connected is not enough, as
        a client that is restarting or connects anew looks like that for a moment, and what it wrote after the cut would
        be missing.
    type: path
  idle_timeout:
    description:
      - Seconds to wait for O(begin_path) and until nobody is connected to the old databases. When the module is started
        before the client is stopped, this has to be long enough for that.
    type: float
    default: 10
  timeout:
    description: Seconds that everything may take from then on, up to the renaming.
    type: float
    default: 60
  lag_limit:
    description:
      - How far behind a database may be when the module starts, as a number of bytes or with a unit like C(16M). One
        that is further behind is refused at once.
    type: bytes
    default: 16M
  way_back:
    description:
      - Whether a way back without loss is prepared, see M(waba.migration.database_way_back). What the new server lacks
        for that is refused before the window.
      - In PostgreSQL each new database gets a publication before the window and a slot before it is renamed, so that
        the new server keeps every change of the new client from the first one on. The cut waits for each transaction
        that is open on the new server at that moment, of whatever database. If one does not end within O(timeout), the
        cut fails like for any other reason and drops the slots.
      - In MySQL the place in the new server's binary log is noted on that server, in C(waba_migration.ways_back). It is
        refused for MariaDB.
    type: bool
    default: false
  hold_path:
    description:
      - Directory in which a snapshot of the databases is held from before their first write on, for
        M(waba.migration.database_fingerprint) to compare with the same path. Without it no snapshot is taken.
    type: path
  hold_timeout:
    description: Seconds after which a held snapshot is given up.
    type: int
    default: 3600
seealso:
  - module: waba.migration.database_replica
  - module: waba.migration.database_way_back
  - module: waba.migration.database_fingerprint
"""

EXAMPLES = r"""
- name: Make a place for the word
  ansible.builtin.file:
    path: /run/waba-migration-20261124-0918.cut
    state: directory
    mode: "0700"

- name: Open the connections while the client still serves
  waba.migration.database_cut:
    name: waba_migration_acme
    source:
      login_host: db-old
      login_user: postgres
      login_password: "{{ vault_old_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    target:
      login_host: db-new
      login_user: postgres
      login_password: "{{ vault_new_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    databases: [acme_messageStore, acme_axolotlStore]
    begin_path: /run/waba-migration-20261124-0918.cut/fenced
    idle_timeout: 60
    hold_path: /run/waba-migration-20261124-0918
  async: 180
  poll: 0
  register: cut

- name: Wait until it has everything open
  ansible.builtin.wait_for:
    path: /run/waba-migration-20261124-0918.cut/fenced.ready

# The old client is stopped here, and fenced.

- name: Cut
  ansible.builtin.copy:
    content: ""
    dest: /run/waba-migration-20261124-0918.cut/fenced
    mode: "0600"

- name: Wait until that is done
  ansible.builtin.async_status:
    jid: "{{ cut.ansible_job_id }}"
  register: cut_result
  until: cut_result is finished
  retries: 600
  delay: 1
"""

RETURN = r"""
position:
  description:
    - The source's position up to which everything is on the target. In MySQL the file of its binary log and the place
      in it.
  returned: changed and not in check mode
  type: str
  sample: 0/1DCA3D0
seconds:
  description: How long it took from the moment at which nobody was connected any more.
  returned: changed and not in check mode
  type: float
  sample: 0.095
parts:
  description:
    - Where the time went, in seconds. C(idle) is the wait for O(begin_path) and for the client to let go, C(drain) the
      wait for the last changes, C(compare) sequences and comparison, C(way_back) the slots of a way back in PostgreSQL,
      if one was asked for, C(show) the renaming, and C(hold) the snapshot, if one was asked for. C(hold) is not in
      RV(seconds).
  returned: changed and not in check mode
  type: dict
  sample: {idle: 0.009, drain: 0.023, compare: 0.016, show: 0.056, hold: 0.12}
databases:
  description: The databases.
  returned: changed and not in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    sequences:
      description: Number of sequences that were set, in MySQL of counters that were looked after.
      type: int
    tables:
      description: The tables, each with C(name) and C(compared), which is C(whole), C(last rows) or C(nothing).
      type: list
      elements: dict
held:
  description: The snapshots, as M(waba.migration.database_fingerprint) returns them.
  returned: changed and not in check mode, with O(hold_path)
  type: dict
"""

import time
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._cut_begin import note_end
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    server_argument_spec,
    server_from,
)
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import Place
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_holder import Task, hold
from ansible_collections.waba.migration.plugins.module_utils._mysql import cut as mysql_cut
from ansible_collections.waba.migration.plugins.module_utils._mysql.fingerprint import MySQLSnapshots
from ansible_collections.waba.migration.plugins.module_utils._postgresql import cut as postgresql_cut
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint import PostgreSQLSnapshots
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest, CutResult, check_name
from ansible_collections.waba.migration.plugins.module_utils._way_back import back_name

CUTS = {"postgresql": postgresql_cut.cut, "mysql": mysql_cut.cut}
SNAPSHOTS = {"postgresql": PostgreSQLSnapshots, "mysql": MySQLSnapshots}


def request_from(module: AnsibleModule) -> CutRequest:
    options = module.params
    return CutRequest(
        source=server_from(options["source"], options["engine"]),
        target=server_from(options["target"], options["engine"]),
        databases=options["databases"],
        name=options["name"],
        lag_limit=options["lag_limit"],
        begin_path=options["begin_path"],
        idle_timeout=options["idle_timeout"],
        timeout=options["timeout"],
        way_back=back_name(options["name"]) if options["way_back"] else None,
        bin_directory=options["bin_directory"],
        temporary_directory=module.tmpdir,
    )


def result_of(done: CutResult) -> dict[str, Any]:
    if done.position is None:
        return {"changed": done.changed}
    return {
        "changed": True,
        "position": done.position,
        "seconds": round(done.seconds, 3),
        "parts": {name: round(seconds, 3) for name, seconds in done.parts.items()},
        "databases": [
            {
                "name": name,
                "sequences": done.sequences[name],
                "tables": [{"name": table, "compared": how} for table, how in tables],
            }
            for name, tables in done.tables.items()
        ],
    }


def hold_snapshots(module: AnsibleModule, request: CutRequest) -> dict[str, Any]:
    place = Place(module.params["hold_path"])
    task = Task(
        place=place,
        seconds=module.params["hold_timeout"],
        server=str(request.target),
        databases=request.databases,
        open_snapshots=lambda: SNAPSHOTS[module.params["engine"]](
            request.target, request.databases, request.bin_directory, request.temporary_directory
        ),
    )
    try:
        return hold(task).told()
    except DatabaseError as error:
        raise DatabaseError(
            f"The databases have been cut off and have their names on {request.target}, but no snapshot of them could "
            f"be taken: {error}"
        ) from error


def run(module: AnsibleModule) -> dict[str, Any]:
    request = request_from(module)
    check_name(request.name)
    try:
        done = CUTS[module.params["engine"]](request, module.check_mode)
    finally:
        if request.begin_path:
            note_end(request.begin_path)
    if done.position is None or not module.params["hold_path"]:
        return result_of(done)
    started = time.monotonic()
    held = hold_snapshots(module, request)
    parts = {**done.parts, "hold": time.monotonic() - started}
    return {**result_of(replace(done, parts=parts)), "held": held}


def check_options(module: AnsibleModule) -> None:
    options = module.params
    if not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to cut off.")
    if len(set(options["databases"])) < len(options["databases"]):
        module.fail_json(msg="databases names one more than once.")
    for name in ("timeout", "hold_timeout"):
        if options[name] <= 0:
            module.fail_json(msg=f"{name} must be more than 0.")
    if options["hold_path"]:
        # Whether it can be used is known before the window.
        Place(options["hold_path"])


def main() -> None:
    server = {"type": "dict", "required": True, "options": server_argument_spec()}
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            "name": {"type": "str", "required": True},
            "source": server,
            "target": server,
            "databases": {"type": "list", "elements": "str", "required": True},
            "begin_path": {"type": "path"},
            "idle_timeout": {"type": "float", "default": 10},
            "timeout": {"type": "float", "default": 60},
            "lag_limit": {"type": "bytes", "default": "16M"},
            "way_back": {"type": "bool", "default": False},
            "hold_path": {"type": "path"},
            "hold_timeout": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    try:
        check_options(module)
        with ended_by_signals():
            result = run(module)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
