# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic's configuration and the ledger's words."""

from __future__ import annotations

import pytest

from labctl import docker, evidence, hosts
from labctl.errors import LabError
from labctl.layout import Lab
from labctl.process import Result
from labctl.session import Session


def test_the_traffic_tries_the_old_host_first_and_then_the_new_one(session: Session) -> None:
    config = evidence.traffic_config(session.secrets)
    assert [[address["url"] for address in entry["addresses"]] for entry in config["numbers"]] == [
        ["https://old:9090", "https://new:9090"],
        ["https://old:9091", "https://new:9091"],
    ]
    assert not set(config["numbers"][0]["customers"]) & set(config["numbers"][1]["customers"])


@pytest.mark.parametrize(
    ("new_platform", "passwords"),
    [
        (False, [["acme_sender_password"] * 2, ["beta_sender_password"] * 2]),
        (True, [["acme_sender_password", "acme_new_sender_password"], ["beta_sender_password"] * 2]),
    ],
)
def test_a_new_platform_has_another_password_for_the_number_that_moves(
    session: Session, new_platform: bool, passwords: list[list[str]]
) -> None:
    config = evidence.traffic_config(session.secrets, new_platform)
    found = [[address["password"] for address in entry["addresses"]] for entry in config["numbers"]]
    assert found == [[session.secrets[name] for name in names] for names in passwords]


def test_a_ledger_that_does_not_balance_is_still_a_ledger(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "require_running", lambda lab, host: None)
    monkeypatch.setattr(docker, "call", lambda *arguments, **options: Result(1, b'{"balanced": false}', b""))
    assert evidence.ledger(lab) == {"balanced": False}


def test_a_ledger_that_could_not_be_drawn_up_is_an_error(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "require_running", lambda lab, host: None)
    monkeypatch.setattr(docker, "call", lambda *arguments, **options: Result(1, b"", b"httpx.ConnectError: refused"))
    with pytest.raises(LabError, match="refused"):
        evidence.ledger(lab)
