# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks with names, and what came of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Scene = TypeVar("Scene")
AT_ONCE = 4


@dataclass(frozen=True)
class Check(Generic[Scene]):
    """A claim about the lab. ``fault`` returns an empty string when it holds, else what speaks against it."""

    name: str
    claim: str
    fault: Callable[[Scene], str]


@dataclass(frozen=True)
class Verdict:
    """What came of a check."""

    name: str
    claim: str
    reason: str

    @property
    def good(self) -> bool:
        return not self.reason

    def line(self) -> str:
        return f"green  {self.name:<22} {self.claim}" if self.good else f"RED    {self.name:<22} {self.reason}"


def _judge(check: Check[Scene], scene: Scene) -> Verdict:
    try:
        reason = check.fault(scene)
    except Exception as error:  # noqa: BLE001 (whatever kept a check from its evidence, the claim is not proven)
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"no evidence: {type(error).__name__}: {error} ({place.name}, line {place.lineno})"
    return Verdict(check.name, check.claim, reason)


def judge(checks: Sequence[Check[Scene]], scene: Scene) -> list[Verdict]:
    """Runs all of the checks, also after one has failed."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(lambda check: _judge(check, scene), checks))


def listed(findings: Sequence[str], most: int = 5) -> str:
    """Findings as one reason; only the first of many."""
    rest = f" and {len(findings) - most} more" if len(findings) > most else ""
    return "; ".join(findings[:most]) + rest
