# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run's journal says and how it goes on. Private to this collection; may change at any time.

Nothing here reads a clock or a file: every function takes a document and a time and returns a new document.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Dict, Iterator

from ansible_collections.waba.migration.plugins.module_utils._secret_names import looks_like_a_secret

FORMAT = 1

# The new client may have connected once this intent is written. From then on nothing starts over.
START_INTENDED = "start_intended"
# All that is done in this phase is looking.
PREFLIGHT = "preflight"
# The old client may be down once this phase has begun. From then on nothing before it can be repeated.
FENCE = "fence"

PENDING = "pending"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
SKIPPED = "skipped"
ROLLED_BACK = "rolled_back"
STATUSES = (RUNNING, DONE, FAILED, SKIPPED, ROLLED_BACK)

SUCCEEDED = "succeeded"
UNDECIDED = "undecided"
VERDICTS = (SUCCEEDED, FAILED, ROLLED_BACK, UNDECIDED)

Document = Dict[str, Any]

_FIELDS: dict[str, tuple[type, ...]] = {
    "run_id": (str,),
    "option": (str,),
    "number": (str, type(None)),
    "created": (str,),
    "opened": (str,),
    "attempts": (list,),
    "phases": (dict,),
    "intents": (dict,),
    "events": (list,),
    "facts": (dict,),
    "verdict": (str, type(None)),
    "closed": (str, type(None)),
}


class JournalError(Exception):
    """The journal cannot be read, or it must not be changed like that."""


@dataclass(frozen=True)
class Change:
    """What one task wants to have written down."""

    number: str | None = None
    phase: str | None = None
    status: str | None = None
    facts: dict[str, Any] | None = None
    intent: str | None = None
    event: str | None = None
    verdict: str | None = None
    close: bool = False


NO_CHANGE = Change()


def format_time(now: datetime) -> str:
    """Return UTC as ISO 8601 with milliseconds."""
    moment = now.astimezone(timezone.utc)
    return "{}.{:03d}Z".format(moment.strftime("%Y-%m-%dT%H:%M:%S"), moment.microsecond // 1000)


def parse_time(text: str) -> datetime:
    """Read what format_time has written."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def make_run_id(option: str, suffix: str, now: datetime) -> str:
    """Return a name for a run that sorts by time, like 20261124T093015Z-full-3f9a."""
    return "{}-{}-{}".format(now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ"), option, suffix)


def empty_document() -> Document:
    """Return the document of a run that has never been opened."""
    return {
        "format": FORMAT,
        "run_id": None,
        "option": None,
        "number": None,
        "created": None,
        "opened": None,
        "attempts": [],
        "phases": {},
        "intents": {},
        "events": [],
        "facts": {},
        "verdict": None,
        "closed": None,
    }


def new_document(run_id: str, option: str, number: str | None, now: datetime) -> Document:
    """Return the document of a run that starts now."""
    time = format_time(now)
    document = empty_document()
    document.update(run_id=run_id, option=option, number=number, created=time, opened=time)
    _add_event(document, None, "Run opened.", now)
    return document


def parse(text: str, path: str) -> Document:
    """Read a document, and refuse one that this collection cannot have written."""
    hint = "It was edited, or something else wrote it. Put it right from a copy, or use another run directory."
    try:
        document = json.loads(text)
    except ValueError as error:
        raise JournalError(f"The journal {path} is not JSON ({error}). {hint}") from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise JournalError(
            f"The journal {path} has format {found!r}; this version of the collection reads format {FORMAT}. "
            "Finish the run with the version of the collection that began it."
        )
    wrong = [name for name, types in _FIELDS.items() if not isinstance(document.get(name, ...), types)]
    if wrong:
        raise JournalError(
            "In the journal {} these fields are missing or of another type: {}. {}".format(path, ", ".join(wrong), hint)
        )
    return dict(document)


def serialise(document: Document) -> bytes:
    """Return the text of the file."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def is_finished(document: Document) -> bool:
    """Tell whether the number has been moved."""
    return bool(document["verdict"] == SUCCEEDED)


def done_phases(document: Document) -> list[str]:
    """Return the phases that a resumed run leaves out, in the order in which they came."""
    return [name for name, phase in document["phases"].items() if phase["status"] in (DONE, SKIPPED)]


def check_same_run(document: Document, option: str | None, number: str | None, path: str) -> None:
    """Refuse to mix two moves in one journal."""
    for name, wanted, known in (("option", option, document["option"]), ("number", number, document["number"])):
        if wanted and known and wanted != known:
            raise JournalError(
                "The journal {0} belongs to run {1} with the {2} {3}, not {4}. One run directory is one move of one "
                "number: use another run directory, or the {2} of that run.".format(
                    path, document["run_id"], name, known, wanted
                )
            )


def has_only_looked(document: Document) -> bool:
    """Tell whether nothing but checks has been done so far, so that the run is bound to no option yet."""
    return not document["attempts"] and set(document["phases"]) <= {PREFLIGHT}


def reopen(document: Document, number: str | None, now: datetime) -> Document:
    """Return the document of an unfinished run that goes on, or starts over when it was rolled back."""
    result = copy.deepcopy(document)
    if document["verdict"] == ROLLED_BACK:
        _start_over(result)
        text = "Run opened again for a fresh attempt, the last one was rolled back."
    else:
        _go_on(result)
        text = "Run opened again, {}.".format(
            "the last attempt ended as {}".format(document["verdict"])
            if document["verdict"]
            else "the last attempt did not close it"
        )
    result["number"] = result["number"] or number
    result.update(opened=format_time(now), verdict=None, closed=None)
    _add_event(result, None, text, now)
    return result


def _start_over(document: Document) -> None:
    document["attempts"].append({name: document[name] for name in ("verdict", "opened", "closed", "phases", "intents")})
    document.update(phases={}, intents={})


def _go_on(document: Document) -> None:
    phases = document["phases"]
    for phase in phases.values():
        if phase["status"] == RUNNING:
            phase["status"] = PENDING
    in_window = FENCE in phases or START_INTENDED in document["intents"]
    if not in_window:
        # What was found and prepared then may have changed since: passwords, versions, what is on the new side.
        for phase in phases.values():
            phase["status"] = PENDING


def note_takeover(document: Document, owner: str, now: datetime) -> Document:
    """Return the document with a note that a dead playbook held the lock."""
    result = copy.deepcopy(document)
    _add_event(result, None, f"The lock of a playbook that no longer runs ({owner}) was taken over.", now)
    return result


def apply_change(document: Document, change: Change, now: datetime) -> Document:
    """Return the document with the change in it; equal to the given one when it says all that already."""
    refuse_secrets(change.facts or {})
    result = copy.deepcopy(document)
    if change.number:
        result["number"] = change.number
    if change.phase:
        _apply_phase(result, change.phase, change.status, change.facts, now)
    elif change.facts:
        result["facts"] = merge(result["facts"], change.facts)
    if change.intent:
        result["intents"].setdefault(change.intent, format_time(now))
    if change.event and not _is_last_event(result, change.phase, change.event):
        _add_event(result, change.phase, change.event, now)
    if change.verdict:
        _apply_verdict(result, change.verdict, change.close, now)
    return result


def _apply_phase(
    document: Document, name: str, status: str | None, facts: dict[str, Any] | None, now: datetime
) -> None:
    phase = document["phases"].setdefault(name, {"status": PENDING, "facts": {}, "attempts": 0})
    wanted = status or (RUNNING if phase["status"] == PENDING else phase["status"])
    if phase["status"] != wanted:
        if wanted == RUNNING:
            _begin_phase(phase, format_time(now))
        elif wanted in (DONE, FAILED):
            _end_phase(document, phase, now)
        phase["status"] = wanted
    phase["facts"] = merge(phase["facts"], facts or {})


def _begin_phase(phase: dict[str, Any], started: str) -> None:
    for name in ("ended", "seconds"):
        phase.pop(name, None)
    phase.update(started=started, attempts=phase["attempts"] + 1)


def _end_phase(document: Document, phase: dict[str, Any], now: datetime) -> None:
    if phase["status"] != RUNNING:
        # Nobody said when it began: it was the next thing after the phase before it, or after the run was opened again.
        ends = [other["ended"] for other in document["phases"].values() if "ended" in other]
        _begin_phase(phase, max([*ends, document["opened"]]))
    ended = format_time(now)
    seconds = (parse_time(ended) - parse_time(phase["started"])).total_seconds()
    phase.update(ended=ended, seconds=round(seconds, 3))


def _apply_verdict(document: Document, verdict: str, close: bool, now: datetime) -> None:
    if close and (document["verdict"] != verdict or document["closed"] is None):
        document["closed"] = format_time(now)
    document["verdict"] = verdict


def _add_event(document: Document, phase: str | None, text: str, now: datetime) -> None:
    document["events"].append({"time": format_time(now), "phase": phase, "text": text})


def _is_last_event(document: Document, phase: str | None, text: str) -> bool:
    events = document["events"]
    return bool(events) and (events[-1]["phase"], events[-1]["text"]) == (phase, text)


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the old facts with the new ones laid over them, dictionary by dictionary."""
    result = dict(old)
    for key, value in new.items():
        known = result.get(key)
        result[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def refuse_secrets(facts: dict[str, Any]) -> None:
    """Raise when the facts hold text under a key that looks like a secret's. The text itself is not named."""
    paths = list(find_secrets(facts))
    if paths:
        raise JournalError(
            "The journal keeps no secrets, and these keys look like some: {}. Leave them out of the facts, or give "
            "them a name that says what they are.".format(", ".join(paths))
        )


def find_secrets(value: Any, path: str = "facts", secret: bool = False) -> Iterator[str]:
    """Yield the path of every text that stands under a key that looks like a secret's."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from find_secrets(item, f"{path}.{key}", looks_like_a_secret(str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_secrets(item, f"{path}[{index}]", secret)
    elif secret and isinstance(value, str) and value:
        yield path
