# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network's events of one number say: when nobody was connected, and when two clients were."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
ENDS = ("disconnected", "kicked")


def gaps(events: list[Json], start: float, end: float) -> list[Json]:
    """The times between start and end in which no slot of the number was connected. A start of 0 is no time."""
    connected: set[tuple[int, str, str]] = set()
    since: float | None = start or None
    found: list[Json] = []

    def close(until: float | None) -> None:
        begin = max(since or 0.0, start)
        seconds = round((end if until is None else until) - begin, 3)
        if seconds > 0:
            found.append({"from": begin, "to": until, "seconds": seconds})

    for event in sorted(events, key=lambda e: e["time"]):
        if event["event"] == "connected":
            connected.add(_key(event))
            if since is not None:
                close(event["time"])
                since = None
        elif event["event"] in ENDS:
            connected.discard(_key(event))
            if not connected and since is None:
                since = event["time"]
    if since is not None:
        close(None)
    return found


def overlaps(events: list[Json], start: float) -> list[Json]:
    """Moments since start in which a host connected while another one held connections: two clients at a time."""
    held: set[tuple[int, str, str]] = set()
    found = []
    for event in sorted(events, key=lambda e: e["time"]):
        if event["event"] == "connected":
            others = {peer for _, _, peer in held if peer != event["peer"]}
            if others and event["time"] >= start:
                found.append({"time": event["time"], "peers": sorted({event["peer"], *others})})
            held.add(_key(event))
        elif event["event"] in ENDS:
            held.discard(_key(event))
    return found


def _key(event: Json) -> tuple[int, str, str]:
    return event["slot"], event["node"], event["peer"]
