# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that follow the old ones, and what they may leave on the servers, by the servers' own word."""

from __future__ import annotations

from labctl import databases
from labctl.databases.postgresql import in_each
from labctl.databases.server import Server
from labctl.layout import ACME, MYSQL, POSTGRESQL
from labctl.waiting import wait_until

from checks import baseline, dumps
from checks.damage import MESSAGES, NEW_SERVER
from checks.options import CARRIED
from checks.scene import Scene
from checks.verdict import Check, listed

HIDDEN = ".incomplete"
ABSENT = "not there"
ARRIVE_SECONDS = 30.0
POSTGRESQL_SERVER = """
SELECT 'the slot ' || slot_name FROM pg_replication_slots
UNION ALL SELECT 'a sender to ' || coalesce(application_name, 'nobody') FROM pg_stat_replication
UNION ALL SELECT 'the account ' || rolname FROM pg_roles WHERE rolreplication AND rolname <> 'postgres'
UNION ALL SELECT 'the subscription ' || subname FROM pg_subscription
UNION ALL SELECT 'the origin ' || roname FROM pg_replication_origin
UNION ALL SELECT 'the database ' || datname FROM pg_database WHERE datname LIKE '%.incomplete';
"""
PUBLICATIONS = "SELECT 'the publication ' || pubname || ' in ' || current_database() FROM pg_publication;"
COMMON_SERVER = """
SELECT CONCAT('a sender to ', USER) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%';
SELECT CONCAT('the account ', User) FROM mysql.user WHERE Repl_slave_priv = 'Y' AND User NOT IN ('root', 'mysql');
SELECT CONCAT('the database ', SCHEMA_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%.incomplete';
"""
MYSQL_SERVER = """
SELECT CONCAT('the channel ', CHANNEL_NAME)
FROM performance_schema.replication_connection_configuration WHERE HOST <> '';
SELECT CONCAT('the setting ', VARIABLE_NAME) FROM performance_schema.persisted_variables;
SELECT CONCAT('the applier ', USER) FROM mysql.global_grants
WHERE PRIV = 'REPLICATION_APPLIER' AND USER NOT IN ('root', 'mysql');
"""
MARIADB_CHANNELS = "SHOW ALL SLAVES STATUS;"
"""A row for each, which begins with its name."""
LEDGER = "waba_migration"
IN_THE_LEDGER = {
    "replicas": "SELECT CONCAT('a note of ', copy) FROM replicas;",
    "ways_back": "SELECT CONCAT('a note of ', name) FROM ways_back;",
}
"""By table."""
WAY_BACK = (
    f"{ACME.database_host} has the channel ",
    f"{ACME.database_host} has the applier ",
    f"{NEW_SERVER} has a sender to ",
    f"{NEW_SERVER} has the account ",
    f"{LEDGER} on {NEW_SERVER} has a note of ",
)
"""What a way back between MySQL servers has. The way there has the like on the other server, but for the note."""


def _servers(scene: Scene) -> tuple[Server, Server]:
    old, new = (databases.server(scene.lab, scene.session.state, host) for host in (ACME.database_host, NEW_SERVER))
    return old, new


def _has(server: Server, question: str, database: str = "") -> list[str]:
    where = f"{database} on {server.host}" if database else server.host
    return [f"{where} has {what}" for (what,) in server.sql(question, "Looking for replication", database)]


def found(scene: Scene) -> list[str]:
    """All that replication has on either server."""
    return _on_postgresql(scene) if scene.session.state.database_engine is POSTGRESQL else _on_mysql(scene)


def _on_postgresql(scene: Scene) -> list[str]:
    old, new = _servers(scene)
    return [text for server in (old, new) for text in (*_has(server, POSTGRESQL_SERVER), *_published(server))]


def _published(server: Server) -> list[str]:
    """The way there publishes on the old server, the way back on the new one, perhaps under the hidden names yet."""
    own = dumps.acme_databases()
    there = [name for name in server.names() if name.removesuffix(HIDDEN) in own]
    return _has(server, in_each(there, PUBLICATIONS)) if there else []


def _on_mysql(scene: Scene) -> list[str]:
    old, new = _servers(scene)
    there = []
    for server in (old, new):
        there += _has(server, COMMON_SERVER)
        there += _has(server, MYSQL_SERVER) if server.engine is MYSQL else _channels(server)
    if LEDGER in new.names():
        for table in IN_THE_LEDGER.keys() & set(new.tables(LEDGER)):
            there += _has(new, IN_THE_LEDGER[table], LEDGER)
    return there


def _channels(server: Server) -> list[str]:
    rows = server.sql(MARIADB_CHANNELS, "Looking for replication")
    return [f"{server.host} has the channel {name}" for name, *_ in rows]


def nothing_left(scene: Scene) -> str:
    return listed(found(scene))


def only_the_way_back(scene: Scene) -> str:
    """While one is kept between MySQL servers. What must be gone after it is found now; or that proves nothing then."""
    there = found(scene)
    own = [text for text in there if text.startswith(WAY_BACK) and (not _is_named(text) or text.endswith("_back"))]
    return listed(
        [text for text in there if text not in own]
        + [f"nothing like '{what.strip()}'" for what in WAY_BACK if not any(text.startswith(what) for text in own)]
    )


def _is_named(text: str) -> bool:
    """Accounts are not: their names are too short for that."""
    return " the channel " in text or " a note of " in text


def settings_kept(scene: Scene) -> str:
    """Plugins too."""
    before, now = scene.before["old_settings"], _servers(scene)[0].settings()
    return listed(
        [
            f"{name} is {now.get(name, ABSENT)} on {ACME.database_host}, before it was {before.get(name, ABSENT)}"
            for name in sorted(before.keys() | now.keys())
            if before.get(name) != now.get(name)
        ]
    )


# -- while they follow ------------------------------------------------------------------------------------------------


def all_hidden(scene: Scene) -> str:
    """Under names that no client looks for, and not one more than the option carries."""
    there = {name.removesuffix(HIDDEN) for name in _servers(scene)[1].names() if name.endswith(HIDDEN)}
    wanted = {ACME.prefix + store for store in CARRIED[scene.option]}
    return "" if there == wanted else f"there are {', '.join(sorted(there)) or 'none'}"


def new_rows_arrive(scene: Scene) -> str:
    """What the client stores from this moment on gets to the copy. The traffic must be on."""
    old, new = _servers(scene)
    first = _messages(old, MESSAGES)
    wait_until(
        lambda: "" if _messages(old, MESSAGES) > first else f"it still has {first} messages",
        f"Waiting for the old client to store a message in {MESSAGES}",
        baseline.TRAFFIC_SECONDS,
        "See `lab status`.",
    )
    stored = _messages(old, MESSAGES)

    def missing() -> str:
        copied = _messages(new, MESSAGES + HIDDEN)
        return "" if copied >= stored else f"it has {copied} messages of {stored}"

    wait_until(missing, f"Waiting for {stored} messages in the copy", ARRIVE_SECONDS, "Read the new server's log.")
    return ""


def _messages(server: Server, database: str) -> int:
    ((count,),) = server.sql("SELECT count(*) FROM messages;", f"Counting the messages of {database}", database)
    return int(count)


def visible(scene: Scene) -> str:
    """What must be gone afterwards is what the same questions find now; or they prove nothing then."""
    there = "; ".join(found(scene))
    wanted = ["a sender to ", "the account ", f"the database {MESSAGES}{HIDDEN}"]
    if scene.session.state.database_engine is POSTGRESQL:
        wanted += ["the slot ", "the subscription ", "the origin ", "the publication "]
    else:
        wanted += ["the channel ", f"a note of {MESSAGES}"]
    return listed([f"no server has {what.strip()}" for what in wanted if f" has {what}" not in there])


CHECKS: tuple[Check[Scene], ...] = (
    Check("hidden", "every database that moves has its copy, under a hidden name", all_hidden),
    Check("follows", "what the old client stores arrives in the copy", new_rows_arrive),
    Check("visible", "what replication has on the servers is seen", visible),
)
