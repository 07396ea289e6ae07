# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_info hands its options to the engine, and drives psql without a secret in its arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.waba.migration.plugins.modules import database_info

# Writes down how it was called and with which environment, and answers one question after the other.
FAKE_PSQL = """#!{python}
import json, os, sys
if "--version" in sys.argv:
    print(os.path.basename(sys.argv[0]) + " (PostgreSQL) 17.5")
    sys.exit()
service = open(os.environ["PGSERVICEFILE"]).read()
with open({calls!r}, "a") as calls:
    calls.write(json.dumps({{"argv": sys.argv, "environment": dict(os.environ), "service": service}}) + "\\n")
database = sys.argv[-1].split("dbname=")[1].strip("'")
answers = json.load(open({answers!r}))[database]
for line in sys.stdin:
    if line.rstrip().endswith(";"):
        print(json.dumps(answers.pop(0)), flush=True)
"""
SERVER = {
    "version": "17.5",
    "version_num": 170005,
    "user": "wa",
    "superuser": False,
    "createdb": True,
    "in_recovery": False,
    "max_connections": 100,
    "ssl": True,
    "data_directory": None,
    "port": 5432,
    "started": 1,
}


def database(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "owner": "wa",
        "encoding": "UTF8",
        "collate": "C.UTF-8",
        "ctype": "C.UTF-8",
        "provider": "libc",
        "size_bytes": 1000,
        "sessions": [],
        "comment": None,
        "connectable": True,
    }


INVENTORY = {
    "tables": [
        {"oid": 1, "schema": "public", "name": "t", "bytes": 8192, "pages": 1, "estimate": 5.0, "condition": ""}
    ],
    "sequences": [["public", "t_id_seq"]],
    "extensions": [{"name": "plpgsql", "version": "1.0"}],
    "event_triggers": 0,
    "large_objects": 0,
    "public_schema": True,
}


REPLICATION = {
    "wal_level": "replica",
    "max_slots": 10,
    "used_slots": 0,
    "max_senders": 10,
    "used_senders": 0,
    "slot_limit": 10240,
    "version_num": 170005,
    "user": "wa",
    "superuser": False,
    "replication": True,
}
CONTENTS = {
    "keyless": [{"schema": "public", "name": "t", "has_key": False, "index": None}],
    "unlogged": [],
    "user": "wa",
    "other_owners": [],
    "may_create": True,
    "large_objects": 0,
}


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    import sys

    path = tmp_path / "calls"
    answers = {
        "postgres": [SERVER, [database("acme_waweb"), database("acme_old"), database("postgres")], [], REPLICATION],
        "acme_waweb": [INVENTORY, [["public", "users"], ["public", "tokens"]], [17], CONTENTS],
        "acme_old": [[["public", "x"]]],
    }
    (tmp_path / "answers").write_text(json.dumps(answers))
    text = FAKE_PSQL.format(python=sys.executable, calls=str(path), answers=str(tmp_path / "answers"))
    for tool in ("psql", "pg_dump", "pg_restore"):
        (tmp_path / tool).write_text(text)
        (tmp_path / tool).chmod(0o755)
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


def test_info(
    run_module: Callable[..., dict[str, Any]], calls: Callable[[], list[dict[str, Any]]], tmp_path: Path
) -> None:
    result = run_module(
        database_info.main,
        {
            "login_host": "db-old",
            "login_user": "wa",
            "login_password": "s3cret",
            "ssl_mode": "require",
            "prefix": "acme_",
            "count_rows": True,
            "bin_directory": str(tmp_path),
        },
    )
    assert result["changed"] is False
    assert [(each["name"], each["store"], each["auth"]) for each in result["databases"]] == [
        ("acme_waweb", "waweb", True)
    ]
    assert result["databases"][0]["tables"] == [{"schema": "public", "name": "t", "rows": 17, "bytes": 8192}]
    assert [(each["name"], each["auth_schema"]) for each in result["foreign"]] == [("acme_old", False)]
    assert result["missing"][0] == "acme_messageStore"
    assert result["server"]["free_bytes"] is None
    assert result["tools"] == {"psql": "17.5", "pg_dump": "17.5", "pg_restore": "17.5"}

    assert [(each["database"], each["statement"], each["restart"]) for each in result["live_obstacles"]] == [
        (None, "ALTER SYSTEM SET wal_level = 'logical'", True),
        ("acme_waweb", 'ALTER TABLE "public"."t" REPLICA IDENTITY FULL', False),
    ]

    made = calls()
    assert sorted(call["argv"][-1] for call in made) == [
        "service='server' dbname='acme_old'",
        "service='server' dbname='acme_waweb'",
        "service='server' dbname='postgres'",
    ]
    for call in made:
        assert call["argv"][1:-1] == [
            "--no-psqlrc",
            "--no-password",
            "--no-align",
            "--tuples-only",
            "--set",
            "ON_ERROR_STOP=1",
            "--quiet",
            "--dbname",
        ]
        assert "s3cret" not in json.dumps(call)
        assert "-c default_transaction_read_only=on" in call["service"]
        assert not Path(call["environment"]["PGSERVICEFILE"]).exists()


def test_error(run_module: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    psql = tmp_path / "psql"
    psql.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "psql (PostgreSQL) 17.5";; *) echo refused >&2; exit 2;; esac\n'
    )
    psql.chmod(0o755)
    result = run_module(
        database_info.main,
        {
            "login_host": "db-old",
            "login_user": "wa",
            "login_password": "s3cret",
            "ssl_mode": "disable",
            "bin_directory": str(tmp_path),
        },
    )
    assert result["failed"] is True
    assert (
        result["msg"] == "Connecting to the database server db-old:5432 as wa failed: psql ended with status 2: refused"
    )
