# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option has its checks, and none is missing from an option by oversight."""

from __future__ import annotations

import pytest

from checks import back, returned
from checks.claims import CLAIMS, checks, not_claimed
from checks.options import CARRIED, CLIENT_ONLY, FULL, MESSAGES, OPTIONS, SETTINGS

NOT_CLAIMED = {
    SETTINGS: {
        "rows", "sequences", "media", "late-picture", "media-download", "token", "passwords", "no-copy", "dumps",
        "never-opened",
    },
    MESSAGES: {"token", "passwords", "no-copy", "dumps", "left-behind", "backup"},
    FULL: {"no-copy", "dumps", "logins", "accounts", "old-webhook", "canary", "never-opened", "left-behind", "backup"},
    CLIENT_ONLY: {
        "old-databases", "logins", "accounts", "old-webhook", "canary", "never-opened", "left-behind", "backup",
    },
}  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
def test_what_an_option_does_not_claim_is_known(option: str) -> None:
    assert set(not_claimed(option)) == NOT_CLAIMED[option]
    assert len(checks(option)) + len(not_claimed(option)) == len(CLAIMS)


def test_names_are_unique() -> None:
    names = [claim.check.name for claim in CLAIMS]
    assert sorted(set(names)) == sorted(names)


def test_messages_carry_all_but_the_users() -> None:
    assert set(CARRIED[FULL]) - set(CARRIED[MESSAGES]) == {"waweb"}


def test_only_databases_that_follow_differ_while_the_way_back_is_kept() -> None:
    with_it, without = (
        {check.name for check in checks(FULL, way_back=True)},
        {check.name for check in checks(FULL)},
    )
    assert without - with_it == {"foreign-databases", "old-databases", "replication"}
    assert with_it - without == {"way-back"}


def test_what_holds_after_a_way_back_is_what_holds_after_a_rollback_and_more() -> None:
    returned_names, back_names = ([check.name for check in module.CHECKS] for module in (returned, back))
    assert set(back_names) - set(returned_names) == {"never-on-new", "old-media"}
    assert set(returned_names) - set(back_names) == {"foreign-databases", "new-at-rest", "rows", "sequences", "media"}
    assert sorted(set(returned_names)) == sorted(returned_names)
