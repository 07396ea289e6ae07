# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a way back without loss to the old databases."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_way_back
short_description: Keep a way back without loss to the old databases
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - After M(waba.migration.database_cut) with O(waba.migration.database_cut#module:way_back=true) the new server keeps
    what the new client changes. This module has the old databases follow from there on, so that the old client can take
    over again with everything that the new one has done.
  - The order is this. The cut prepares the way back. The new client is started and verified, and all rows are compared
    with the old databases, which have not changed until then. M(waba.migration.database_replica) abandons the way
    there. Then comes O(state=kept). To go back, the new client is stopped, then O(state=returned), O(state=absent), and
    the old client is started. To give the way back up, O(state=absent) alone.
  - Nothing is switched on silently. What either server lacks is returned by O(state=status) before there is anything,
    each finding with the statement that mends it.
notes:
  - For PostgreSQL, and for MySQL where both servers are of one release series. Not for MariaDB, which forgets at each
    start which databases a connection is for, so that the old server would take over whatever else is changed on the
    new one.
  - From O(state=kept) on the old databases are not what they were at the cut any more. The old client must not be
    started before O(state=absent).
  - On the new server of PostgreSQL this leaves an account that may replicate and nothing else, and a publication and a
    slot in each database, on the old one a subscription in each database. In MySQL it is an account of that kind and a
    note in C(waba_migration.ways_back) on the new server, and one channel for all databases and an account that applies
    its changes on the old one. All of them are called O(name) with C(_back) added, and O(state=absent) removes them.
  - From the cut on the slots make the new server of PostgreSQL keep what the old one has not fetched.
    C(max_slot_wal_keep_size) bounds that, and by default O(state=status) misses it where it is not set. A server of
    MySQL keeps its binary log for nobody, and deletes it after C(binlog_expire_logs_seconds). When the bound is
    reached, the way back is V(broken), and the new client is not disturbed.
  - Tables, columns and the like that the new client makes do not come back, and O(state=returned) refuses to call that
    complete. In MySQL nothing comes back any more after that, since who applies may change rows and nothing else. So
    what is dropped or emptied with C(TRUNCATE) on the new server is not on the old one, and ends the way back.
  - C(TRUNCATE) by the new client ends the way back to an old server of PostgreSQL 10.
  - In PostgreSQL the accounts on both servers are superusers, and must be able to connect to the database C(postgres).
  - An old server of MySQL that was started anew has forgotten what to apply, and stops at the first change that is not
    of O(databases), if there is one. O(state=kept) tells it again.
  - A server of MySQL sends all of its binary log, and the old one keeps what is not for it for a moment as well.
  - The old server keeps the password of the account where only administrators see it, and its log is told to leave it
    out.
requirements:
  - C(psql), or the client of MySQL, on the host that runs the module
extends_documentation_fragment:
  - waba.migration.attributes
  - waba.migration.database
  - waba.migration.database.servers
attributes:
  check_mode:
    support: full
    details:
      - Looks at both servers and refuses what would be refused at the beginning. O(state=returned) does not wait and
        does not compare.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - V(kept) has the old databases follow the new ones. It goes on with what a run has left that was killed.
      - V(returned) waits until nobody is connected to the new databases and the old ones have everything, gives the old
        sequences their states, and compares in the way of M(waba.migration.database_cut). It fails, and says what is
        missing, when that takes longer than O(timeout) or is not equal. The old databases go on following, so it can be
        repeated, and whatever it has not reached is lost when the old client is started.
      - V(status) reads and returns what there is, whatever it is. When there is nothing, it returns what stands against
        a way back.
      - V(absent) removes subscriptions, slots, publications and the account from both servers and leaves the databases
        alone. It is right at any time. A server that cannot be reached does not keep it from cleaning up the other one,
        but fails it, unless O(accept_target_gone) says otherwise.
    type: str
    choices: [kept, returned, status, absent]
    required: true
  name:
    description: The name as given to M(waba.migration.database_cut), up to 45 characters.
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
  link:
    description: How the old server itself reaches the new one. Without it, as this host does.
    type: dict
    suboptions:
      host:
        description: The new server as seen from the old one. Without it O(target.login_host).
        type: str
      port:
        description: Its port. Without it O(target.login_port).
        type: int
      ssl_mode:
        description: How the link is protected. Without it O(target.ssl_mode).
        type: str
        choices: [verify-full, verify-ca, require, disable]
      ca_path:
        description:
          - File with the CA on the old server, which that server is able to read. Without it O(target.ca_path).
        type: path
  databases:
    description: Names of the databases, all that were cut off together.
    type: list
    elements: str
    required: true
  require_slot_limit:
    description:
      - Whether C(max_slot_wal_keep_size) has to be set on the new server (PostgreSQL 13 or newer), so that a way back
        that was forgotten cannot fill its disk. With V(false) somebody has to watch RV(databases[].retained_bytes).
    type: bool
    default: true
  accept_target_gone:
    description:
      - Whether O(state=absent) is satisfied with an old server that has nothing of the way back any more when the new
        one cannot be cleaned. RV(state) is V(incomplete) then. It is for going back when the new server is lost, since
        the old client needs no more than that.
    type: bool
    default: false
  idle_timeout:
    description: Seconds that O(state=returned) waits until nobody is connected to the new databases.
    type: float
    default: 10
  timeout:
    description: Seconds that O(state=returned) then waits until the old databases have everything.
    type: float
    default: 60
seealso:
  - module: waba.migration.database_cut
  - module: waba.migration.database_replica
  - module: waba.migration.database_fingerprint
"""

EXAMPLES = r"""
- name: Keep the way back, and use it
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
    waba.migration.database_way_back:
      name: waba_migration_acme
      source: "{{ old_server }}"
      target: "{{ new_server }}"
      databases: [acme_messageStore, acme_axolotlStore]
  block:
    - name: Know long before what stands against it
      waba.migration.database_way_back:
        state: status

    # The databases are cut off with way_back, the new client is verified, all rows are compared, and the way there is
    # abandoned.

    - name: Have the old databases follow the new ones
      waba.migration.database_way_back:
        state: kept

    # Days later the new client is stopped here, and cannot come back.

    - name: See that the old databases have everything
      waba.migration.database_way_back:
        state: returned

    - name: Let nothing write to them any more
      waba.migration.database_way_back:
        state: absent

    # The old client is started here.
"""

RETURN = r"""
state:
  description:
    - What the way back is after this.
    - V(absent), there is nothing of it. V(prepared), the new server keeps changes and nobody fetches them yet. V(kept),
      the old databases follow. V(incomplete), some do or something is missing. V(broken), it does not mend itself, see
      RV(troubles).
    - In check mode what it is now.
  returned: success
  type: str
  sample: kept
databases:
  description: The databases, in the order of O(databases).
  returned: success, but not for O(state=absent)
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    prepared:
      description: Whether the cut has noted on the new server from where on changes are to come back.
      type: bool
    slot:
      description: Its slot on the new server, V(null) when there is none, as in MySQL.
      type: str
      sample: waba_migration_acme_back_3b0c44298fc1
    lag_bytes:
      description:
        - How much of the new server's log the old database has not confirmed yet, V(null) when nobody knows. In MySQL
          it is the same for all databases.
      type: int
    retained_bytes:
      description: How much of its log the new server keeps for the slot, V(null) without one.
      type: int
    troubles:
      description: Why nothing comes back, in sentences.
      type: list
      elements: str
troubles:
  description: The troubles of all databases, each with the database's name.
  returned: success, but not for O(state=absent)
  type: list
  elements: str
left:
  description:
    - What the way back has on both servers. For O(state=absent) what was removed, in check mode what would be.
  returned: success
  type: dict
  contains:
    publications:
      description: Databases on the new server with a publication, in MySQL those that are noted there.
      type: list
      elements: str
    slots:
      description: Slots on the new server.
      type: list
      elements: str
    account:
      description: The account on the new server, V(null) without one.
      type: str
    subscriptions:
      description: Databases on the old server with a subscription, in MySQL all when there is a channel.
      type: list
      elements: str
    channel:
      description: The channel on an old server of MySQL, V(null) without one.
      type: str
    applier:
      description: The account on an old server of MySQL that applies changes, V(null) without one.
      type: str
position:
  description:
    - The new server's position up to which everything is on the old one. In MySQL the file of its binary log and the
      place in it.
  returned: O(state=returned) and not in check mode
  type: str
  sample: 0/1DCA3D0
seconds:
  description: How long that took from the moment at which nobody was connected any more.
  returned: O(state=returned) and not in check mode
  type: float
  sample: 0.095
compared:
  description: The databases with what was compared, as M(waba.migration.database_cut) returns them.
  returned: O(state=returned) and not in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: acme_messageStore
    sequences:
      description:
        - Number of sequences that have the same state on both servers now, in MySQL of counters of C(AUTO_INCREMENT).
      type: int
    tables:
      description: The tables, each with C(name) and C(compared), which is C(whole), C(last rows) or C(nothing).
      type: list
      elements: dict
obstacles:
  description:
    - What stands against a way back. Empty means that nothing does.
    - The last one can be V(link), that the old server cannot connect to the new one. It is tried when both accounts
      have their rights, with an account that does not exist yet, so that the new server's log has a failed login.
  returned: O(state=status) when RV(state=absent)
  type: list
  elements: dict
  contains:
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
      sample: target
"""

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.waba.migration.plugins.module_utils._copy_signals import ended_by_signals
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._database_argspec import (
    engine_argument_spec,
    link_argument_spec,
    link_from,
    server_argument_spec,
    server_from,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back import MySQLWayBack
from ansible_collections.waba.migration.plugins.module_utils._postgresql.way_back import PostgreSQLWayBack
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, obstacles_summary
from ansible_collections.waba.migration.plugins.module_utils._way_back import (
    Returned,
    WayBackRequest,
    WayBackStatus,
    back_name,
    summary_of,
)
from ansible_collections.waba.migration.plugins.module_utils._way_back_run import WayBack

WAYS_BACK: dict[str, Callable[..., WayBack[Any, Any]]] = {"postgresql": PostgreSQLWayBack, "mysql": MySQLWayBack}


def request_from(module: AnsibleModule) -> WayBackRequest:
    """With the servers exchanged: changes come from the new one."""
    options = module.params
    new_server = server_from(options["target"], options["engine"])
    return WayBackRequest(
        source=new_server,
        target=server_from(options["source"], options["engine"]),
        databases=options["databases"],
        bin_directory=options["bin_directory"],
        temporary_directory=module.tmpdir,
        name=back_name(options["name"]),
        forward_name=options["name"],
        link=link_from(options["link"], new_server),
        require_slot_limit=options["require_slot_limit"],
        accept_target_gone=options["accept_target_gone"],
        idle_timeout=options["idle_timeout"],
        timeout=options["timeout"],
    )


def left_of(left: Leavings) -> dict[str, Any]:
    return {
        "publications": left.publications,
        "slots": left.slots,
        "account": left.account,
        "subscriptions": left.subscriptions,
        "channel": left.channel,
        "applier": left.applier,
    }


def status_of(status: WayBackStatus) -> dict[str, Any]:
    return {
        "state": status.state,
        "databases": [summary_of(database) for database in status.databases],
        "troubles": status.troubles(),
        "left": left_of(status.left),
    }


def returned_of(done: Returned) -> dict[str, Any]:
    if done.position is None:
        return {"changed": done.changed}
    return {
        "changed": done.changed,
        "position": done.position,
        "seconds": round(done.seconds, 3),
        "compared": [
            {
                "name": name,
                "sequences": done.sequences[name],
                "tables": [{"name": table, "compared": how} for table, how in tables],
            }
            for name, tables in done.tables.items()
        ],
    }


def looked_at(way_back: WayBack[Any, Any]) -> dict[str, Any]:
    status = way_back.status()
    result = {"changed": False, **status_of(status)}
    if status.state == "absent":
        found = obstacles_summary(way_back.obstacles())
        # Asked with the servers exchanged.
        here = {"source": "target", "target": "source"}
        result["obstacles"] = [
            {**{key: each[key] for key in ("what", "text", "statement", "restart")}, "server": here[each["server"]]}
            for each in found
        ]
    return result


def removed(way_back: WayBack[Any, Any], check_mode: bool) -> dict[str, Any]:
    found = way_back.remove(check_mode)
    if found is None:
        return {"changed": True, "left": left_of(Leavings()), "state": "incomplete"}
    return {"changed": bool(found), "left": left_of(found), "state": "incomplete" if found and check_mode else "absent"}


def run(module: AnsibleModule) -> dict[str, Any]:
    request, state = request_from(module), module.params["state"]
    with WAYS_BACK[module.params["engine"]](request, look=state != "absent") as way_back:
        if state == "absent":
            return removed(way_back, module.check_mode)
        if state == "status":
            return looked_at(way_back)
        if state == "kept":
            result = {"changed": way_back.keep(module.check_mode)}
        else:
            result = returned_of(way_back.bring_back(module.check_mode))
        return {**status_of(way_back.status()), **result}


def check_options(module: AnsibleModule) -> None:
    options = module.params
    if not options["databases"]:
        module.fail_json(msg="databases is empty: there is nothing to lead back.")
    if len(set(options["databases"])) < len(options["databases"]):
        module.fail_json(msg="databases names one more than once.")


def main() -> None:
    server = {"type": "dict", "required": True, "options": server_argument_spec()}
    module = AnsibleModule(
        argument_spec={
            **engine_argument_spec(),
            "state": {"type": "str", "choices": ["kept", "returned", "status", "absent"], "required": True},
            "name": {"type": "str", "required": True},
            "source": server,
            "target": server,
            "link": link_argument_spec(),
            "databases": {"type": "list", "elements": "str", "required": True},
            "require_slot_limit": {"type": "bool", "default": True},
            "accept_target_gone": {"type": "bool", "default": False},
            "idle_timeout": {"type": "float", "default": 10},
            "timeout": {"type": "float", "default": 60},
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
