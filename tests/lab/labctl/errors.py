# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says when something does not work."""

from __future__ import annotations


class LabError(Exception):
    """A failure that a person can act on: what was tried, what came back, what to do."""

    def __init__(self, tried: str, found: str, remedy: str) -> None:
        super().__init__(f"{tried}: {found}")
        self.tried = tried
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.tried} did not work.\n  came back: {self.found}\n  to do:     {self.remedy}"
