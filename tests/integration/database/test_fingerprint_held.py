# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots that outlive the module: they show the target as it was, and nothing of them is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from background_copy import until
from fingerprint_module import Fingerprint
from postgresql_cluster import PASSWORD, Cluster, children_of, is_alive

NAMES = ["held_messageStore", "held_configStore"]
CONTENT = """
CREATE TABLE messages (id bigserial PRIMARY KEY, body text);
INSERT INTO messages (body) SELECT md5(g::text) FROM generate_series(1, 5000) g;
CREATE TABLE settings (name text, value text);
INSERT INTO settings VALUES ('a', '1');
SELECT lo_from_bytea(900001, 'text');
"""


@pytest.fixture
def twins(source: Cluster, target: Cluster) -> Iterator[list[str]]:
    """The same two databases on both servers."""
    for cluster in (source, target):
        for name in NAMES:
            cluster.sql(f'CREATE DATABASE "{name}"')
            cluster.sql(CONTENT, name)
    yield NAMES
    for name in NAMES:
        source.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def writer(cluster: Cluster, database: str) -> Iterator[None]:
    """A client that never stops writing to everything there is."""
    statement = """
        INSERT INTO messages (body) SELECT 'new' FROM generate_series(1, 20);
        UPDATE messages SET body = 'changed' WHERE id % 50 = 0; DELETE FROM messages WHERE id % 70 = 0;
        UPDATE settings SET value = value || '!'; SELECT lo_put(900001, 0, 'other');
    """
    stopped = threading.Event()

    def write() -> None:
        while not stopped.is_set():
            cluster.sql(statement, database)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_the_target_as_it_was_before_the_first_write(
    source: Cluster, target: Cluster, twins: list[str], fingerprint: Fingerprint
) -> None:
    held = fingerprint("held", databases=twins)
    assert not held["failed"], held["msg"]
    assert held["changed"] is True
    assert held["seconds"] < 5
    with writer(target, "held_messageStore"):
        until(lambda: target.sql("SELECT value FROM settings WHERE value LIKE '1!!%'", "held_messageStore") != [])
        result = fingerprint("compared", databases=twins)

    assert not result["failed"], result["msg"]
    assert result["changed"] is True
    assert result["held"] == held["held"]
    assert [(each["name"], each["rows"], each["equal"]) for each in result["databases"]] == [
        (name, 5001, True) for name in twins
    ]
    assert fingerprint.left_behind() == []

    now = fingerprint("compared", databases=twins, require_held=False)
    assert [each["equal"] for each in now["databases"]] == [False, True]
    assert "table public.settings has 1 rows on both, but not the same ones" in now["msg"]


def test_nasty_database(
    target: Cluster,
    nasty: str,
    request_for: Callable[..., CopyRequest],
    copy: Callable[[CopyRequest], CopyResult],
    fingerprint: Fingerprint,
) -> None:
    """Everything that copies tend to lose has arrived, and is seen although a client is at it."""
    copy(request_for(nasty, jobs=3))
    fingerprint("held", databases=[nasty])
    target.sql(
        "UPDATE kinds SET v = 'changed'; DELETE FROM plain_big WHERE id % 2 = 0; UPDATE parted SET t = 'other'; "
        "INSERT INTO empty_table DEFAULT VALUES; "
        "SELECT nextval('used_once'), lo_unlink(900002), lo_put(900001, 0, 'x')",
        nasty,
    )
    result = fingerprint("compared", databases=[nasty])
    assert not result["failed"], result["msg"]
    now = fingerprint("compared", databases=[nasty], require_held=False)["databases"][0]["differences"]
    assert {difference["name"] for difference in now} == {
        "", "public.empty_table", "public.kinds", "public.parted_2025", "public.parted_2026_0", "public.parted_2026_1",
        "public.parted_rest", "public.plain_big", "public.used_once",
    }  # fmt: skip


def test_a_difference_from_before_the_snapshot_is_found(
    target: Cluster, twins: list[str], fingerprint: Fingerprint
) -> None:
    target.sql("DELETE FROM messages WHERE id = 1", "held_configStore")
    fingerprint("held", databases=twins)
    target.sql("INSERT INTO messages SELECT 1, md5('1')", "held_configStore")
    result = fingerprint("compared", databases=twins)
    assert result["failed"]
    assert (
        "held_configStore: table public.messages has 5000 rows on the source and 4999 on the target." in result["msg"]
    )
    assert fingerprint.left_behind() == []


def test_the_client_is_not_kept_from_anything(target: Cluster, twins: list[str], fingerprint: Fingerprint) -> None:
    fingerprint("held", databases=twins)
    statements = "SET lock_timeout = '2s'; ALTER TABLE settings ADD COLUMN more int; TRUNCATE settings"
    target.sql(statements, "held_messageStore")
    result = fingerprint("compared", databases=twins)
    assert [difference["name"] for difference in result["databases"][0]["differences"]] == ["public.settings"]


def test_a_failure_of_the_source_keeps_the_snapshot(
    source: Cluster, twins: list[str], fingerprint: Fingerprint
) -> None:
    fingerprint("held", databases=twins)
    broken = {**fingerprint.arguments("compared")["source"], "login_port": 1}
    assert "Connection refused" in fingerprint("compared", databases=twins, source=broken)["msg"]
    assert fingerprint("compared", databases=twins)["equal"] is True


def test_held_again_is_held_anew(target: Cluster, twins: list[str], fingerprint: Fingerprint) -> None:
    first = fingerprint("held", databases=twins)
    target.sql("DELETE FROM settings", "held_configStore")
    second = fingerprint("held", databases=twins)
    assert first["held"]["pid"] != second["held"]["pid"]
    assert not is_alive(first["held"]["pid"])
    assert "table public.settings has 1 rows on the source and 0" in fingerprint("compared", databases=twins)["msg"]


def test_released(twins: list[str], fingerprint: Fingerprint) -> None:
    assert fingerprint("released")["changed"] is False
    held = fingerprint("held", databases=twins)
    assert fingerprint("released", _ansible_check_mode=True)["changed"] is True
    assert is_alive(held["held"]["pid"])
    assert fingerprint("released")["changed"] is True
    assert not is_alive(held["held"]["pid"])
    assert fingerprint.left_behind() == []
    assert fingerprint("released")["changed"] is False
    assert "No snapshot is held in" in fingerprint("compared", databases=twins)["msg"]


def test_check_mode_holds_nothing(twins: list[str], fingerprint: Fingerprint) -> None:
    held = fingerprint("held", databases=twins, _ansible_check_mode=True)
    assert held["changed"] is True
    assert held["held"]["databases"] == twins
    assert fingerprint("compared", databases=twins, _ansible_check_mode=True)["changed"] is False
    assert fingerprint.left_behind() == []


def test_time_limit(twins: list[str], fingerprint: Fingerprint) -> None:
    held = fingerprint("held", databases=twins, hold_timeout=2)
    until(lambda: not is_alive(held["held"]["pid"]), 5)
    until(lambda: fingerprint.left_behind() == ["hold"])
    result = fingerprint("compared", databases=twins)
    assert result["failed"]
    assert "is lost: its time limit of 2 s was reached" in result["msg"]
    fingerprint("released")
    assert fingerprint.left_behind() == []


def test_killed_holder(twins: list[str], fingerprint: Fingerprint) -> None:
    held = fingerprint("held", databases=twins)
    os.kill(held["held"]["pid"], signal.SIGKILL)
    until(lambda: fingerprint.left_behind() == ["hold"])
    result = fingerprint("compared", databases=twins)
    assert result["failed"]
    assert f"is lost: the process {held['held']['pid']} that held it is gone; something killed it" in result["msg"]


def test_record_that_vanishes(twins: list[str], fingerprint: Fingerprint) -> None:
    held = fingerprint("held", databases=twins)
    (fingerprint.hold_path / "hold.json").unlink()
    until(lambda: not is_alive(held["held"]["pid"]), 5)
    fingerprint("released")
    assert fingerprint.left_behind() == []


def test_killed_target(target: Cluster, twins: list[str], fingerprint: Fingerprint) -> None:
    fingerprint("held", databases=twins)
    target.kill()
    first = fingerprint("compared", databases=twins)
    assert first["msg"].startswith("Hashing the database held_")
    assert "server closed the connection unexpectedly" in first["msg"]
    second = fingerprint("compared", databases=twins)
    assert "is lost: Hashing the database held_" in second["msg"]
    target.start()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"databases": [*NAMES, "acme_waweb"]}, "are of held_messageStore, held_configStore, not of acme_waweb."),
        ({"databases": NAMES, "port": 1}, ", not of 127.0.0.1:1."),
    ],
)
def test_what_is_not_held(options: dict[str, object], message: str, twins: list[str], fingerprint: Fingerprint) -> None:
    fingerprint("held", databases=twins)
    assert message in fingerprint("compared", **options)["msg"]  # type: ignore[arg-type]


def test_directory_of_somebody_else(twins: list[str], fingerprint: Fingerprint) -> None:
    fingerprint.hold_path.mkdir(mode=0o755)
    for state in ("held", "compared"):
        assert "is not a directory of uid" in fingerprint(state, databases=twins)["msg"]
    fingerprint.hold_path.rmdir()


def test_a_module_that_ends(target: Cluster, twins: list[str], fingerprint: Fingerprint, tmp_path: Path) -> None:
    """What Ansible sees: the module ends and lets go of its streams, while another process goes on without a secret."""
    module = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_module.py")), "database_fingerprint"],
        input=json.dumps(fingerprint.arguments("held", databases=twins)),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    holder = json.loads(module.stdout)["held"]["pid"]
    assert is_alive(holder)
    assert os.getsid(holder) != os.getsid(0)
    tools = children_of(holder)
    assert len(tools) == len(twins)
    seen = [
        (Path("/proc") / str(pid) / name).read_bytes() for pid in [holder, *tools] for name in ("cmdline", "environ")
    ]
    seen += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in each for each in seen)
    assert list(tmp_path.rglob("waba-migration-*")) == []
    assert fingerprint("compared", databases=twins)["equal"] is True
    assert not is_alive(holder)


def test_held_by_the_copy(source: Cluster, target: Cluster, stores: list[str], fingerprint: Fingerprint) -> None:
    """As it was before the client's first write. A second copy gives up what the first one held and replaces it."""
    held = [fingerprint.copy_and_hold(*stores)["held"] for _attempt in range(2)]
    assert held[0]["pid"] != held[1]["pid"]
    assert (held[1]["server"], held[1]["databases"]) == (str(target.server), stores)
    target.sql("DELETE FROM messages", "acme_messageStore")
    result = fingerprint("compared", databases=stores)
    assert not result["failed"], result["msg"]
    assert sum(database["rows"] for database in result["databases"]) == 23200
    assert fingerprint.left_behind() == []
