# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up of a client."""

from __future__ import annotations

import base64

from labctl import onboarding
from labctl.layout import Topology


def test_the_certificate_carries_the_display_name_where_samples_have_it() -> None:
    decoded = base64.b64decode(onboarding.certificate("Acme Support"))
    assert decoded[22] == 12
    assert decoded[23 : 23 + decoded[22]] == b"Acme Support"


def test_the_primary_master_connects_only_with_several_shards() -> None:
    assert onboarding.expected_slots(Topology()) == {"0"}
    assert onboarding.expected_slots(Topology("multiconnect")) == {"0"}
    assert onboarding.expected_slots(Topology("multiconnect", 2)) == {"-1", "0", "1"}
