# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration's choices, how each option is run, and what its last screen says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from labctl import demo
from labctl.layout import ACME, ENGINES, REPOSITORY
from labctl.moves import MOVES
from labctl.outcome import ROWS, summary, verdicts
from labctl.screen import Paint

SCREENS = {
    "settings": (
        ["restored from a backup of 2.0 kB", "2 messages and 3 callbacks", "webhooks.url", "new security code"],
        ["rows counted", "compared, equal"],
    ),
    "messages": (
        ["2, with 7 tables and 30 rows counted, equal", "users and tokens, which was not read", "5 files"],
        [],
    ),
    "full": (["2, with 7 tables and 30 rows counted, equal", "5 files with 1.5 kB compared, equal"], ["Not moved"]),
    "client_only": (["none copied: the client uses those on db-old", "5 files"], ["rows counted", "old database"]),
}


def report(option: str) -> dict[str, Any]:
    """What the journal of a finished run holds."""
    copied = [{"tables": 3, "rows": 10}, {"tables": 4, "rows": 20}] if option in ("messages", "full") else []
    data = {"databases": copied, "media": {"files": 5, "bytes": 1500}}
    phases: dict[str, Any] = {
        "drain": {"status": "done", "seconds": 1, "facts": {"pending_messages": 2, "pending_callbacks": 3}},
        "backup": {"status": "done", "seconds": 1, "facts": {"size": 2000}},
        "verify": {"status": "done", "seconds": 1, "facts": {"changed_settings": ["webhooks.url"]}},
    }
    if option != "settings":
        phases["move"] = {"status": "done", "seconds": 2.5, "facts": data}
    return {"verdict": "succeeded", "phases": phases}


def ledger(**more: Any) -> dict[str, Any]:
    flawless = {
        "outbound": {"accepted": 9, "lost": [], "duplicated": []},
        "inbound": {"sent": 4, "lost": [], "duplicated": []},
        "kicks": 0,
        "registrations": 0,
        "identity_changes": 0,
        "downtime": {"seconds": 4.2},
        "resumed": 3,
        "balanced": True,
        "reasons": [],
    }
    return {**flawless, **more}


def seen(host: str = "new", status: str = "exited") -> dict[str, Any]:
    slots = {"0": {"peer": f"10.0.0.{host}"}}
    return {
        "addresses": {name: f"10.0.0.{name}" for name in ("old", "new")},
        "network": {"state": {"numbers": {ACME.wa_id: {"slots": slots}}}},
        "containers": {"old": [{"name": "biz-fenced-wacore-1", "status": status}]},
    }


def test_everything_moves_on_postgresql_unless_told_otherwise() -> None:
    options = demo.build_parser().parse_args([])
    assert (options.option, options.engine) == ("full", "postgresql")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--option", "setings"], "OPTION is 'setings'; it must be one of settings, messages, full, client_only"),
        (["--option", ""], "OPTION is ''; it must be one of settings, messages, full, client_only"),
        (["--engine", "oracle"], "ENGINE is 'oracle'; it must be one of postgresql, mysql, mariadb"),
    ],
)
def test_a_wrong_choice_is_told_the_right_ones(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.build_parser().parse_args(words)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("name", "choices"), [("OPTIONS", MOVES), ("ENGINES", ENGINES)])
def test_make_knows_the_same_choices(name: str, choices: dict[str, Any]) -> None:
    found = re.search(rf"^{name} := (.*)$", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert found[1].split() == list(choices)


@pytest.mark.parametrize(
    ("option", "playbook"),
    [
        ("settings", "migrate_settings.yml"),
        ("messages", "migrate_messages.yml"),
        ("full", "migrate_full.yml"),
        ("client_only", "migrate_full.yml"),
    ],
)
def test_each_option_has_its_playbook(option: str, playbook: str) -> None:
    command = MOVES[option].command(Path("inventories/lab"))
    assert command[:3] == ["ansible-playbook", "-i", "inventories/lab"]
    assert command[-1] == f"playbooks/{playbook}"
    assert (REPOSITORY / command[-1]).is_file()
    assert len(command) == (6 if option == "client_only" else 4)


def test_the_client_alone_stays_at_its_databases() -> None:
    command = MOVES["client_only"].command(Path("inventories/lab"))
    variables = json.loads(command[command.index("--extra-vars") + 1])
    assert variables.pop("database_host_dump_directory")
    assert variables == {
        "migration_move_database": False,
        "new_host_database_hostname": "db-old",
        "new_host_database_username": "",
        "new_host_database_password": "",
    }


def test_only_the_options_of_another_platform_have_other_users_there() -> None:
    assert [option for option, move in MOVES.items() if move.new_platform] == ["settings", "messages"]
    assert {option: move.identity_changes for option, move in MOVES.items() if move.identity_changes} == {"settings": 1}


def test_every_option_has_a_screen() -> None:
    assert list(SCREENS) == list(ROWS) == list(MOVES)


@pytest.mark.parametrize("option", MOVES)
def test_the_screen_fits_the_option(option: str) -> None:
    done, book = report(option), ledger()
    screen = summary(option, done, verdicts(done, seen(), book), book, Paint(enabled=False))
    there, not_there = SCREENS[option]
    assert "has moved from old to new" in screen
    assert "✗" not in screen
    assert [text for text in there if text not in screen] == []
    assert [text for text in not_there if text in screen] == []


@pytest.mark.parametrize(
    ("done", "truth", "book", "said"),
    [
        ({"verdict": "failed"}, seen(), ledger(), "the run's own verdict is failed"),
        ({}, seen("old"), ledger(), "on old"),
        ({}, seen(status="running"), ledger(), "1 containers of the old client are fenced"),
        ({}, seen(), ledger(resumed=0), "0 messages have gone out through the new client"),
        ({}, seen(), ledger(balanced=False, reasons=["0 identity changes instead of 1"]), "(0 identity changes"),
    ],
)
def test_what_did_not_hold_is_marked(
    done: dict[str, Any], truth: dict[str, Any], book: dict[str, Any], said: str
) -> None:
    end = report("full") | done
    screen = summary("full", end, verdicts(end, truth, book), book, Paint(enabled=False))
    marked = [line for line in screen.splitlines() if "✗" in line]
    assert "The move went wrong" in screen
    assert len(marked) == 1
    assert said in marked[0]
