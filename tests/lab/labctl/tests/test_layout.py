# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, topologies, and labs side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.layout import ACME, BETA, Topology, lab_from_environment


def test_the_default_lab_owns_the_inventories_of_the_repository() -> None:
    lab = lab_from_environment({}, Path("/repository"))
    assert lab.name == "waba-lab"
    assert lab.container("old") == "waba-lab-old"
    assert lab.inventories["acme"] == Path("/repository/inventories/lab")
    assert lab.inventories["beta"] == Path("/repository/inventories/lab-beta")


def test_another_lab_keeps_its_inventories_to_itself() -> None:
    lab = lab_from_environment({"LAB_NAME": "second"}, Path("/repository"))
    assert lab.inventories["acme"] == Path("/repository/.lab/second/inventories/lab")
    assert lab.label == "waba.lab=second"


@pytest.mark.parametrize("name", ["Lab", "a b", "-x", "a" * 32, "../up"])
def test_a_name_that_docker_or_a_path_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="LAB_NAME"):
        lab_from_environment({"LAB_NAME": name})


def test_multiconnect_has_one_spare_coreapp() -> None:
    assert Topology().coreapps == ("wacore",)
    assert Topology().masters == ()
    assert Topology("multiconnect").coreapps == ("wacore1", "wacore2")
    assert Topology("multiconnect", 2).coreapps == ("wacore1", "wacore2", "wacore3")
    assert Topology("multiconnect", 2).masters == ("master1", "master2")


def test_the_numbers_are_made_up_ones() -> None:
    assert (ACME.wa_id, BETA.wa_id) == ("15550100001", "15550100002")
    assert ACME.media_volume == "biz_whatsappMedia"
