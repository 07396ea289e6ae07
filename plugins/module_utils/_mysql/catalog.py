# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we ask MySQL's and MariaDB's catalogues. Private; may change at any time.

Both flavours, and old releases of them, answer these. A name is only compared here where the server itself looks it up;
who needs to tell names apart by their case compares them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier, json_rows, listed, literal

SYSTEM_DATABASES = ("mysql", "information_schema", "performance_schema", "sys", "ndbinfo")

OPTIONAL_VARIABLES = [
    "gtid_mode",
    "authentication_policy",
    "default_authentication_plugin",
    "super_read_only",
    "character_set_collations",
    "default_collation_for_utf8mb4",
]
SERVER = json_rows(
    "",
    version="@@version",
    version_comment="@@version_comment",
    data_directory="@@datadir",
    port="@@port",
    pid_file="@@pid_file",
    max_connections="@@max_connections",
    lower_case_table_names="@@lower_case_table_names",
    sql_mode="@@global.sql_mode",
    # MariaDB would write the word OFF into its JSON, which is none then.
    log_bin="@@log_bin + 0",
    read_only="@@global.read_only + 0",
    max_allowed_packet="@@global.max_allowed_packet",
    user="CURRENT_USER()",
    now="UNIX_TIMESTAMP()",
)
# Not every release and flavour has all of these.
VARIABLES = f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({listed(OPTIONAL_VARIABLES)})"
SSL_CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'"

PRIVILEGES = json_rows(
    "FROM information_schema.USER_PRIVILEGES",
    grantee="GRANTEE",
    privilege="PRIVILEGE_TYPE",
    grantable="IS_GRANTABLE = 'YES'",
)
DATABASE_PRIVILEGES = json_rows(
    "FROM information_schema.SCHEMA_PRIVILEGES",
    grantee="GRANTEE",
    pattern="TABLE_SCHEMA",
    privilege="PRIVILEGE_TYPE",
)
ACCOUNTS = json_rows(
    "FROM mysql.user ORDER BY User, Host",
    user="User",
    host="Host",
    superuser="Super_priv = 'Y'",
    createdb="Create_priv = 'Y'",
    createrole="Create_user_priv = 'Y'",
)
DATABASES = json_rows(
    "FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME",
    name="SCHEMA_NAME",
    encoding="DEFAULT_CHARACTER_SET_NAME",
    collate="DEFAULT_COLLATION_NAME",
)
SESSIONS = json_rows(
    "FROM information_schema.PROCESSLIST WHERE DB IS NOT NULL",
    id="ID",
    database="DB",
    user="USER",
    host="HOST",
    application="''",
)
# Needs no temporary table, which a server whose disk is full cannot make.
PROCESSES = "SHOW PROCESSLIST"
SIZES = """
SELECT TABLE_SCHEMA, COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) FROM information_schema.TABLES
WHERE TABLE_TYPE <> 'VIEW' GROUP BY CAST(TABLE_SCHEMA AS BINARY)
"""
REPLICAS = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"
ENGINES = json_rows(
    "FROM information_schema.ENGINES",
    name="ENGINE",
    usable="SUPPORT IN ('YES', 'DEFAULT')",
    transactional="COALESCE(TRANSACTIONS, 'NO') = 'YES'",
)
COLLATIONS = json_rows("FROM information_schema.COLLATIONS", name="COLLATION_NAME")
# MariaDB 10.10 and newer has collations that go with several character sets; only here are they by their whole names.
HAS_FULL_COLLATIONS = """
SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema'
AND TABLE_NAME = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND COLUMN_NAME = 'FULL_COLLATION_NAME'
"""
FULL_COLLATIONS = json_rows("FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY", name="FULL_COLLATION_NAME")
DEFAULT_COLLATIONS = json_rows(
    "FROM information_schema.CHARACTER_SETS",
    charset="CHARACTER_SET_NAME",
    collation="DEFAULT_COLLATE_NAME",
)


def tables_where(condition: str) -> str:
    return json_rows(
        f"FROM information_schema.TABLES WHERE {condition} ORDER BY TABLE_SCHEMA, TABLE_NAME",
        schema="TABLE_SCHEMA",
        name="TABLE_NAME",
        type="TABLE_TYPE",
        engine="ENGINE",
        collation="TABLE_COLLATION",
        rows="COALESCE(TABLE_ROWS, 0)",
        data_bytes="COALESCE(DATA_LENGTH, 0)",
        index_bytes="COALESCE(INDEX_LENGTH, 0)",
        auto_increment="AUTO_INCREMENT",
    )


Item = TypeVar("Item")

# A statement of this many tables is planned fast and stays far from the server's limits.
TABLES_A_STATEMENT = 200


def tables_of(database: str) -> str:
    return tables_where(f"TABLE_SCHEMA = {literal(database)}")


def columns_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {literal(database)} ORDER BY ORDINAL_POSITION",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        name="COLUMN_NAME",
        type="LOWER(DATA_TYPE)",
        bytes="COALESCE(CHARACTER_OCTET_LENGTH, 0)",
        collation="COLLATION_NAME",
        extra="LOWER(EXTRA)",
        definition="CONCAT_WS(' ', COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE, COLUMN_DEFAULT, EXTRA)",
    )


def indexes_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {literal(database)} "
        "ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        name="INDEX_NAME",
        kind="INDEX_TYPE",
        column="COLUMN_NAME",
    )


def foreign_keys_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {literal(database)}",
        schema="CONSTRAINT_SCHEMA",
        table="TABLE_NAME",
        referenced="REFERENCED_TABLE_NAME",
    )


def constraints_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = {literal(database)}",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        kind="CONSTRAINT_TYPE",
    )


def programs_of(database: str) -> dict[str, str]:
    """Statements by the kind of what they find."""
    name = literal(database)
    return {
        "view": json_rows(
            f"FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {name} ORDER BY TABLE_NAME",
            schema="TABLE_SCHEMA",
            name="TABLE_NAME",
            definer="DEFINER",
            table="NULL",
        ),
        "routine": json_rows(
            f"FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} ORDER BY ROUTINE_TYPE, ROUTINE_NAME",
            schema="ROUTINE_SCHEMA",
            name="ROUTINE_NAME",
            definer="DEFINER",
            table="NULL",
        ),
        "trigger": json_rows(
            f"FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {name} ORDER BY TRIGGER_NAME",
            schema="TRIGGER_SCHEMA",
            name="TRIGGER_NAME",
            definer="DEFINER",
            table="EVENT_OBJECT_TABLE",
        ),
        "event": json_rows(
            f"FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name} ORDER BY EVENT_NAME",
            schema="EVENT_SCHEMA",
            name="EVENT_NAME",
            definer="DEFINER",
            table="NULL",
        ),
    }


def bounds(database: str, table: str, column: str) -> str:
    name = identifier(column)
    return json_rows(f"FROM {identifier(database, table)}", lowest=f"MIN({name})", highest=f"MAX({name})")


def openings(tables: Sequence[tuple[str, str]]) -> list[str]:
    """Statements that open the tables (database, table) and read no row of them."""
    selects = [f"(SELECT 1 FROM {identifier(*names)} LIMIT 0)" for names in tables]  # noqa: S608
    parts = [selects[start : start + TABLES_A_STATEMENT] for start in range(0, len(selects), TABLES_A_STATEMENT)]
    return [" UNION ALL ".join(part) for part in parts]


def row_counts(tables: Sequence[tuple[str, str]]) -> list[str]:
    """Statements that count the rows of (database, table): each row has the place in the list and the number."""
    statements = []
    for start in range(0, len(tables), TABLES_A_STATEMENT):
        part = enumerate(tables[start : start + TABLES_A_STATEMENT], start)
        selects = [f"SELECT {place}, COUNT(*) FROM {identifier(*names)}" for place, names in part]  # noqa: S608
        statements.append(" UNION ALL ".join(selects))
    return statements
