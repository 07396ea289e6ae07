# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import cli, layout
from labctl.errors import LabError
from labctl.layout import BETA, Lab, Topology
from labctl.session import Session, remembered_topology
from labctl.state import State, load, locked, save
from labctl.up import Wishes


@pytest.fixture
def empty_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = layout.lab_from_environment({"LAB_NAME": "unit"}, tmp_path)
    monkeypatch.setattr(cli, "lab_from_environment", lambda: made)
    return made


def test_wishes_that_were_not_uttered_leave_things_as_they_are() -> None:
    options = cli.build_parser().parse_args(["reset"])
    assert cli.wishes(options) == Wishes()
    options = cli.build_parser().parse_args(
        ["up", "--topology", "multiconnect", "--shards", "2", "--messages", "9", "--bare"]
    )
    assert cli.wishes(options) == Wishes("multiconnect", 2, 9, bare=True)


@pytest.mark.parametrize(
    "words",
    [
        ["seed", "0"],
        ["fault", "kill-db", "old"],
        ["fault", "cut-link", "nowhere"],
        ["up", "--shards", "3"],
        ["up", "--engine", "sqlite"],
        ["unknown"],
        [],
    ],
)
def test_nonsense_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.build_parser().parse_args(words)
    assert stopped.value.code == 2
    assert "usage: lab" in capsys.readouterr().err


def test_the_number_is_chosen_by_its_key() -> None:
    options = cli.build_parser().parse_args(["ledger", "--number", "beta"])
    assert cli.chosen_number(options) is BETA


def test_what_needs_a_lab_says_so_when_there_is_none(empty_lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == cli.UNUSABLE
    assert "Run `lab up` first." in capsys.readouterr().err


def test_two_commands_do_not_change_a_lab_at_the_same_time(empty_lab: Lab) -> None:
    with locked(empty_lab), pytest.raises(LabError, match="another lab command is at work"), locked(empty_lab):
        pass


def test_the_state_survives(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert load(path) == State()
    known = State(ports={"old": {"22": 20001}}, messages=5, cut=["new"])
    save(path, known)
    assert load(path) == known
    assert load(path).port("old", 22) == 20001


@pytest.mark.parametrize(
    ("kind", "shards", "expected"),
    [
        (None, None, Topology("multiconnect", 4)),
        ("multiconnect", None, Topology("multiconnect", 4)),
        (None, 2, Topology("multiconnect", 2)),
        ("single", None, Topology()),
    ],
)
def test_the_topology_is_remembered(
    lab: Lab, session: Session, kind: str | None, shards: int | None, expected: Topology
) -> None:
    session.state.topology = {"kind": "multiconnect", "shards": 4}
    assert remembered_topology(session, kind, shards) == expected


def test_a_single_client_has_no_shards_to_choose(session: Session) -> None:
    with pytest.raises(LabError, match="a single client has one shard"):
        remembered_topology(session, "single", 2)
