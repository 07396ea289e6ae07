# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that two servers hold the same rows."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_fingerprint
short_description: Prove that two servers hold the same rows, beside the running client
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Counts and hashes every row of every table on two servers and compares them, as well as the states of sequences or
    of C(AUTO_INCREMENT) and the contents of large objects.
  - The comparison costs no downtime. O(state=held) takes a snapshot of the target before the new client's first write,
    within some tenths of a second, and leaves a process on this host that keeps it. The client is started. Then
    O(state=compared) hashes that snapshot beside the running client, and the source, which nobody writes to any more.
  - Rows are hashed inside of the servers, tables by the hundred in one statement. Only counts and sums come back.
notes:
  - The process that holds the snapshots ends by itself after O(hold_timeout), when O(hold_path) vanishes, and with its
    last connection. It has no password in a file, and none in its arguments or environment. As it is a process of this
    host, all tasks of one comparison have to run on the same host and as the same user.
  - Until it is released, a snapshot keeps the target from cleaning up rows that are deleted meanwhile. It locks a table
    only while that is read, so that the client is not kept from changing it.
  - A table that the client truncates or rewrites after the snapshot was taken cannot be seen as it was. It is reported
    as different, or for MySQL as an error of the server (C(Table definition has changed)), after which the snapshots
    are lost.
  - Each row's text gets a hash of 64 bits, and these are added up, so that their order does not matter. It is made to
    find what gets lost or damaged, not to withstand somebody who forges rows.
  - PostgreSQL 10, MySQL 5.7 or MariaDB 10.3, or newer.
  - For MySQL, rows are hashed with C(SHA2), which every release and flavour has. Values of 4096 bytes and more are
    hashed by themselves, so that the server's C(max_allowed_packet) is not reached. C(FLOAT) is compared with all its
    digits, more than the server shows and its dump program writes. Only transactional tables are seen as they were.
  - PostgreSQL hashes with C(hashtextextended) where both servers have it and give the same values, else with C(md5),
    which takes up to twice as long. Between a release before 12 and a later one, floating point numbers are compared to
    15 digits (C(real) to 6).
  - Contents of materialized views are not compared, since they follow from tables.
  - The account must be able to read all tables and large objects of O(databases), and in PostgreSQL to connect to the
    database C(postgres).
requirements:
  - C(psql), or C(mysql) or C(mariadb), on the host that runs the module
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.servers
attributes:
  check_mode:
    support: full
    details:
      - Says what would be done without connecting to a server, since a copy that is not made cannot be looked at.
        O(state=read) reads.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed on the servers.
  idempotent:
    support: partial
    details:
      - O(state=held) takes new snapshots each time, since only they show the target as it is now. All others can be
        repeated.
options:
  state:
    description:
      - V(held) takes snapshots of O(databases) on O(target) and keeps them. Those held in O(hold_path) before are
        released.
      - V(compared) compares O(databases) on O(source) and O(target), and fails when anything differs. Held snapshots
        are released when they have been compared, whatever came out. After any other failure they are kept, as long as
        the target's server is there, so that the task can be repeated.
      - V(released) ends what V(held) started. It is right at any time, also when nothing is held.
      - V(read) returns the fingerprints of O(databases) on O(target) as it is now, and compares nothing.
    type: str
    choices: [held, compared, released, read]
    required: true
  target:
    description: The server whose snapshots are held, that is compared, or that is read.
  source:
    description: The server that O(target) has to be equal to. It is only read. Nobody may write to it meanwhile.
  databases:
    description: Names of the databases. They are the same on both servers.
    type: list
    elements: str
  hold_path:
    description:
      - Directory for what V(held) leaves for the other states, made with mode 0700 and removed at the end. Give each
        run one of its own.
      - Up to 100 bytes, since a socket is in it.
    type: path
  hold_timeout:
    description:
      - Seconds after which held snapshots are given up, even while they are compared.
    type: int
    default: 3600
  require_held:
    description:
      - For O(state=compared), whether held snapshots are required. If so, the module fails with the reason when they
        are lost, for example because this host was booted.
      - With V(false), O(hold_path) is not looked at, and the target is compared as it is now. That is right before the
        new client is started.
    type: bool
    default: true
  jobs:
    description: Number of databases that are hashed at the same time on each server.
    type: int
    default: 2
seealso:
  - module: waba.migration.database_copy
  - module: waba.migration.database_info
"""

EXAMPLES = r"""
- name: Keep the new databases as they are before the client's first write
  waba.migration.database_fingerprint:
    state: held
    target: "{{ new_server }}"
    databases: [acme_messageStore, acme_axolotlStore]
    hold_path: /run/waba-migration-20261124-0918

# The new client is started here.

- name: Compare every row with the old databases
  waba.migration.database_fingerprint:
    state: compared
    source: "{{ old_server }}"
    target: "{{ new_server }}"
    databases: [acme_messageStore, acme_axolotlStore]
    hold_path: /run/waba-migration-20261124-0918
  vars:
    old_server:
      login_host: db-old
      login_user: wa
      login_password: "{{ vault_old_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem
    new_server:
      login_host: db-new
      login_user: postgres
      login_password: "{{ vault_new_database_password }}"
      ca_path: /etc/ssl/lab-ca.pem

- name: Give the snapshots up, for example on the way back
  waba.migration.database_fingerprint:
    state: released
    hold_path: /run/waba-migration-20261124-0918

- name: Look at one server alone
  waba.migration.database_fingerprint:
    state: read
    target:
      login_host: db-new
      login_user: postgres
      login_password: "{{ vault_new_database_password }}"
    databases: [acme_messageStore]
"""

RETURN = r"""
held:
  description: The snapshots. In check mode, those that would be taken.
  returned: O(state=held), and O(state=compared) with held snapshots
  type: dict
  contains:
    server:
      description: The server.
      type: str
      sample: db-new:5432
    databases:
      description: The databases.
      type: list
      elements: str
    pid:
      description: The process that holds them, V(null) in check mode.
      type: int
    taken:
      description: When they were taken, in seconds since 1970, V(null) in check mode.
      type: float
    seconds:
      description: How long they are held at most.
      type: int
equal:
  description: Whether both servers hold the same. The module fails when they do not.
  returned: O(state=compared) when both were read
  type: bool
lost:
  description:
    - Whether the module has failed because the snapshots are not held any more. Trying again does not bring them back.
  returned: O(state=compared) with held snapshots, when they are lost
  type: bool
databases:
  description:
    - What was found, in the order of O(databases). In check mode, O(state=held), O(state=compared) and
      O(state=released) do not return it.
  returned: O(state=compared) and O(state=read)
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    tables:
      description: Number of tables, on the target.
      type: int
    rows:
      description: Number of rows in all of them, on the target.
      type: int
    equal:
      description: Whether both servers hold the same.
      returned: O(state=compared)
      type: bool
    differences:
      description: What is not the same.
      returned: O(state=compared)
      type: list
      elements: dict
      contains:
        kind:
          description: V(table), V(sequence), V(AUTO_INCREMENT of table) or V(large objects).
          type: str
        name:
          description: Schema and name, in MySQL the name, empty for V(large objects).
          type: str
          sample: public.messages
        rows_source:
          description: Number of rows or large objects on the source, V(null) when it has no such thing.
          type: int
        rows_target:
          description: The same on the target.
          type: int
        hash_source:
          description:
            - The hash on the source, the state in case of a sequence or C(AUTO_INCREMENT), V(null) when there is no
              such thing.
          type: str
        hash_target:
          description: The same on the target.
          type: str
        text:
          description: The same as a sentence.
          type: str
          sample: table public.messages has 100 rows on the source and 99 on the target
    contents:
      description: All tables and sequences or counters, and the large objects if there are any.
      returned: O(state=read)
      type: list
      elements: dict
      contains:
        kind:
          description: V(table), V(sequence), V(AUTO_INCREMENT of table) or V(large objects).
          type: str
        name:
          description: Schema and name, empty for V(large objects).
          type: str
        rows:
          description: Number of rows, or of large objects.
          type: int
        hash:
          description:
            - The sum of the hashes of all rows, or the state of a sequence or counter. Comparable only with one that
              was made in the same way, which two servers of the same release do.
          type: str
          sample: 0000000000000005f2c81d3a90bb41e7
seconds:
  description: How long it took.
  returned: O(state=held), O(state=compared) and O(state=read), but in check mode only O(state=read)
  type: float
"""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import server_argument_spec, server_from
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import (
    Comparison,
    Difference,
    Fingerprint,
    summarise,
)
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_compare import OPEN, compare, read
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import (
    HeldSnapshots,
    Place,
    SnapshotLostError,
    release,
)
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_holder import Task, hold

if TYPE_CHECKING:
    from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Snapshots


NEEDED = {
    "held": ["target", "databases", "hold_path"],
    "compared": ["source", "target", "databases"],
    "released": ["hold_path"],
    "read": ["target", "databases"],
}


class Fingerprints:
    """What the module was asked for."""

    def __init__(self, module: AnsibleModule) -> None:
        self._options = module.params
        self._directory = module.tmpdir
        self._databases: list[str] = module.params["databases"] or []

    def held(self) -> dict[str, Any]:
        task = Task(
            place=self._place(),
            seconds=self._options["hold_timeout"],
            server=str(self._server("target")),
            databases=self._databases,
            open_snapshots=lambda: self._open("target"),
        )
        return {"changed": True, "held": hold(task).told()}

    def would_hold(self) -> dict[str, Any]:
        return {
            "changed": True,
            "held": {
                "server": str(self._server("target")),
                "databases": self._databases,
                "pid": None,
                "taken": None,
                "seconds": self._options["hold_timeout"],
            },
        }

    def compared(self) -> dict[str, Any]:
        result: dict[str, Any] = {"changed": False}
        with self._target() as target, self._open("source") as source:
            if isinstance(target, HeldSnapshots):
                result["held"] = target.record.told()
            comparisons = compare(self._options["engine"], source, target, self._databases, self._options["jobs"])
        if self._options["require_held"]:
            result["changed"] = release(self._place())
        result["databases"] = [comparison_of(comparison) for comparison in comparisons]
        result["equal"] = not any(comparison.differences for comparison in comparisons)
        if not result["equal"]:
            result["msg"] = (
                f"The databases are not the same on the source {self._server('source')} and on the target "
                f"{self._server('target')}: {summarise(comparisons)}."
            )
        return result

    def released(self) -> dict[str, Any]:
        return {"changed": release(self._place())}

    def would_release(self) -> dict[str, Any]:
        if not self._options["hold_path"]:
            return {"changed": False}
        record = self._place().read()
        return {"changed": record is not None and record.is_alive()}

    def read(self) -> dict[str, Any]:
        with self._open("target") as target:
            found = read(self._options["engine"], target, self._databases, self._options["jobs"])
        return {"changed": False, "databases": [fingerprint_of(fingerprint) for fingerprint in found]}

    def _target(self) -> AbstractContextManager[Snapshots]:
        if self._options["require_held"]:
            return nullcontext(HeldSnapshots(self._place(), str(self._server("target")), self._databases))
        return self._open("target")

    def _open(self, side: str) -> AbstractContextManager[Snapshots]:
        opener = OPEN[self._options["engine"]]
        return opener(self._server(side), self._databases, self._options["bin_directory"], self._directory)

    def _place(self) -> Place:
        return Place(self._options["hold_path"])

    def _server(self, side: str) -> Server:
        return server_from(self._options[side], self._options["engine"])


def comparison_of(comparison: Comparison) -> dict[str, Any]:
    differences = comparison.differences
    return {
        "name": comparison.database,
        "tables": len(comparison.target.tables),
        "rows": comparison.target.rows,
        "equal": not differences,
        "differences": [difference_of(difference) for difference in differences],
    }


def difference_of(difference: Difference) -> dict[str, Any]:
    source, target = difference.source, difference.target
    return {
        "kind": difference.kind,
        "name": difference.name,
        "rows_source": source.rows if source else None,
        "rows_target": target.rows if target else None,
        "hash_source": source.hash if source else None,
        "hash_target": target.hash if target else None,
        "text": str(difference),
    }


def fingerprint_of(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "name": fingerprint.database,
        "tables": len(fingerprint.tables),
        "rows": fingerprint.rows,
        "contents": [
            {"kind": item.kind, "name": item.name, "rows": item.rows, "hash": item.hash} for item in fingerprint.items
        ],
    }


def check_options(module: AnsibleModule) -> None:
    options = module.params
    empty = [name for name in NEEDED[options["state"]] if options[name] is None]
    if empty:
        module.fail_json(msg=f"state is {options['state']}, which needs {', '.join(empty)}.")
    if options["state"] == "compared" and options["require_held"] and not options["hold_path"]:
        module.fail_json(msg="hold_path is needed to compare with held snapshots. Or set require_held to false.")
    if options["state"] != "released" and not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to look at.")
    if len(set(options["databases"] or [])) < len(options["databases"] or []):
        module.fail_json(msg="databases names one more than once.")
    for name in ("jobs", "hold_timeout"):
        if options[name] < 1:
            module.fail_json(msg=f"{name} must be 1 or more.")


def run(module: AnsibleModule) -> dict[str, Any]:
    fingerprints = Fingerprints(module)
    state = module.params["state"]
    if module.check_mode and state != "read":
        return fingerprints.would_hold() if state == "held" else fingerprints.would_release()
    work = {
        "held": fingerprints.held,
        "compared": fingerprints.compared,
        "released": fingerprints.released,
        "read": fingerprints.read,
    }
    started = time.monotonic()
    result = work[state]()
    return {**result, "seconds": round(time.monotonic() - started, 3)}


def main() -> None:
    server = {"type": "dict", "options": server_argument_spec()}
    module = AnsibleModule(
        argument_spec={
            "engine": {"type": "str", "choices": list(OPEN), "default": "postgresql"},
            "state": {"type": "str", "choices": list(NEEDED), "required": True},
            "target": server,
            "source": server,
            "databases": {"type": "list", "elements": "str"},
            "hold_path": {"type": "path"},
            "hold_timeout": {"type": "int", "default": 3600},
            "require_held": {"type": "bool", "default": True},
            "jobs": {"type": "int", "default": 2},
            "bin_directory": {"type": "path"},
        },
        required_if=[("state", state, options) for state, options in NEEDED.items()],
        supports_check_mode=True,
    )
    check_options(module)
    try:
        with ended_by_signals():
            result = run(module)
    except SnapshotLostError as error:
        module.fail_json(msg=str(error), lost=True)
    except DatabaseError as error:
        module.fail_json(msg=str(error))
    if result.get("equal") is False:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":  # pragma: no cover
    main()
