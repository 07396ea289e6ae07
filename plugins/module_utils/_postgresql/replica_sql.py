# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and statements of logical replication. Private; may change at any time.

Facts: PostgreSQL manual, "Logical Replication", "Streaming Replication Protocol" (CREATE_REPLICATION_SLOT),
"pg_replication_slots", "pg_subscription". Columns that only some releases have are read through C(to_jsonb(row)).
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql.catalog import MEMBERSHIP
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import APPLICATION_PREFIX
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import conninfo, identifier, literal

# By this comment a later run knows the account for one of its own.
ACCOUNT_COMMENT = "waba.migration: fetches changes while databases are moved"
# How the names of slots end, see slot_name().
SLOT_ENDING = "_[0-9a-f]{12}$"
NO_FILE = "/nonexistent"
# The password is in the statement that makes a subscription, and shall be in no log.
LOG_NOTHING = (
    "SET log_statement = 'none'",
    "SET log_min_duration_statement = -1",
    "SET log_min_error_statement = 'panic'",
)

# What a row is found by when it is changed or deleted: a key, or what somebody has chosen in its place.
DATABASE_FACTS = """
WITH t AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relpersistence, c.relreplident, c.relowner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
)
SELECT jsonb_build_object(
  'keyless', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('schema', schema, 'name', name,
      'has_key', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary),
      'index', (SELECT min(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = t.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_attribute a
            WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull))
      ) ORDER BY schema, name), '[]')
    FROM t WHERE relpersistence = 'p' AND NOT (relreplident = 'f'
      OR relreplident = 'd' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
      OR relreplident = 'i' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisreplident))),
  'unlogged', (
    SELECT coalesce(jsonb_agg(jsonb_build_array(schema, name) ORDER BY schema, name), '[]')
    FROM t WHERE relpersistence = 'u' AND pg_relation_size(oid) > 0),
  'user', current_user,
  'other_owners', (
    SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(relowner)), '[]')
    FROM t WHERE NOT pg_has_role(relowner, 'USAGE')),
  'may_create', has_database_privilege(current_database(), 'CREATE'),
  'large_objects', (SELECT count(*) FROM pg_largeobject_metadata))
"""

TARGET_FACTS = """
SELECT jsonb_build_object(
  'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  'max_workers', current_setting('max_logical_replication_workers')::int,
  'used_workers', (SELECT count(*) FROM pg_subscription WHERE subenabled),
  'max_processes', current_setting('max_worker_processes')::int,
  'max_origins', coalesce((SELECT setting::int FROM pg_settings WHERE name = 'max_active_replication_origins'),
    current_setting('max_replication_slots')::int),
  'used_origins', (SELECT count(*) FROM pg_replication_origin))
"""

PUBLISHED_TABLES = f"""
SELECT coalesce(jsonb_agg(jsonb_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP}
  AND c.relkind = 'r' AND c.relpersistence = 'p'
"""  # noqa: S608 - put together of constants

# The same with what tells whether anything was defined, changed or dropped since: rows of the catalogue that were
# written anew. Counters that the server keeps there for itself are written in place.
SCHEMA_MARK = """
SELECT jsonb_build_array(
  (SELECT md5(coalesce(string_agg(oid || ':' || xmin, ',' ORDER BY oid), '')) FROM pg_class
    WHERE oid >= 16384 AND relpersistence <> 't'),
  (SELECT md5(coalesce(string_agg(oid || ':' || xmin, ',' ORDER BY oid), '')) FROM pg_proc WHERE oid >= 16384),
  (SELECT md5(coalesce(string_agg(oid || ':' || xmin, ',' ORDER BY oid), '')) FROM pg_constraint WHERE oid >= 16384))
"""


def source_facts(names: Sequence[str]) -> str:
    """What a server can do, and what of it is in use by others than these databases' own replication."""
    own = f"s.slot_name ~ {literal(SLOT_ENDING)} AND s.database IN ({_listed(names)})"
    return f"""
SELECT jsonb_build_object(
  'wal_level', current_setting('wal_level'),
  'max_slots', current_setting('max_replication_slots')::int,
  'used_slots', (SELECT count(*) FROM pg_replication_slots s WHERE ({own}) IS NOT TRUE),
  'max_senders', current_setting('max_wal_senders')::int,
  'used_senders', (SELECT count(*) FROM pg_stat_replication r
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND {own})),
  'slot_limit', (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size'),
  'version_num', current_setting('server_version_num')::int,
  'user', current_user,
  'superuser', r.rolsuper,
  'replication', r.rolsuper OR r.rolreplication)
FROM pg_roles r WHERE r.rolname = current_user"""  # noqa: S608 - quoted by literal()


def databases(names: Sequence[str]) -> str:
    """Without sizes, which take long to add up."""
    return f"""
SELECT coalesce(jsonb_object_agg(d.datname, jsonb_build_object(
  'encoding', pg_encoding_to_char(d.encoding), 'comment', shobj_description(d.oid, 'pg_database'))), '{{}}')
FROM pg_database d WHERE d.datname IN ({_listed(names)})"""  # noqa: S608 - quoted by literal()


def slots(names: Sequence[str]) -> str:
    return f"""
SELECT coalesce(jsonb_object_agg(s.slot_name, jsonb_build_object(
  'database', s.database, 'active', s.active,
  'lag', greatest(pg_wal_lsn_diff(w.lsn, s.confirmed_flush_lsn), 0)::bigint,
  'retained', greatest(pg_wal_lsn_diff(w.lsn, s.restart_lsn), 0)::bigint,
  'lost', coalesce(to_jsonb(s)->>'wal_status', '') = 'lost')), '{{}}')
FROM pg_replication_slots s, (SELECT pg_current_wal_flush_lsn() AS lsn) w WHERE s.slot_name IN ({_listed(names)})"""  # noqa: S608 - quoted by literal()


def slots_of(name: str) -> str:
    """Names of slots, by database: whatever databases they are of, since nobody else names one like this."""
    return f"""
SELECT coalesce(jsonb_object_agg(slot_name, database), '{{}}') FROM pg_replication_slots
WHERE slot_name ~ {literal("^" + name + SLOT_ENDING)}"""  # noqa: S608 - quoted by literal()


def retained(names: Sequence[str]) -> str:
    return f"""
SELECT to_jsonb(coalesce(max(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn)), 0)::bigint)
FROM pg_replication_slots WHERE slot_name IN ({_listed(names)})"""  # noqa: S608 - quoted by literal()


def not_reached(names: Sequence[str], position: str) -> str:
    """How many of the slots have not been told yet that everything up to the position is safe on the other side."""
    return f"""
SELECT to_jsonb({len(names)} - count(*)) FROM pg_replication_slots
WHERE slot_name IN ({_listed(names)}) AND confirmed_flush_lsn >= {literal(position)}::pg_lsn"""  # noqa: S608


def end_senders(slot_names: Sequence[str]) -> str:
    return f"""
SELECT to_jsonb(count(pg_terminate_backend(active_pid))) FROM pg_replication_slots
WHERE active AND slot_name IN ({_listed(slot_names)})"""  # noqa: S608 - quoted by literal()


def drop_inactive(slot_names: Sequence[str]) -> str:
    """Drops what can be dropped, and says how many are left."""
    return f"""
WITH own AS (SELECT slot_name, active FROM pg_replication_slots WHERE slot_name IN ({_listed(slot_names)})),
  dropped AS (SELECT pg_drop_replication_slot(slot_name) FROM own WHERE NOT active)
SELECT to_jsonb((SELECT count(*) FROM own) - (SELECT count(*) FROM dropped))"""  # noqa: S608 - quoted by literal()


def create_slot(slot: str) -> str:
    return f"CREATE_REPLICATION_SLOT {identifier(slot)} LOGICAL pgoutput EXPORT_SNAPSHOT"


def begin_slot(slot: str) -> str:
    """The same by an ordinary session, from now on."""
    return f"SELECT to_jsonb(lsn::text) FROM pg_create_logical_replication_slot({literal(slot)}, 'pgoutput')"  # noqa: S608


def create_publication(name: str, tables: Sequence[tuple[str, str]]) -> str:
    """Of the tables that are there, not of all that may come.

    A table that appears later and has no key could not be changed any more by the client when it is published.
    """
    listed = ", ".join(f"ONLY {identifier(*table)}" for table in tables)
    return f"CREATE PUBLICATION {identifier(name)}" + (f" FOR TABLE {listed}" if tables else "")


def published(name: str) -> str:
    """Tables of the publication, null when there is none."""
    return f"""
SELECT coalesce((SELECT (SELECT coalesce(jsonb_agg(jsonb_build_array(t.schemaname, t.tablename)
    ORDER BY t.schemaname, t.tablename), '[]') FROM pg_publication_tables t WHERE t.pubname = p.pubname)
  FROM pg_publication p WHERE p.pubname = {literal(name)}), 'null')"""  # noqa: S608 - quoted by literal()


def subscriptions(name: str) -> str:
    """By database; only an administrator sees them all."""
    return f"""
SELECT coalesce(jsonb_object_agg(d.datname, jsonb_build_object(
  'enabled', s.subenabled, 'synchronous', s.subsynccommit <> 'off', 'slot', s.subslotname,
  'working', EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subid = s.oid AND w.pid IS NOT NULL))), '{{}}')
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE s.subname = {literal(name)}"""  # noqa: S608


def apply_errors(name: str) -> str:
    """From release 15 on; by database."""
    return f"""
SELECT coalesce(jsonb_object_agg(d.datname, e.apply_error_count), '{{}}')
FROM pg_stat_subscription_stats e JOIN pg_subscription s ON s.oid = e.subid JOIN pg_database d ON d.oid = s.subdbid
WHERE s.subname = {literal(name)}"""  # noqa: S608 - quoted by literal()


def source_conninfo(link: Server, certificate: str | None, database: str) -> str:
    return conninfo(
        {
            "host": link.host,
            "port": str(link.port),
            "user": link.user,
            "password": link.password,
            "dbname": database,
            "sslmode": link.ssl_mode,
            **({"sslrootcert": certificate} if certificate else {}),
            # Or a certificate is looked for in the home directory, which may be root's, where the server may not look.
            "sslcert": NO_FILE,
            "connect_timeout": "10",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
        }
    )


def create_subscription(name: str, slot: str, source: str, confirm_at_once: bool = False) -> str:
    """Changes are confirmed late unless they are told to be confirmed at once, which makes catching up slower."""
    options = f"create_slot = false, slot_name = {literal(slot)}, copy_data = false, enabled = true"
    if confirm_at_once:
        options += ", synchronous_commit = 'on'"
    return (
        f"CREATE SUBSCRIPTION {identifier(name)} CONNECTION {literal(source)} PUBLICATION {identifier(name)} "
        f"WITH ({options})"
    )


def try_subscription(name: str, source: str) -> list[str]:
    """Connects as a subscription would, from server to server, and leaves nothing."""
    options = "create_slot = false, slot_name = NONE, copy_data = false, enabled = false"
    return [
        "BEGIN",
        f"CREATE SUBSCRIPTION {identifier(name)} CONNECTION {literal(source)} PUBLICATION {identifier(name)} "
        f"WITH ({options})",
        "ROLLBACK",
    ]


def connect_anew(name: str, source: str) -> list[str]:
    """With another password. What it has fetched so far, it still knows."""
    own = identifier(name)
    return [f"ALTER SUBSCRIPTION {own} CONNECTION {literal(source)}", f"ALTER SUBSCRIPTION {own} ENABLE"]


def drop_subscription(name: str) -> list[str]:
    """Without a word to the other server, which may be gone."""
    own = identifier(name)
    return [
        f"ALTER SUBSCRIPTION {own} DISABLE",
        f"ALTER SUBSCRIPTION {own} SET (slot_name = NONE)",
        f"DROP SUBSCRIPTION {own}",
    ]


def account(name: str) -> str:
    """The comment of the role of that name, an empty text without one, null when there is no such role."""
    return f"""
SELECT coalesce((SELECT to_jsonb(coalesce(shobj_description(oid, 'pg_authid'), '')) FROM pg_roles
  WHERE rolname = {literal(name)}), 'null')"""  # noqa: S608 - quoted by literal()


def create_account(name: str, verifier: str) -> list[str]:
    role = identifier(name)
    return [
        "BEGIN",
        f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD {literal(verifier)}",
        f"COMMENT ON ROLE {role} IS {literal(ACCOUNT_COMMENT)}",
        "COMMIT",
    ]


def set_password(name: str, verifier: str) -> str:
    return f"ALTER ROLE {identifier(name)} PASSWORD {literal(verifier)}"


def sessions_on(names: Sequence[str], replication_account: str) -> str:
    """Who is connected to the databases, except for ourselves and what follows them."""
    return f"""
SELECT coalesce(jsonb_object_agg(datname, sessions), '{{}}') FROM (
  SELECT datname, jsonb_agg(jsonb_build_object(
    'user', usename, 'address', client_addr, 'application', application_name)) AS sessions
  FROM pg_stat_activity
  WHERE datname IN ({_listed(names)}) AND coalesce(backend_type, 'client backend') = 'client backend'
    AND usename <> {literal(replication_account)}
    AND strpos(coalesce(application_name, ''), {literal(APPLICATION_PREFIX)}) <> 1
  GROUP BY datname) busy"""  # noqa: S608 - quoted by literal()


# Keys whose order is the same on every server: no column of theirs is compared by a collation.
KEYS = """
SELECT coalesce(jsonb_agg(jsonb_build_array(n.nspname, c.relname, k.columns)), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
CROSS JOIN LATERAL (
  SELECT jsonb_agg(a.attname ORDER BY u.position) AS columns, bool_and(a.attcollation = 0) AS alike
  FROM unnest(i.indkey) WITH ORDINALITY u (number, position)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number) k
WHERE c.relkind = 'r' AND k.alike
"""

# It commits at once even where others do not wait for the disk, so that what was committed before it is safe too.
LAST_POSITION = "SELECT to_jsonb(pg_logical_emit_message(true, 'waba.migration', 'cut')::text)"
FLUSHED_POSITION = "SELECT to_jsonb(pg_current_wal_flush_lsn()::text)"


def set_sequences(states: Sequence[tuple[Sequence[str], int, bool]]) -> str:
    """Give (name, last value, whether it was used) to each sequence."""
    calls = [
        f"SELECT setval({literal(identifier(*names))}::regclass, {int(value)}, {'true' if used else 'false'}) AS v"
        for names, value, used in states
    ]
    return f"SELECT to_jsonb(count(v)) FROM ({' UNION ALL '.join(calls)}) calls"  # noqa: S608 - quoted by literal()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(literal(name) for name in names) or "NULL"
