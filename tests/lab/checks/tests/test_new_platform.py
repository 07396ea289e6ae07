# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a move to a new platform must not do is seen where it has been done."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from labctl import process
from labctl.api import Answer
from labctl.layout import ACME, Lab
from labctl.process import Result
from labctl.state import run_directory

from checks import canary, new_platform, probes, search, settings
from checks.dump import Dump, Row, Table
from checks.moved import identity_kept
from checks.options import ACCOUNTS, FULL, SETTINGS
from checks.rows import less, missing, shared

NAME = "canary0123456789abcdef"
CONNECTED = (
    "2026-01-01 00:00:00.000 UTC [7] user={user} db={database} app=[unknown] host={host} LOG:  "
    "connection authorized: user={user} database={database} SSL enabled (protocol=TLSv1.3)"
)
TOOL, OLD = "172.22.0.5", "172.22.0.10"


def hosts(peer: str) -> str:
    return {"10.0.0.1": "old", "10.0.0.2": "new"}[peer]


def callback(path: str, peer: str) -> dict[str, Any]:
    return {"path": path, "peer": peer, "time": 1.0}


@pytest.mark.parametrize(
    ("callbacks", "told"),
    [
        ([("/acme", "10.0.0.1"), ("/callbacks", "10.0.0.2")], []),
        ([("/callbacks", "10.0.0.2"), ("/acme", "10.0.0.2")], ["a callback to /acme at 1.000"]),
        ([("/acme", "10.0.0.1")], ["the new host has not called the new webhook at all"]),
    ],
)
def test_old_webhook(callbacks: list[tuple[str, str]], told: list[str]) -> None:
    assert new_platform.strays([callback(*each) for each in callbacks], hosts) == told


def lines(*connections: tuple[str, str, str]) -> list[str]:
    keys = ("user", "host", "database")
    return [CONNECTED.format(**dict(zip(keys, each, strict=True))) for each in connections]


@pytest.mark.parametrize(
    ("connections", "told"),
    [
        ([("acme", TOOL, "acme_messageStore"), ("acme", OLD, "acme_waweb"), ("postgres", "[local]", "acme_waweb")], []),
        (
            [("acme", TOOL, "acme_messageStore"), ("acme", TOOL, "acme_waweb")],
            [f"acme from {TOOL} has opened acme_waweb"],
        ),
        ([("acme", OLD, "acme_waweb")], ["the log has no connection of the run to any database that was to be copied"]),
    ],
)
def test_opened_database(connections: list[tuple[str, str, str]], told: list[str]) -> None:
    seen = canary.connections(["some other line", *lines(*connections)])
    assert seen == connections
    assert canary.opened(seen, {TOOL}, canary.LOCAL | {OLD}) == told


def test_mysql_log_tells_who_opens_a_database() -> None:
    log = [
        "2026-01-01T00:00:00.000000Z\t   12 Connect\tacme@172.22.0.5 on acme_messageStore using SSL/TLS",
        "2026-01-01T00:00:00.000000Z\t   13 Connect\troot@localhost on  using Socket",
        "\t\t    13 Init DB\tacme_waweb",
        "2026-01-01T00:00:00.000000Z\t   12 Query\tSELECT * FROM `acme_waweb`.`users`",
        "2026-01-01T00:00:00.000000Z\t   12 Query\tSELECT 'acme_waweb'",
    ]
    assert canary.connections(log) == [
        ("acme", TOOL, "acme_messageStore"),
        ("root", "localhost", "acme_waweb"),
        ("acme", TOOL, "acme_waweb"),
    ]


class Stage:
    """A scene with a canary in the old database, or without."""

    option = SETTINGS

    def __init__(self, lab: Lab, planted: bool = True) -> None:
        self.lab = lab
        self.session = None
        self.before = {"canary": NAME}
        users = Table(("id", "username"), {("1",): ("1", NAME if planted else "sender")})
        self.fence_dumps = {ACCOUNTS: Dump({"users": users})}
        self.network = {"identity_changes": 0}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab("it", tmp_path, {ACME.key: tmp_path / "lab"})
    run_directory(lab.inventories[ACME.key]).mkdir(mode=0o700)
    return lab


def judged(monkeypatch: pytest.MonkeyPatch, stage: Stage, database: str = "", file: str = "") -> str:
    monkeypatch.setattr(search, "in_new_databases", lambda _session, _word: [database] if database else [])
    monkeypatch.setattr(search, "on_host", lambda _lab, host, _word: [file] if file and host == "new" else [])
    return new_platform.canary_stayed_behind(stage)  # type: ignore[arg-type]


def test_canary_is_found_wherever_it_got_to(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    assert judged(monkeypatch, Stage(lab)) == ""
    assert judged(monkeypatch, Stage(lab), database="acme_waweb") == f"{NAME} is in the database acme_waweb on db-new"
    assert judged(monkeypatch, Stage(lab), file="/tmp/x") == f"{NAME} is in /tmp/x on new"
    (run_directory(lab.inventories[ACME.key]) / "left").write_text(f"x{NAME}x")
    assert judged(monkeypatch, Stage(lab)) == f"{NAME} is in left of the run"


def test_canary_that_was_never_there_proves_nothing(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    assert "so nothing can be found elsewhere" in judged(monkeypatch, Stage(lab, planted=False))


def test_files_of_a_host_are_searched(monkeypatch: pytest.MonkeyPatch, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "holds it").write_bytes(b"\0" + NAME.encode())
    (tmp_path / "other").write_text("nothing")
    (tmp_path / "link").symlink_to("nowhere")
    monkeypatch.setitem(search.PLACES, "new", (str(tmp_path), str(tmp_path / "missing")))
    real = process.run

    def without_docker(command: list[str], timeout: float, stdin: bytes | None, environment: None) -> Result:
        return real(command[4:], timeout, stdin, environment)

    monkeypatch.setattr(process, "run", without_docker)
    assert search.on_host(lab, "new", NAME) == [str(tmp_path / "a" / "holds it")]


def test_backup_is_judged(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    left: list[str] = []
    monkeypatch.setattr(search, "on_host", lambda _lab, host, _word: left if host == "old" else [])
    stage: Any = Stage(lab)
    file = run_directory(lab.inventories[ACME.key]) / new_platform.BACKUP
    assert new_platform.backup_kept(stage) == "the run has no settings-backup.json"
    file.write_text("{}")
    assert new_platform.backup_kept(stage) == "settings-backup.json holds no backup"
    file.write_text(json.dumps({"data": 80 * "A"}))
    file.chmod(0o600)
    assert new_platform.backup_kept(stage) == ""
    left.append("/root/backup")
    file.chmod(0o640)
    assert new_platform.backup_kept(stage) == ("settings-backup.json has mode 0640; old still has it in /root/backup")


def test_rows_that_came_along_are_told() -> None:
    old = Dump({"users": Table(("id", "password_hash"), {("1",): ("1", "aa")}),
                "tokens": Table(("id", "digest"), {("1",): ("1", "dd")})})  # fmt: skip
    new = Dump({"users": Table(("id", "password_hash"), {("7",): ("7", "aa")}),
                "tokens": Table(("id", "digest"), {("1",): ("1", "ee")})})  # fmt: skip
    assert shared(ACCOUNTS, old, new) == ["waweb: users has the old password_hash aa"]
    old.tables["tokens"].rows.clear()
    assert "waweb: the old tokens were empty, so none can be found" in shared(ACCOUNTS, old, new)


def test_one_row_is_judged_otherwise() -> None:
    def config(url: str, photo: str) -> Dump:
        rows: dict[Row, Row] = {("application",): ("application", url), ("photo",): ("photo", photo)}
        return Dump({"config": Table(("name", "value"), rows)})

    old = less(config("old", "a"), "config", ("application",))
    assert missing("configStore", old, config("new", "a")) == []
    assert missing("configStore", old, config("new", "b")) == ["configStore: config has another value in the row photo"]


BEFORE = {
    probes.APPLICATION: json.dumps({"settings": {"application": {"webhooks": {"url": "old", "max": 6}, "on": True}}}),
    probes.WEBHOOK_CA: "pem",
    probes.PROFILES[0]: "profile",
}


@pytest.mark.parametrize(
    ("change", "url", "restored", "told"),
    [
        ({}, "", False, []),
        ({probes.WEBHOOK_CA: ""}, "", True, [f"{probes.WEBHOOK_CA} differs"]),
        ({probes.PROFILES[0]: "x"}, "", False, [f"{probes.PROFILES[0]} differs"]),
        ({probes.PROFILES[0]: "x"}, "", True, []),
        ({}, "new", True, ["the setting webhooks is {'url': 'old', 'max': 6}, was to be {'url': 'new', 'max': 6}"]),
        (
            {probes.APPLICATION: BEFORE[probes.APPLICATION].replace("true", "false")},
            "",
            False,
            ["the setting on is False, was to be True"],
        ),
        ({probes.APPLICATION: BEFORE[probes.APPLICATION].replace("old", "new")}, "new", True, []),
    ],
)
def test_settings_that_differ_are_told(change: dict[str, str], url: str, restored: bool, told: list[str]) -> None:
    assert settings.differing(BEFORE, {**BEFORE, **change}, url, restored) == told


@pytest.mark.parametrize(
    ("option", "changes", "told"),
    [
        (FULL, 0, ""),
        (FULL, 1, "1 identity changes"),
        (SETTINGS, 1, ""),
        (SETTINGS, 0, "0 identity changes instead of 1"),
        (SETTINGS, 2, "2 identity changes instead of 1"),
    ],
)
def test_identity_changes_once_at_a_restore(lab: Lab, option: str, changes: int, told: str) -> None:
    stage: Any = Stage(lab)
    stage.option, stage.network = option, {"identity_changes": changes}
    assert identity_kept(stage) == told


class Client:
    """A client's API that takes some passwords and some tokens."""

    def __init__(self, passwords: set[tuple[str, str]], tokens: set[str]) -> None:
        self.passwords, self.tokens = passwords, tokens

    def login(self, user: str, password: str) -> Answer:
        return Answer(200 if (user, password) in self.passwords else 401, "")

    def call(self, _method: str, _path: str, headers: dict[str, str] | None = None) -> Answer:
        return Answer(401 if headers and headers["Authorization"][7:] not in self.tokens else 200, "")


NEW_LOGINS = {("admin", "new admin"), ("sender", "new sender")}


@pytest.mark.parametrize(
    ("passwords", "tokens", "told"),
    [
        (NEW_LOGINS, set(), ""),
        (NEW_LOGINS, {"old token"}, "the old token: HTTP 200 "),
        (NEW_LOGINS | {("monitor", "old monitor")}, set(), "monitor with the old password: HTTP 200"),
        (NEW_LOGINS - {("sender", "new sender")}, set(), "sender with the new password: HTTP 401 "),
    ],
)
def test_logins(monkeypatch: pytest.MonkeyPatch, passwords: set[tuple[str, str]], tokens: set[str], told: str) -> None:
    users = [f"{side} {user}" for side in ("old", "new") for user in ("admin", "sender", "monitor")]
    secrets = {f"acme_{user.removeprefix('old ').replace(' ', '_')}_password": user for user in users}
    session = SimpleNamespace(secrets=secrets, state=SimpleNamespace(port=lambda _host, _port: 1))
    scene: Any = SimpleNamespace(session=session, before={"token": "old token"})
    monkeypatch.setattr(new_platform, "Api", lambda _port: Client(passwords, tokens))
    assert new_platform.logins(scene) == told
