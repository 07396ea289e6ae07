# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after a run in check mode: nothing of the lab has changed. No messages flow meanwhile."""

from __future__ import annotations

from typing import Any

from labctl.layout import ACME, BETA

from checks import baseline, dumps, moved, probes, record, rows
from checks.scene import Scene
from checks.verdict import Check, listed

READING = ("GET", "HEAD", "OPTIONS")
LOGIN = "/v1/users/login"
"""Whoever asks must log in first, and a login adds a token: the one trace that looking leaves."""
TOKENS = f"{ACME.prefix}waweb"


class Before(Scene):
    """A scene that is to be as the baseline was."""

    @property
    def now(self) -> dict[str, Any]:
        return self.once("now", lambda: baseline.look(self.session, "untouched"))


def same(*names: str) -> Any:
    def fault(scene: Before) -> str:
        return listed(
            [
                f"{name} differs: {_difference(scene.before[name], scene.now[name])}"
                for name in names
                if scene.before[name] != scene.now[name]
            ]
        )

    return fault


def _difference(before: Any, now: Any) -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        return ", ".join(sorted(str(key) for key in before.keys() | now.keys() if before.get(key) != now.get(key)))
    return f"{before} before, {now} now"


def old_databases(scene: Before) -> str:
    """Equal by stock dumps. The databases with the tokens may have gained tokens."""
    before, now = scene.before["old_databases"], scene.now["old_databases"]
    found = [f"{name} has changed" for name in dumps.differing(before, now) if name != TOKENS]
    old = dumps.read(record.directory(scene.lab, baseline.STAGE, "old"), TOKENS, scene.session.state.database_engine)
    new = dumps.read(record.directory(scene.lab, "untouched", "old"), TOKENS, scene.session.state.database_engine)
    found += rows.missing("waweb", old, new)
    found += [
        f"{TOKENS} has gained rows in {name}"
        for name, table in old.tables.items()
        if name != "tokens" and len(new.tables[name].rows) != len(table.rows)
    ]
    return listed(found)


def only_reads(scene: Before) -> str:
    """The stand-in's own log of requests."""
    return listed(
        [
            f"{request['method']} {request['path']} by {request['user']}"
            for number in (ACME, BETA)
            for request in probes.requests(scene.lab, "old", number, scene.before["time"])
            if request["method"] not in READING and request["path"] != LOGIN
        ]
    )


def never_offline(scene: Before) -> str:
    return listed(
        [
            f"{event['event']} at {event['time']:.3f}"
            for number in (ACME, BETA)
            for event in scene.events(number)
            if event["event"] != "baseline"
        ]
    )


CHECKS: tuple[Check[Before], ...] = (
    Check("no-writes", "the old clients were asked to write nothing", only_reads),
    Check("never-offline", "neither number lost its connection", never_offline),
    Check("containers", "the containers live on, and there are none on the new host", same("containers")),
    Check("old-databases", "the old databases are as they were", old_databases),
    Check("old-server", "the old server is set as it was", same("old_settings")),
    Check("old-files", "the old host's files and media are as they were", same("old_files", "old_media")),
    Check("new-side", "the new side is as empty as it was", same("new_databases", "new_files", "new_images")),
    Check("keys", "no host lets in another key", same("keys")),
    Check("neighbour", "number B is as it was", same("beta")),
    Check("run-directory", "no journal and no report were written", same("run_directory")),
    Check("no-registrations", "nobody called for a registration", moved.no_registrations),
)
