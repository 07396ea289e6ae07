# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large in one way or the other: a row of 100 MB, and 3,000 tables. What others have beside it stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from fingerprint_module import Fingerprint
from postgresql_cluster import Cluster, assert_same

LARGE = "acme_large"
# Each begins like ours, as strings or as patterns do.
FOREIGN = ["acme_large2", "acme2_large", "acmeXlarge", "acme"]
TABLES = 3000
CONTENT = f"""
CREATE TABLE hundred (id int PRIMARY KEY, body bytea);
ALTER TABLE hundred ALTER body SET STORAGE EXTERNAL;
INSERT INTO hundred
SELECT 1, decode(string_agg(repeat(md5(g::text), 64), ''), 'hex') FROM generate_series(1, 102400) g;
DO $$BEGIN
  FOR n IN 1..{TABLES} LOOP
    EXECUTE format('CREATE TABLE many_%s (id serial PRIMARY KEY, t text)', n);
    EXECUTE format('INSERT INTO many_%s (t) SELECT %L FROM generate_series(1, %s)', n, 'text ' || n, n % 4);
    IF n % 500 = 0 THEN COMMIT; END IF;
  END LOOP;
END$$;
"""

# How often anybody has been in one of the foreign databases.
VISITS = "SELECT datname, sessions FROM pg_stat_database WHERE datname = ANY ('{" + ",".join(FOREIGN) + "}') ORDER BY 1"


@pytest.fixture(scope="module")
def large(source: Cluster) -> Iterator[str]:
    source.sql(f"CREATE DATABASE {LARGE}")
    statements = CONTENT.split("DO $$", 1)
    source.sql(statements[0], LARGE)
    source.sql("DO $$" + statements[1], LARGE)
    yield LARGE
    source.sql(f"DROP DATABASE {LARGE}")


def test_large_database_beside_foreign_ones(
    source: Cluster,
    target: Cluster,
    large: str,
    request_for: Callable[..., CopyRequest],
    copy: Callable[[CopyRequest], CopyResult],
    fingerprint: Fingerprint,
) -> None:
    for name in FOREIGN:
        target.sql(f'CREATE DATABASE "{name}"')
        target.sql("CREATE TABLE theirs (id serial, t text); INSERT INTO theirs (t) VALUES ('kept')", name)
        target.sql(f"COMMENT ON DATABASE \"{name}\" IS 'waba.migration test-1'")
    before = {name: target.dump(name) for name in FOREIGN}
    visits = target.sql(VISITS)

    result = copy(request_for(large, jobs=3, replace_marker="waba.migration "))

    assert target.sql(VISITS) == visits
    assert {name: target.dump(name) for name in FOREIGN} == before
    assert target.databases() == sorted([large, *FOREIGN])
    assert len(result.databases[0].tables) == TABLES + 1
    body = "SELECT octet_length(body), sha256(body) FROM hundred"
    assert target.sql(body, large) == source.sql(body, large)
    assert target.sql("SELECT octet_length(body) FROM hundred", large) == ["104857600"]
    assert_same(source, target, large)
    compared = fingerprint("compared", databases=[large], require_held=False)
    assert not compared["failed"], compared["msg"]
    assert (compared["databases"][0]["tables"], compared["databases"][0]["rows"]) == (TABLES + 1, TABLES * 3 // 2 + 1)
