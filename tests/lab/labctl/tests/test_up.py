# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another engine takes the old one's place."""

from __future__ import annotations

import pytest

from labctl import hosts, up
from labctl import session as sessions
from labctl.layout import MARIADB, POSTGRESQL, Lab
from labctl.session import Session
from labctl.up import Wishes, change_engine


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    monkeypatch.setattr(hosts, "exists", lambda lab, host: True)
    monkeypatch.setattr(hosts, "remove_database_hosts", lambda lab: seen.append(lab.name))
    return seen


def silence(_text: str) -> None:
    pass


@pytest.mark.parametrize("engine", [None, "postgresql"])
def test_the_same_engine_leaves_the_servers_alone(engine: str | None, session: Session, removed: list[str]) -> None:
    session.state.pristine = {"acme": {"signature": {}}}
    change_engine(session, Wishes(engine=engine), silence)
    assert removed == []
    assert "acme" in session.state.pristine


def test_another_engine_removes_the_servers_and_what_number_a_had(session: Session, removed: list[str]) -> None:
    session.state.pristine = {"acme": {"signature": {}}, "beta": {"signature": {}}}
    change_engine(session, Wishes(engine="mariadb"), silence)
    assert removed == ["unit"]
    assert list(session.state.pristine) == ["beta"]
    assert sessions.remembered_engine(session.lab) is MARIADB


def test_a_lab_that_is_still_to_be_made_runs_postgresql(lab: Lab) -> None:
    assert sessions.remembered_engine(lab) is POSTGRESQL


def test_a_pristine_copy_is_of_one_engine(session: Session) -> None:
    def signatures(engine: str) -> list[object]:
        session.state.engine = engine
        return [setup.signature() for setup in up.apply(session, Wishes())]

    first, second = signatures("mysql"), signatures("mariadb")
    assert first[0] != second[0]
    assert first[1] == second[1]
