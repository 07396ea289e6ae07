# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How checks and mutations are weighed."""

from __future__ import annotations

from labctl.session import Session

from checks.damage import Done, nothing
from checks.mutations import Mutation, changed, weigh
from checks.verdict import Check, Verdict, judge, listed


def spilt_milk(_session: Session) -> Done:
    return Done("milk", nothing)


MUTATION = Mutation(spilt_milk, "dry", frozenset({"clean"}), frozenset({"tidy"}))
DONE = {"spilt milk": Done("milk", nothing)}


def faults(red: dict[str, str]) -> list[str]:
    return [verdict.reason for verdict in weigh(DONE, (MUTATION,), red) if not verdict.good]


def test_named_check_and_its_companions_turn_red() -> None:
    assert faults({"dry": "milk on the floor", "clean": "stains"}) == []
    assert faults({"dry": "milk on the floor", "clean": "stains", "tidy": "a mess"}) == []


def test_check_that_stays_green_is_a_fault() -> None:
    assert faults({"clean": "stains"}) == ["dry did not turn red"]
    assert faults({"dry": "milk on the floor"}) == ["these stayed green: clean"]


def test_check_that_is_red_for_another_reason_is_a_fault() -> None:
    assert faults({"dry": "water", "clean": "stains"}) == ["dry is red, but does not name it: water"]


def test_any_other_red_check_is_a_fault() -> None:
    assert faults({"dry": "milk", "clean": "stains", "warm": "cold"}) == ["warm: cold"]


def test_only_new_reasons_count() -> None:
    before = [Verdict("dry", "", "milk"), Verdict("clean", "", ""), Verdict("warm", "", "")]
    after = [Verdict("dry", "", "milk"), Verdict("clean", "", "stains"), Verdict("warm", "", "")]
    assert changed(before, after) == {"clean": "stains"}


def test_check_without_evidence_is_red() -> None:
    def broken(_scene: str) -> str:
        raise KeyError("slots")

    checks = (Check("broken", "it holds", broken), Check("fine", "it holds", lambda scene: scene))
    assert [verdict.good for verdict in judge(checks, "")] == [False, True]
    assert "KeyError: 'slots'" in judge(checks, "")[0].reason
    assert judge(checks, "no")[1].line().startswith("RED    fine")


def test_only_the_first_findings_are_listed() -> None:
    assert listed([]) == ""
    assert listed(["a", "b", "c"], most=2) == "a; b and 1 more"
