# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server lacks for its databases to be followed, and the statement that mends it. Pure; private."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database_names import AUTH_STORE
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights, some
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import PRODUCTS, Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import account, identifier
from ansible_collections.waba.migration.plugins.module_utils._replica import TARGET, Obstacle

# The first ones on which one name may be followed under another, by a filter for one channel, set while they run.
OLDEST_FOLLOWER = {MYSQL: (8, 0, 26), MARIADB: (10, 11, 0)}
SHORTEST_EXPIRY = 86400
SUGGESTED_EXPIRY = 259200
# A changed row of a table without a key is looked for in the whole table.
LARGEST_KEYLESS = 1024 * 1024
TRANSACTIONAL = "InnoDB"
# Names that mean the same in the filters of both flavours, however they are separated there.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_$.-]+")
# What a server answers that has let the question come as far as the account, which is not there yet: a wrong password,
# or no account for the host that asks.
REACHED = (1045, 1130)
WITH_GTID = ("ON", "ON_PERMISSIVE")
OWN_LOG = "own_log"
# With one of them the names of all databases are seen; with the first their tables as well.
RIGHTS_TO_SEE_ALL = ("SELECT", "SHOW DATABASES")
# By each flavour: what is needed for it, with all names that it has in a release.
SOURCE_RIGHTS = (
    ("RELOAD", ("RELOAD",)),
    ("PROCESS", ("PROCESS",)),
    ("REPLICATION CLIENT", ("REPLICATION CLIENT", "BINLOG MONITOR")),
    ("REPLICATION SLAVE", ("REPLICATION SLAVE",)),
)
# Rows come back, and counters of AUTO_INCREMENT are set. SELECT shows accounts as well.
RIGHTS_BACK = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
# Who follows back makes no copy, and reads no list of all sessions but its own databases'.
LEAVING_RIGHTS = SOURCE_RIGHTS[1:]
TARGET_RIGHTS = {
    MYSQL: (
        ("REPLICATION_SLAVE_ADMIN", ("REPLICATION_SLAVE_ADMIN", "SUPER")),
        ("REPLICATION_APPLIER", ("REPLICATION_APPLIER", "SUPER")),
        ("CREATE USER", ("CREATE USER", "SUPER")),
        ("REPLICATION CLIENT", ("REPLICATION CLIENT", "SUPER")),
    ),
    MARIADB: (
        ("REPLICATION SLAVE ADMIN", ("REPLICATION SLAVE ADMIN", "SUPER")),
        ("REPLICATION MASTER ADMIN", ("REPLICATION MASTER ADMIN", "SUPER")),
        ("REPLICA MONITOR", ("REPLICA MONITOR", "SLAVE MONITOR")),
    ),
}


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself; variables as texts."""

    release: Release
    rights: Rights
    variables: Mapping[str, str]
    # Databases that the log is told to keep to, and to leave out.
    logged: Sequence[str] = ()
    ignored: Sequence[str] = ()

    @property
    def makes_accounts(self) -> bool:
        """Whether it may make one, give it the right to replicate, and find it again."""
        rights = self.rights
        return rights.grantable and rights.any_of("CREATE USER") and rights.any_of("SELECT")


def anonymous(source: ServerFacts, target: ServerFacts) -> bool:
    """Whether changes come without a global identifier to a server that wants one."""
    return target.variables.get("gtid_mode") == "ON" and source.variables.get("gtid_mode") not in WITH_GTID


def sees_channels(release: Release, rights: Rights) -> bool:
    """Whether an account may ask the new server for its replication, which is the last of its rights."""
    return rights.any_of(*TARGET_RIGHTS[release.flavour][-1][1])


def right_to_see(release: Release) -> str:
    return TARGET_RIGHTS[release.flavour][-1][0]


def of_source(facts: ServerFacts, databases: Sequence[str]) -> list[Obstacle]:
    """What the old server as a whole lacks to have databases followed."""
    found = _of_log(facts, databases, "a copy needs it from its beginning on")
    return found + _names(databases) + _rights(facts, SOURCE_RIGHTS)


def of_leaving(facts: ServerFacts, databases: Sequence[str]) -> list[Obstacle]:
    """What the new server lacks to have the old one follow it."""
    if facts.release.flavour == MARIADB:
        return [
            _server(
                "release",
                "MariaDB forgets at each start which databases a connection is for, so that the old server would take "
                "over whatever else is changed on the new one. A way back is kept for MySQL and PostgreSQL only",
            )
        ]
    found = _of_log(facts, databases, "the old server may be away for longer than that")
    return found + _names(databases) + _rights(facts, LEAVING_RIGHTS)


def _of_log(facts: ServerFacts, databases: Sequence[str], need: str) -> list[Obstacle]:
    own = facts.variables
    found = []
    if own.get("log_bin") != "ON":
        found.append(
            _server(
                "log_bin",
                "The server writes no binary log, without which no change leaves it. The line belongs into the section "
                "[mysqld] of its option file",
                "log_bin = binlog",
                restart=True,
            )
        )
    elif own.get("binlog_format") != "ROW":
        found.append(
            _server(
                "binlog_format",
                f"binlog_format is {own.get('binlog_format')}, and statements are not filtered by the databases that "
                "they change. Sessions that are open keep theirs, so that the client has to connect anew afterwards",
                f"SET {_keeping(facts)} binlog_format = 'ROW'",
            )
        )
    if own.get("server_id") == "0":
        found.append(
            _server("server_id", "server_id is 0, with which nobody follows", f"SET {_keeping(facts)} server_id = 1")
        )
    expiry = _expiry(own)
    if 0 < expiry < SHORTEST_EXPIRY:
        name, value = ("expire_logs_days", SUGGESTED_EXPIRY // 86400)
        if "binlog_expire_logs_seconds" in own:
            name, value = ("binlog_expire_logs_seconds", SUGGESTED_EXPIRY)
        found.append(
            _server(
                "expire",
                f"The binary log is deleted after {expiry} s, and {need}",
                f"SET {_keeping(facts)} {name} = {value}",
            )
        )
    lost = [name for name in databases if name in facts.ignored or (facts.logged and name not in facts.logged)]
    if lost:
        found.append(
            _server(
                "log_filter",
                f"Changes of {some(lost)} are not written to the binary log (binlog_do_db, binlog_ignore_db). Take "
                "these settings out of the server's option file",
                restart=True,
            )
        )
    return found


def users_in_log(
    facts: ServerFacts, databases: Sequence[str], present: Sequence[str], with_users: Sequence[str]
) -> list[Obstacle]:
    """Databases with users that are not moved: who fetches a log gets all of it, and filters it only then."""
    only_ours = facts.logged and set(facts.logged) <= set(databases)
    if not only_ours and not facts.rights.any_of(*RIGHTS_TO_SEE_ALL):
        user, _at, host = facts.rights.account.rpartition("@")
        return [
            _server(
                OWN_LOG,
                f"{facts.rights.account} is not shown all databases of the server, so that nobody can tell whether the "
                "binary log, all of which is fetched by the new server, has changes of API users that are not moved",
                f"GRANT SHOW DATABASES ON *.* TO {account(user, host)}",
            )
        ]
    foreign = [
        name
        for name in present
        if name not in databases
        and (name in with_users or name.lower().endswith(AUTH_STORE))
        and name not in facts.ignored
        and (not facts.logged or name in facts.logged)
    ]
    return [
        Obstacle(
            name,
            OWN_LOG,
            f"The server's binary log has the changes of {name} as well, which holds API users and is not among the "
            "databases: all of the log is fetched by the new server, written to its disk, and filtered only there. The "
            "line belongs into the section [mysqld] of the old server's option file",
            f"binlog_ignore_db = {name}",
            restart=True,
        )
        for name in foreign
    ]


def of_database(
    name: str, tables: Sequence[Mapping[str, Any]], keyed: Sequence[str], release: Release
) -> list[Obstacle]:
    """What is in a database of the old server that replication does not carry, or too slowly."""
    found = []
    for table in tables:
        quoted = identifier(name, table["table"])
        if table["engine"] != TRANSACTIONAL:
            found.append(
                Obstacle(
                    name,
                    "engine",
                    f"The table {table['table']} of {name} is of the engine {table['engine']}, of which nobody gets "
                    "one moment while others write",
                    f"ALTER TABLE {quoted} ENGINE = InnoDB",
                )
            )
        elif table["table"] not in keyed and table["bytes"] > LARGEST_KEYLESS:
            kind = "BIGINT UNSIGNED NOT NULL AUTO_INCREMENT"
            hidden = f"{kind} INVISIBLE PRIMARY KEY" if release.flavour == MYSQL else f"{kind} PRIMARY KEY INVISIBLE"
            found.append(
                Obstacle(
                    name,
                    "keyless",
                    f"The table {table['table']} of {name} has nothing by which a changed row is found again, so that "
                    "each change would be looked for in the whole table",
                    f"ALTER TABLE {quoted} ADD COLUMN my_row_id {hidden}",
                )
            )
    return found


def password(facts: ServerFacts, length: int, limit: int) -> list[Obstacle]:
    """Who may make no account is followed with its own, whose password the new server has to take."""
    if length <= limit or facts.makes_accounts:
        return []
    return [
        _server(
            "rights",
            f"{facts.rights.account} may not make an account that replicates, and its own password is longer than the "
            f"{limit} characters that a server takes for following",
            _granting_accounts(facts),
        )
    ]


def own_account(facts: ServerFacts) -> list[Obstacle]:
    """Who may make no account would have the new server keep the password of its own."""
    if facts.makes_accounts:
        return []
    return [
        _server(
            "own_account",
            f"{facts.rights.account} may not make an account that replicates, so that the new server would follow with "
            "this one and keep its password",
            _granting_accounts(facts),
        )
    ]


def of_link(target: str, link: str, answer: str, follower: str = "The new server") -> Obstacle:
    text = f"{follower} {target} cannot connect to {link}: {answer}".rstrip(".")
    return replace(_server("link", text), server=TARGET)


def of_target(source: ServerFacts, target: ServerFacts) -> list[Obstacle]:
    """What the new server lacks to follow the old one."""
    return [replace(obstacle, server=TARGET) for obstacle in _of_follower(source, target, "old", "new")]


def of_way_back(new: ServerFacts, old: ServerFacts, databases: Sequence[str]) -> list[Obstacle]:
    """What both lack for the old server to follow the new one, which is the source here."""
    found = of_leaving(new, databases)
    if new.release.flavour == MARIADB:
        return found
    found += _granting(new)
    there = _of_follower(new, old, "new", "old") + _rights_back(old)
    if old.release.flavour == new.release.flavour and old.release.series < new.release.series:
        there.append(
            _server(
                "release",
                f"The old server runs {old.release}, and nobody follows a newer series than its own: the new one runs "
                f"{new.release}",
            )
        )
    return found + [replace(obstacle, server=TARGET) for obstacle in there]


def _rights_back(facts: ServerFacts) -> list[Obstacle]:
    """What the account on the old server hands on to the one that applies changes, and what sets counters."""
    user, _at, host = facts.rights.account.rpartition("@")
    missing = [name for name in RIGHTS_BACK if not facts.rights.any_of(name)]
    if not missing and facts.rights.grantable:
        return []
    lacks = ", ".join(missing) or "the right to hand its own on"
    return [
        _server(
            "rights",
            f"{facts.rights.account} lacks {lacks}",
            f"GRANT {', '.join(RIGHTS_BACK)} ON *.* TO {account(user, host)} WITH GRANT OPTION",
        )
    ]


def _granting(facts: ServerFacts) -> list[Obstacle]:
    if facts.makes_accounts:
        return []
    text = f"{facts.rights.account} may not make the account that the old server follows with"
    return [_server("rights", text, _granting_accounts(facts))]


def _of_follower(source: ServerFacts, target: ServerFacts, one: str, other: str) -> list[Obstacle]:
    """The words are for the one that is followed and the other that follows."""
    flavour = target.release.flavour
    if source.release.flavour != flavour:
        return [
            _server(
                "release", f"{target.release} cannot follow {source.release}; copy in bulk between the two products"
            )
        ]
    oldest = OLDEST_FOLLOWER[flavour]
    if target.release.numbers < oldest:
        return [
            _server(
                "release",
                f"The {other} server runs {target.release}, and {PRODUCTS[flavour]} {'.'.join(map(str, oldest))} is "
                "the first that can be told for one channel which databases to follow",
            )
        ]
    found = _rights(target, TARGET_RIGHTS[flavour])
    there, here = source.variables, target.variables
    if there.get("server_id") == here.get("server_id"):
        free = int(here.get("server_id") or 0) + 1
        found.append(
            _server(
                "server_id",
                f"Both servers have the server_id {here.get('server_id')}, so that the {other} one takes changes for "
                f"its own. Set another one on the {other} server, and in its option file",
                f"SET {_keeping(target)} server_id = {free}",
            )
        )
    if here.get("server_uuid") and there.get("server_uuid") == here.get("server_uuid"):
        found.append(
            _server(
                "server_uuid",
                "Both servers have the same server_uuid. Remove the file auto.cnf from the data directory of the "
                f"{other} server",
                restart=True,
            )
        )
    if there.get("gtid_mode") in WITH_GTID and here.get("gtid_mode") == "OFF":
        found.append(
            _server(
                "gtid_mode",
                f"Transactions of the {one} server carry global identifiers, which the {other} server refuses with the "
                "gtid_mode OFF",
                f"SET {_keeping(target)} gtid_mode = OFF_PERMISSIVE",
            )
        )
    if here.get("gtid_strict_mode") == "ON":
        found.append(
            _server(
                "gtid_strict_mode",
                f"gtid_strict_mode is on on the {other} server, whose own changes and those that it fetches are in no "
                "order",
                "SET GLOBAL gtid_strict_mode = OFF",
            )
        )
    return found


def _expiry(variables: Mapping[str, str]) -> int:
    """Seconds after which a log file may go; 0 when it stays. The older setting counts where the newer is 0."""
    seconds = int(float(variables.get("binlog_expire_logs_seconds") or 0))
    return seconds or int(float(variables.get("expire_logs_days") or 0) * 86400)


def _names(databases: Sequence[str]) -> list[Obstacle]:
    odd = [name for name in databases if not PLAIN_NAME.fullmatch(name)]
    if not odd:
        return []
    return [
        _server(
            "names",
            f"{some(odd)} cannot be named in a filter. Only letters of ASCII, digits, _, $, . and - can; copy in bulk",
        )
    ]


def _rights(facts: ServerFacts, wanted: Sequence[tuple[str, Sequence[str]]]) -> list[Obstacle]:
    user, _at, host = facts.rights.account.rpartition("@")
    return [
        _server(
            "rights",
            f"{facts.rights.account} lacks {name}",
            f"GRANT {name} ON *.* TO {account(user, host)}",
        )
        for name, names in wanted
        if not facts.rights.any_of(*names)
    ]


def _granting_accounts(facts: ServerFacts) -> str:
    user, _at, host = facts.rights.account.rpartition("@")
    return f"GRANT CREATE USER, SELECT, REPLICATION SLAVE ON *.* TO {account(user, host)} WITH GRANT OPTION"


def _keeping(facts: ServerFacts) -> str:
    """Over the next start as well, where a server can."""
    return "PERSIST" if facts.release.flavour == MYSQL and facts.release.major >= 8 else "GLOBAL"


def _server(what: str, text: str, statement: str | None = None, restart: bool = False) -> Obstacle:
    return Obstacle(None, what, text, statement, restart)
