# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a name or a password holds, it arrives as it is."""

from __future__ import annotations

from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import replica_sql


def test_publication_of_the_tables_that_are_there() -> None:
    assert (
        replica_sql.create_publication("n", [("public", "t"), ("S p", 'a"b')])
        == 'CREATE PUBLICATION "n" FOR TABLE ONLY "public"."t", ONLY "S p"."a""b"'
    )
    assert replica_sql.create_publication("n", []) == 'CREATE PUBLICATION "n"'


def test_connection_of_the_new_server() -> None:
    link = Server("db-old", 5433, "n", r"pass'word \ x", "verify-full")
    text = replica_sql.source_conninfo(link, "/etc/ssl/ca.pem", "acme x'y")
    assert text.startswith(r"host='db-old' port='5433' user='n' password='pass\'word \\ x' dbname='acme x\'y' ")
    assert "sslmode='verify-full' sslrootcert='/etc/ssl/ca.pem'" in text
    assert "sslrootcert" not in replica_sql.source_conninfo(link, None, "x")


def test_subscription_copies_nothing_and_creates_no_slot() -> None:
    assert replica_sql.create_subscription("n", "n_1", "host='x' password='it''s'") == (
        "CREATE SUBSCRIPTION \"n\" CONNECTION 'host=''x'' password=''it''''s''' PUBLICATION \"n\" "
        "WITH (create_slot = false, slot_name = 'n_1', copy_data = false, enabled = true)"
    )


def test_way_back_is_confirmed_at_once_and_begins_where_it_was() -> None:
    statement = replica_sql.create_subscription("n", "n_1", "host='x'", confirm_at_once=True)
    assert statement.endswith("copy_data = false, enabled = true, synchronous_commit = 'on')")
    assert replica_sql.begin_slot("n_1").endswith("FROM pg_create_logical_replication_slot('n_1', 'pgoutput')")
    assert replica_sql.connect_anew("n", "host=x") == [
        "ALTER SUBSCRIPTION \"n\" CONNECTION 'host=x'",
        'ALTER SUBSCRIPTION "n" ENABLE',
    ]


def test_sequences() -> None:
    assert replica_sql.set_sequences([(("public", "a'b"), 10**15, True), (("s", "c"), 1, False)]) == (
        "SELECT to_jsonb(count(v)) FROM (SELECT setval('\"public\".\"a''b\"'::regclass, 1000000000000000, true) AS v "
        'UNION ALL SELECT setval(\'"s"."c"\'::regclass, 1, false) AS v) calls'
    )


def test_slots_are_found_by_the_whole_of_their_name() -> None:
    assert "slot_name ~ '^acme_[0-9a-f]{12}$'" in replica_sql.slots_of("acme")
