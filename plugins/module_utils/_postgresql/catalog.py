# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the catalogues, each answered with one line of JSON. Private; may change at any time.

Columns that only some releases have are read through C(to_jsonb(row)), so that one text serves all releases from 10 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import APPLICATION_PREFIX
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier, literal

SERVER = """
SELECT jsonb_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'version_num', current_setting('server_version_num')::int,
  'user', current_user,
  'superuser', r.rolsuper,
  'createdb', r.rolsuper OR r.rolcreatedb,
  'in_recovery', pg_is_in_recovery(),
  'max_connections', current_setting('max_connections')::int,
  'ssl', coalesce((SELECT s.ssl FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()), false),
  'data_directory', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
  'port', current_setting('port')::int,
  'started', extract(epoch FROM pg_postmaster_start_time())::bigint)
FROM pg_roles r WHERE r.rolname = current_user
"""

ROLES = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'name', rolname, 'superuser', rolsuper, 'createdb', rolcreatedb, 'createrole', rolcreaterole, 'login', rolcanlogin)
  ORDER BY rolname), '[]')
FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'
"""

DATABASES = f"""
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'name', d.datname,
  'owner', pg_get_userbyid(d.datdba),
  'encoding', pg_encoding_to_char(d.encoding),
  'collate', d.datcollate,
  'ctype', d.datctype,
  'provider', CASE coalesce(to_jsonb(d)->>'datlocprovider', 'c')
    WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin' END,
  'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
  'icu_rules', to_jsonb(d)->>'daticurules',
  'connection_limit', d.datconnlimit,
  'connectable', d.datallowconn AND has_database_privilege(d.oid, 'CONNECT'),
  'size_bytes', CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END,
  'comment', shobj_description(d.oid, 'pg_database'),
  'settings', coalesce((SELECT to_jsonb(s.setconfig) FROM pg_db_role_setting s
                        WHERE s.setdatabase = d.oid AND s.setrole = 0), '[]'),
  'sessions', coalesce((SELECT jsonb_agg(jsonb_build_object(
      'user', a.usename, 'address', a.client_addr, 'application', a.application_name))
    FROM pg_stat_activity a
    WHERE a.datid = d.oid AND a.backend_type = 'client backend'
      AND strpos(a.application_name, {literal(APPLICATION_PREFIX)}) <> 1), '[]')
) ORDER BY d.datname), '[]')
FROM pg_database d WHERE NOT d.datistemplate
"""  # noqa: S608 - the only value is quoted by literal()

ALL_TABLE_NAMES = """
SELECT coalesce(jsonb_agg(jsonb_build_array(n.nspname, c.relname)), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""

# An extension brings its own tables along, except for the rows that it marks as the user's.
MEMBERSHIP = """
LEFT JOIN pg_depend m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid AND m.deptype = 'e'
LEFT JOIN pg_extension e ON e.oid = m.refobjid
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
  AND (e.oid IS NULL OR c.oid = ANY (e.extconfig))
"""

INVENTORY = f"""
SELECT jsonb_build_object(
  'tables', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname,
      'bytes', pg_table_size(c.oid), 'estimate', c.reltuples,
      'pages', pg_relation_size(c.oid) / current_setting('block_size')::int,
      'condition', coalesce(e.extcondition[array_position(e.extconfig, c.oid)], '')
    ) ORDER BY n.nspname, c.relname), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP} AND c.relkind = 'r'),
  'sequences', (
    SELECT coalesce(jsonb_agg(jsonb_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP} AND c.relkind = 'S'),
  'extensions', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', extname, 'version', extversion) ORDER BY extname), '[]')
    FROM pg_extension),
  'event_triggers', (SELECT count(*) FROM pg_event_trigger),
  'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
  'public_schema', EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public'))
"""  # noqa: S608 - put together of constants

IS_EMPTY = "SELECT to_jsonb(NOT EXISTS (SELECT FROM pg_class WHERE oid >= 16384))"

LARGE_TABLES = """
SELECT coalesce(jsonb_agg(c.oid::regclass), '[]') FROM pg_class c
WHERE c.relkind = 'r' AND c.oid >= 16384 AND pg_table_size(c.oid) > 1000000
"""

# Numbers of things, by kind and, where it belongs to a table, by table. NOT NULL constraints have a row of their own
# from 18 on, and foreign keys on partitions from 12 on: neither says anything about a copy.
STRUCTURE = f"""
WITH r AS (
  SELECT c.oid, c.relkind, n.nspname || '.' || c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP}
), counts AS (
  SELECT CASE relkind WHEN 'r' THEN 'tables' WHEN 'p' THEN 'partitioned tables' WHEN 'v' THEN 'views'
    WHEN 'm' THEN 'materialized views' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'foreign tables' END AS kind,
    count(*) AS n
  FROM r WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') GROUP BY 1
  UNION ALL
  SELECT 'indexes of ' || r.name, count(*) FROM pg_index i JOIN r ON r.oid = i.indrelid WHERE i.indisvalid GROUP BY 1
  UNION ALL
  SELECT 'constraints of ' || r.name, count(*) FROM pg_constraint k JOIN r ON r.oid = k.conrelid
  WHERE k.contype <> 'n' AND coalesce(to_jsonb(k)->>'conparentid', '0') = '0' GROUP BY 1
  UNION ALL
  SELECT 'triggers of ' || r.name, count(*) FROM pg_trigger t JOIN r ON r.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t)->>'tgparentid', '0') = '0' GROUP BY 1
  UNION ALL
  SELECT 'columns of ' || r.name, count(*) FROM pg_attribute a JOIN r ON r.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p') GROUP BY 1
  UNION ALL
  SELECT 'functions', count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend m
      WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND m.deptype = 'e')
  HAVING count(*) > 0
  UNION ALL
  SELECT 'large objects', count(*) FROM pg_largeobject_metadata HAVING count(*) > 0
)
SELECT coalesce(jsonb_object_agg(kind, n), '{{}}') FROM counts
"""  # noqa: S608 - put together of constants

# By the name of each relation, what its columns are.
DEFINITIONS = f"""
SELECT coalesce(jsonb_object_agg(n.nspname || '.' || c.relname, c.relkind::text || ' ' || coalesce((
  SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')), '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
"""  # noqa: S608 - put together of constants

# Binary rows carry the numbers of user-defined types inside of arrays, rows and ranges, and reg* values are such
# numbers themselves: another server gives these numbers anew, so such a column has to travel as text.
COLUMNS = """
WITH RECURSIVE resolved AS (
  SELECT oid AS type, oid AS base FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT d.oid, r.base FROM pg_type d JOIN resolved r ON r.type = d.typbasetype WHERE d.typtype = 'd'
), safe AS (
  SELECT r.type, t.typtype = 'e' OR (t.oid < 16384 AND t.typtype IN ('b', 'r', 'm')
    AND t.typsend <> 0 AND t.typreceive <> 0 AND t.typname NOT LIKE 'reg%' AND t.typname NOT LIKE '\\_reg%') AS binary
  FROM resolved r JOIN pg_type t ON t.oid = r.base
)
SELECT coalesce(jsonb_object_agg(c.oid::bigint, jsonb_build_object(
  'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND coalesce(to_jsonb(a)->>'attgenerated', '') = ''),
  'binary', (SELECT coalesce(bool_and(s.binary), true) FROM pg_attribute a JOIN safe s ON s.type = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND coalesce(to_jsonb(a)->>'attgenerated', '') = '')
)), '{{}}')
FROM pg_class c WHERE c.oid IN ({oids})
"""

Item = TypeVar("Item")

# A statement of this many tables is planned fast and stays far from the server's limits.
TABLES_A_STATEMENT = 200


def columns_of(oids: Sequence[int]) -> str:
    return COLUMNS.format(oids=", ".join(str(int(oid)) for oid in oids))


def row_counts(tables: Sequence[tuple[str, str, str]]) -> list[str]:
    """Statements that count the rows of (schema, name, condition), in this order."""
    return [
        _in_order(
            "n",
            [
                f"SELECT {number} AS i, count(*) AS n FROM ONLY {identifier(schema, name)} {condition}"  # noqa: S608
                for number, (schema, name, condition) in enumerate(part)
            ],
        )
        for part in _parts(tables)
    ]


def sequence_states(sequences: Sequence[tuple[str, str]]) -> list[str]:
    """Statements that read (last_value, is_called) of each sequence, in this order."""
    return [
        _in_order(
            "jsonb_build_array(v, c)",
            [
                f"SELECT {number} AS i, last_value AS v, is_called AS c FROM {identifier(*names)}"  # noqa: S608
                for number, names in enumerate(part)
            ],
        )
        for part in _parts(sequences)
    ]


def _in_order(value: str, selects: Sequence[str]) -> str:
    return f"SELECT jsonb_agg({value} ORDER BY i) FROM ({' UNION ALL '.join(selects)}) parts"  # noqa: S608


def _parts(items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[start : start + TABLES_A_STATEMENT] for start in range(0, len(items), TABLES_A_STATEMENT)]
