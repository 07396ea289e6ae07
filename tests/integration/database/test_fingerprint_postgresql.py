# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_fingerprint between real servers: whatever differs is named, and what is equal is equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fingerprint_module import Fingerprint
from postgresql_cluster import Cluster

TWIN = "acme_twin"
ORIGINAL = "twin_original"
CONTENT = """
CREATE DOMAIN body AS text;
CREATE TABLE messages (
  id bigserial PRIMARY KEY, a text, b varchar(90), f double precision, n numeric, j jsonb, k bytea, d body);
INSERT INTO messages (a, b, f, n, j, k, d)
SELECT 'a' || g, CASE WHEN g % 3 = 0 THEN '' END, 0.1 * g, g, '{"z": 1}', decode(md5(g::text), 'hex'), 'd' || g
FROM generate_series(1, 1000) g;
CREATE TABLE log (t text);
INSERT INTO log SELECT 'twice' FROM generate_series(1, 2);
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 3);
CREATE TABLE large (id int, a text, k bytea);
INSERT INTO large SELECT 1, repeat('x', 4200000), decode(repeat('00', 4200000), 'hex');
SELECT lo_from_bytea(900001, decode(repeat('00', 1500000), 'hex'));
SELECT lo_from_bytea(900002, '');
"""


@pytest.fixture(scope="module")
def originals(source: Cluster, target_cluster: Cluster) -> Iterator[None]:
    """The same database made on both servers, on the target under a name that it is cloned from."""
    for cluster, name in ((source, TWIN), (target_cluster, ORIGINAL)):
        cluster.sql(f"CREATE DATABASE {name}")
        cluster.sql(CONTENT, name)
    yield
    target_cluster.sql(f"DROP DATABASE {ORIGINAL}")
    source.sql(f"DROP DATABASE {TWIN}")


@pytest.fixture
def twin(originals: None, target_cluster: Cluster) -> Iterator[Cluster]:
    target_cluster.sql(f"CREATE DATABASE {TWIN} TEMPLATE {ORIGINAL}")
    yield target_cluster
    target_cluster.sql(f"DROP DATABASE {TWIN} WITH (FORCE)")


@pytest.mark.parametrize("method", ["hashtext", "md5"])
def test_twins_are_equal(method: str, twin: Cluster, fingerprint: Fingerprint, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint.hash_with(method, monkeypatch)
    result = fingerprint("compared", databases=[TWIN], require_held=False)
    assert not result["failed"], result["msg"]
    assert result["changed"] is False
    assert result["equal"] is True
    assert result["databases"] == [{"name": TWIN, "tables": 4, "rows": 1006, "equal": True, "differences": []}]


SAME_COUNT = "rows on both, but not the same ones"
MUTATIONS = {
    "a changed byte": (
        "UPDATE messages SET k = set_byte(k, 9, get_byte(k, 9) # 1) WHERE id = 500",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "a dropped row": (
        "DELETE FROM messages WHERE id = 7",
        "table public.messages has 1000 rows on the source and 999 on the target",
    ),
    "values swapped between two rows": (
        "UPDATE messages SET a = 'a' || 3 - id WHERE id IN (1, 2)",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "values swapped between two columns": (
        "UPDATE messages SET a = d, d = a WHERE id = 4",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "nothing instead of an empty text": (
        "UPDATE messages SET b = NULL WHERE id = 3",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "an empty text instead of nothing": (
        "UPDATE messages SET b = '' WHERE id = 1",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "text that looks like two columns": (
        """UPDATE messages SET a = 'a1,""' WHERE id = 1""",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "the last digit of a number": (
        "UPDATE messages SET f = 0.15000000000000004 + 1e-16 WHERE id = 3",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "a number of another scale": (
        "UPDATE messages SET n = 1.0 WHERE id = 1",
        f"table public.messages has 1000 {SAME_COUNT}",
    ),
    "another pair of equal rows": ("UPDATE log SET t = 'both'", f"table public.log has 2 {SAME_COUNT}"),
    "the last byte of a large value": (
        "UPDATE large SET k = set_byte(k, 4199999, 1)",
        f"table public.large has 1 {SAME_COUNT}",
    ),
    "the last character of a large text": (
        "UPDATE large SET a = left(a, 4199999) || 'y'",
        f"table public.large has 1 {SAME_COUNT}",
    ),
    "another column type": (
        "ALTER TABLE log ALTER t TYPE varchar(99)",
        "table public.log has the columns t text on the source and t character varying(99) on the target",
    ),
    "a missing table": ("DROP TABLE log", "table public.log is only on the source"),
    "one more table": ("CREATE TABLE more (id int)", "table public.more is only on the target"),
    "a shifted sequence": (
        "SELECT nextval('messages_id_seq')",
        "sequence public.messages_id_seq stands at 1000 (used) on the source and at 1001 (used) on the target",
    ),
    "a sequence that would give its number again": (
        "SELECT setval('messages_id_seq', 1000, false)",
        "sequence public.messages_id_seq stands at 1000 (used) on the source and at 1000 (not yet used) on the target",
    ),
    "a byte in a large object": (
        r"SELECT lo_put(900001, 1400000, '\x01')",
        f"large objects has 2 {SAME_COUNT}",
    ),
    "a missing large object": (
        "SELECT lo_unlink(900002)",
        "large objects has 2 rows on the source and 1 on the target",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_differences_are_named(mutation: str, twin: Cluster, fingerprint: Fingerprint) -> None:
    statement, sentence = MUTATIONS[mutation]
    twin.sql(statement, TWIN)
    result = fingerprint("compared", databases=[TWIN], require_held=False)
    assert result["failed"]
    assert result["equal"] is False
    assert sentence in result["msg"]
    assert f"{TWIN}: " in result["msg"]
    assert f"127.0.0.1:{twin.port}" in result["msg"]
    differences = result["databases"][0]["differences"]
    assert len(differences) == 1
    assert differences[0]["text"] == sentence
    assert (differences[0]["hash_source"], differences[0]["rows_source"]) != (
        differences[0]["hash_target"],
        differences[0]["rows_target"],
    ) or "columns" in sentence


@pytest.mark.parametrize("mutation", ["a changed byte", "the last byte of a large value", "a byte in a large object"])
def test_differences_are_found_with_the_older_hash(
    mutation: str, twin: Cluster, fingerprint: Fingerprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint.hash_with("md5", monkeypatch)
    statement, sentence = MUTATIONS[mutation]
    twin.sql(statement, TWIN)
    assert sentence in fingerprint("compared", databases=[TWIN], require_held=False)["msg"]


def test_one_server_alone(twin: Cluster, fingerprint: Fingerprint) -> None:
    before = fingerprint("read", databases=[TWIN])
    assert fingerprint("read", databases=[TWIN], _ansible_check_mode=True)["databases"] == before["databases"]
    database = before["databases"][0]
    assert (database["name"], database["tables"], database["rows"]) == (TWIN, 4, 1006)
    items = {item["name"]: item for item in database["contents"]}
    assert items["public.messages_id_seq"]["hash"] == "1000 (used)"
    assert items["public.no_columns"]["rows"] == 3
    twin.sql("UPDATE log SET t = 'other'", TWIN)
    after = {item["name"]: item for item in fingerprint("read", databases=[TWIN])["databases"][0]["contents"]}
    assert [name for name in items if items[name] != after[name]] == ["public.log"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": ["acme_none"]}, "has no database acme_none."),
        ({"databases": [TWIN], "password": "wrong"}, "password authentication failed"),
        ({"databases": [TWIN], "port": 1}, "Connecting to the database server 127.0.0.1:1 as postgres failed"),
    ],
)
@pytest.mark.parametrize("state", ["read", "held"])
def test_trouble_is_told(
    state: str, options: dict[str, Any], message: str, twin: Cluster, fingerprint: Fingerprint
) -> None:
    result = fingerprint(state, **options)
    assert result["failed"]
    assert message in result["msg"]
    assert "wrong" not in result["msg"]
    assert fingerprint.left_behind() == []
