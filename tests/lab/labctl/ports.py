# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free loopback ports. The lab picks them itself: Docker would choose new ones whenever a host is started again."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20000, 29999
"""Below the range from which the kernel takes the ports of outgoing connections."""


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def pick(wanted: int) -> list[int]:
    """That many different free ports."""
    chosen: list[int] = []
    for port in random.sample(range(FIRST, LAST + 1), LAST - FIRST + 1):
        if is_free(port):
            chosen.append(port)
        if len(chosen) == wanted:
            return chosen
    raise OSError(f"no {wanted} free ports between {FIRST} and {LAST}")
