# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of databases in work on the target, and what is in their way there. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError

SUFFIX = ".incomplete"


def hidden_name(database: str, longest: int) -> str:
    """What a database is called while it is copied; an engine's names may have that many bytes."""
    name = database + SUFFIX
    if len(name.encode("utf-8")) > longest:
        raise DatabaseError(
            f"The database name {database} is longer than {longest - len(SUFFIX)} bytes, which leaves no room "
            f"for {SUFFIX} that it has to carry while it is copied."
        )
    return name


def in_the_way(
    present: Mapping[str, Mapping[str, Any]], empty: Collection[str], request: CopyRequest, longest: int
) -> tuple[list[str], list[str], list[str]]:
    """Sort what the target has under the wanted names: leftovers to drop, copies to replace, refusals as sentences.

    A database that is shown but known to be half done, where an engine cannot show all at once, is a leftover too.
    """
    leftovers, replaced, refused = [], [], []
    for database in request.databases:
        hidden, shown = present.get(hidden_name(database, longest)), present.get(database)
        if hidden and is_leftover(hidden, empty, request):
            leftovers.append(hidden["name"])
        elif hidden:
            refused.append(f"{hidden['name']} exists and was not left behind by an earlier run ({_comment(hidden)})")
        if shown and shown.get("half_done") and is_leftover(shown, empty, request):
            leftovers.append(database)
        elif shown and not request.is_ours(shown["comment"]):
            refused.append(f"{database} exists ({_comment(shown)})")
        elif shown and shown["sessions"]:
            refused.append(f"{database} is a copy of ours but in use by {describe_sessions(shown['sessions'])}")
        elif shown:
            replaced.append(database)
    return leftovers, replaced, refused


def is_leftover(facts: Mapping[str, Any], empty: Collection[str], request: CopyRequest) -> bool:
    """Whether a hidden database is an earlier run's.

    A run that broke off right after creating it has not marked it yet, but then there is nothing in it either.
    """
    if facts["comment"] is None:
        return facts["name"] in empty
    return request.is_ours(facts["comment"]) or facts["comment"] == request.marker


def describe_sessions(sessions: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted({_describe_session(session) for session in sessions}))


def _describe_session(session: Mapping[str, Any]) -> str:
    application = f" ({session['application']})" if session["application"] else ""
    return f"{session['user']}@{session['address'] or 'local'}{application}"


def _comment(facts: Mapping[str, Any]) -> str:
    return f"comment {facts['comment']!r}" if facts["comment"] else "without a comment"
