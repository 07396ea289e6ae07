# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB has no way back, and says why."""

from __future__ import annotations

from replica_mysql import ReplicaModules


def test_refused_with_the_reason(live: str, replica: ReplicaModules) -> None:
    status = replica.way_back("status", live)
    assert status["state"] == "absent"
    [found] = status["obstacles"]
    assert found["what"] == "release"
    assert "MariaDB forgets at each start which databases a connection is for" in found["text"]
    replica.follow(live)
    assert "MariaDB forgets at each start" in replica.cut(live, way_back=True)["msg"]
    assert replica("following", live)["state"] == "following"
