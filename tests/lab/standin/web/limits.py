# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documented rate limits: 50 a second with bursts of 150 for messages, 20 with bursts of 60 for everything else."""

from __future__ import annotations

from time import monotonic


class Bucket:
    def __init__(self, rate: float, burst: int):
        self._rate = rate
        self._burst = burst
        self._level = float(burst)
        self._at = monotonic()

    def take(self) -> bool:
        now = monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Limits:
    def __init__(self) -> None:
        self._messages = Bucket(50, 150)
        self._others = Bucket(20, 60)

    def allow(self, path: str) -> bool:
        return (self._messages if path.startswith("/v1/messages") else self._others).take()
