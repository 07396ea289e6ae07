# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet rules and the limits of damage."""

from __future__ import annotations

import pytest

from labctl import faults
from labctl.errors import LabError
from labctl.layout import Lab
from labctl.state import State


def test_a_whole_cut_drops_everything() -> None:
    assert "-A LAB_CUT -j DROP" in faults.cut_rules(None)


def test_a_cut_from_one_peer_drops_both_directions() -> None:
    rules = faults.cut_rules("172.19.0.1")
    assert "-A LAB_CUT -s 172.19.0.1 -j DROP" in rules
    assert "-A LAB_CUT -d 172.19.0.1 -j DROP" in rules
    assert "-A LAB_CUT -j DROP" not in rules


def test_a_disk_that_is_the_machines_own_is_not_filled(lab: Lab, state: State) -> None:
    with pytest.raises(LabError, match="its disk is this machine's own"):
        faults.fill_disk(lab, state, "db-old")
