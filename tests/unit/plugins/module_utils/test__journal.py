# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's document, without files and clocks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._journal import (
    Change,
    Document,
    JournalError,
    apply_change,
    check_same_run,
    done_phases,
    empty_document,
    format_time,
    is_finished,
    make_run_id,
    merge,
    new_document,
    note_takeover,
    parse,
    parse_time,
    refuse_secrets,
    reopen,
    serialise,
)

OPENED = datetime(2026, 11, 24, 9, 30, 15, 42000, tzinfo=timezone.utc)


def after(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def opened(**values: Any) -> Document:
    document = new_document("20261124T093015Z-full-3f9a", "full", "15550100001", OPENED)
    document.update(values)
    return document


def phase(document: Document, name: str, status: str | None, seconds: float, **values: Any) -> Document:
    return apply_change(document, Change(phase=name, status=status, **values), after(seconds))


def closed(document: Document, verdict: str, seconds: float = 100) -> Document:
    return apply_change(document, Change(verdict=verdict, close=True), after(seconds))


# a new run


def test_new_document_holds_every_field_of_the_format() -> None:
    document = opened()

    assert list(document) == list(empty_document())
    assert document["created"] == document["opened"] == "2026-11-24T09:30:15.042Z"
    assert document["events"] == [{"time": "2026-11-24T09:30:15.042Z", "phase": None, "text": "Run opened."}]


def test_run_id_sorts_by_time_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))

    assert make_run_id("full", "3f9a", OPENED.astimezone(berlin)) == "20261124T093015Z-full-3f9a"


def test_time_is_read_as_it_was_written() -> None:
    assert parse_time(format_time(OPENED)) == OPENED


# phases


def test_running_then_done_measures_the_phase() -> None:
    document = phase(phase(opened(), "fence", "running", 10), "fence", "done", 12.461)

    assert document["phases"]["fence"] == {
        "status": "done",
        "facts": {},
        "attempts": 1,
        "started": "2026-11-24T09:30:25.042Z",
        "ended": "2026-11-24T09:30:27.503Z",
        "seconds": 2.461,
    }


def test_first_phase_that_was_never_running_began_when_the_run_was_opened() -> None:
    document = phase(opened(), "preflight", "done", 4)

    assert document["phases"]["preflight"]["seconds"] == 4.0


def test_phase_that_was_never_running_began_when_the_last_one_ended() -> None:
    document = phase(phase(opened(), "fence", "done", 4), "move", "failed", 9.5)

    assert document["phases"]["move"]["seconds"] == 5.5
    assert document["phases"]["move"]["status"] == "failed"


def test_phase_after_a_pause_did_not_begin_before_the_run_was_opened_again() -> None:
    document = reopen(phase(opened(), "fence", "done", 4), None, after(1000))

    assert phase(document, "move", "done", 1003)["phases"]["move"]["seconds"] == 3.0


def test_facts_without_a_status_begin_the_phase() -> None:
    document = phase(opened(), "preflight", None, 3, facts={"findings": [{"id": "host.reachable"}]})

    assert document["phases"]["preflight"]["status"] == "running"
    assert document["phases"]["preflight"]["started"] == format_time(after(3))
    assert document["phases"]["preflight"]["facts"] == {"findings": [{"id": "host.reachable"}]}


def test_facts_without_a_status_leave_a_phase_that_is_done_alone() -> None:
    document = phase(phase(opened(), "verify", "done", 3), "verify", None, 5, facts={"seen": True})

    assert document["phases"]["verify"]["status"] == "done"
    assert document["phases"]["verify"]["ended"] == format_time(after(3))
    assert document["phases"]["verify"]["facts"] == {"seen": True}


def test_failed_phase_that_runs_again_is_measured_anew() -> None:
    document = phase(phase(opened(), "prepare", "running", 1), "prepare", "failed", 5)
    again = phase(document, "prepare", "running", 60)

    assert "ended" not in again["phases"]["prepare"]
    assert "seconds" not in again["phases"]["prepare"]
    assert phase(again, "prepare", "done", 62)["phases"]["prepare"]["seconds"] == 2.0
    assert again["phases"]["prepare"]["attempts"] == 2


@pytest.mark.parametrize("status", ["skipped", "rolled_back"])
def test_other_statuses_keep_the_times(status: str) -> None:
    before = phase(opened(), "fence", "done", 4)

    expected = dict(before["phases"]["fence"], status=status)
    assert phase(before, "fence", status, 50)["phases"]["fence"] == expected


def test_done_names_finished_and_skipped_phases_in_their_order() -> None:
    document = opened()
    for name, status in (("prepare", "done"), ("backup", "skipped"), ("fence", "failed"), ("move", "running")):
        document = phase(document, name, status, 1)

    assert done_phases(document) == ["prepare", "backup"]


# facts, intents, events, verdicts


def test_facts_are_merged_dictionary_by_dictionary() -> None:
    old = {"media": {"files": 3, "bytes": 10}, "rows": [1, 2], "kept": True}
    new = {"media": {"bytes": 11}, "rows": [3], "added": {"a": 1}}

    assert merge(old, new) == {"media": {"files": 3, "bytes": 11}, "rows": [3], "kept": True, "added": {"a": 1}}
    assert old["media"] == {"files": 3, "bytes": 10}


def test_facts_without_a_phase_are_the_runs() -> None:
    document = apply_change(
        opened(facts={"identity": {"number": "15550100001"}}), Change(facts={"identity": {"version": "v2"}}), OPENED
    )

    assert document["facts"] == {"identity": {"number": "15550100001", "version": "v2"}}
    assert document["phases"] == {}


def test_intent_keeps_its_first_time() -> None:
    document = apply_change(opened(), Change(intent="start_intended"), after(1))

    assert document["intents"] == {"start_intended": format_time(after(1))}
    assert apply_change(document, Change(intent="start_intended"), after(9)) == document


def test_event_belongs_to_the_phase_of_the_change() -> None:
    document = phase(opened(), "move", "running", 1, event="Copying.")

    assert document["events"][-1] == {"time": format_time(after(1)), "phase": "move", "text": "Copying."}


def test_number_is_kept() -> None:
    assert apply_change(opened(number=None), Change(number="15550100001"), OPENED)["number"] == "15550100001"


def test_verdict_without_closing_leaves_the_run_open() -> None:
    document = apply_change(opened(), Change(verdict="undecided"), after(1))

    assert (document["verdict"], document["closed"]) == ("undecided", None)


def test_another_verdict_closes_again() -> None:
    document = closed(closed(opened(), "succeeded", 5), "rolled_back", 50)

    assert (document["verdict"], document["closed"]) == ("rolled_back", format_time(after(50)))


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change(phase="move", status="running"),
        Change(phase="move", status="done", facts={"rows": 3}, intent="start_intended", event="Moved."),
        Change(phase="move", status="failed", event="No space left."),
        Change(facts={"downtime_seconds": 7.1}),
        Change(verdict="failed", close=True, event="It failed."),
    ],
)
def test_the_same_change_again_changes_nothing(change: Change) -> None:
    once = apply_change(opened(), change, after(1))

    assert apply_change(once, change, after(60)) == once


def test_the_given_document_is_not_touched() -> None:
    document = phase(opened(), "move", "running", 1)
    text = serialise(document)

    phase(document, "move", "done", 2, facts={"rows": 1}, intent="start_intended", event="Moved.")
    reopen(document, None, after(3))

    assert serialise(document) == text


# opened again


def test_a_run_that_was_rolled_back_starts_a_fresh_attempt() -> None:
    document = phase(opened(facts={"identity": {"version": "v2"}}), "fence", "done", 4, intent="start_intended")
    document = closed(document, "rolled_back", 8)
    again = reopen(document, None, after(60))

    assert again["run_id"] == document["run_id"]
    assert again["attempts"] == [
        {
            "verdict": "rolled_back",
            "opened": format_time(OPENED),
            "closed": format_time(after(8)),
            "phases": document["phases"],
            "intents": {"start_intended": format_time(after(4))},
        }
    ]
    assert (again["phases"], again["intents"]) == ({}, {})
    assert again["facts"] == {"identity": {"version": "v2"}}
    assert (again["verdict"], again["closed"], again["opened"]) == (None, None, format_time(after(60)))
    assert again["events"][-1]["text"] == "Run opened again for a fresh attempt, the last one was rolled back."


@pytest.mark.parametrize("verdict", [None, "failed", "undecided"])
def test_any_other_run_goes_on_and_repeats_what_was_before_the_window(verdict: str | None) -> None:
    document = phase(phase(opened(), "preflight", "done", 1), "prepare", "done", 2)
    again = reopen(closed(document, verdict) if verdict else document, None, after(200))

    assert done_phases(again) == []
    assert [entry["attempts"] for entry in again["phases"].values()] == [1, 1]
    assert again["attempts"] == []
    assert (again["verdict"], again["closed"]) == (None, None)


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (None, "Run opened again, the last attempt did not close it."),
        ("failed", "Run opened again, the last attempt ended as failed."),
    ],
)
def test_going_on_is_noted_every_time(verdict: str | None, text: str) -> None:
    once = reopen(opened(verdict=verdict), None, after(1))
    twice = reopen(dict(once, verdict=verdict), None, after(2))

    assert [event["text"] for event in twice["events"]] == ["Run opened.", text, text]


def test_repeated_preflight_begins_with_its_first_facts() -> None:
    document = reopen(phase(opened(), "preflight", "done", 1), None, after(60))

    preflight = phase(document, "preflight", None, 61, facts={"findings": []})["phases"]["preflight"]

    assert (preflight["status"], preflight["attempts"], preflight["started"]) == ("running", 2, format_time(after(61)))


@pytest.mark.parametrize("status", ["running", "done", "failed"])
def test_preflight_is_not_repeated_once_the_old_client_may_be_down(status: str) -> None:
    document = phase(phase(opened(), "preflight", "done", 1), "fence", status, 2)

    assert "preflight" in done_phases(reopen(document, None, after(60)))


def test_preflight_is_not_repeated_once_the_new_client_may_have_connected() -> None:
    document = phase(opened(), "preflight", "done", 1, intent="start_intended")
    again = reopen(closed(document, "failed"), None, after(200))

    assert done_phases(again) == ["preflight"]
    assert again["intents"] == document["intents"]


def test_interrupted_phase_is_pending_and_measured_anew() -> None:
    document = reopen(phase(opened(), "prepare", "running", 1), None, after(600))
    assert document["phases"]["prepare"]["status"] == "pending"

    document = phase(phase(document, "prepare", "running", 601), "prepare", "done", 603)
    assert (document["phases"]["prepare"]["seconds"], document["phases"]["prepare"]["attempts"]) == (2.0, 2)


def test_opening_again_learns_the_number() -> None:
    assert reopen(opened(number=None), "15550100001", OPENED)["number"] == "15550100001"


def test_takeover_is_noted() -> None:
    document = note_takeover(opened(), "pid 7 on control", after(1))

    assert (
        document["events"][-1]["text"]
        == "The lock of a playbook that no longer runs (pid 7 on control) was taken over."
    )


def test_only_success_is_the_end() -> None:
    assert [
        is_finished(opened(verdict=verdict)) for verdict in (None, "failed", "rolled_back", "undecided", "succeeded")
    ] == [
        False,
        False,
        False,
        False,
        True,
    ]


# refusals


@pytest.mark.parametrize(
    ("option", "number", "text"),
    [
        (
            "database",
            None,
            "with the option full, not database. One run directory is one move of one number: use another",
        ),
        (None, "15550100002", "with the number 15550100001, not 15550100002."),
    ],
)
def test_another_move_is_refused(option: str | None, number: str | None, text: str) -> None:
    with pytest.raises(JournalError) as error:
        check_same_run(opened(), option, number, "/run/journal.json")

    assert "The journal /run/journal.json belongs to run 20261124T093015Z-full-3f9a " + text in str(error.value)


def test_the_same_move_is_not_refused() -> None:
    check_same_run(opened(), "full", "15550100001", "/run/journal.json")
    check_same_run(opened(number=None), "full", "15550100001", "/run/journal.json")


@pytest.mark.parametrize(
    ("facts", "paths"),
    [
        ({"password": "x"}, "facts.password"),
        ({"a": [{"b": {"API-Token": "x"}}]}, "facts.a[0].b.API-Token"),
        ({"two_step_pin": "123456", "api_key": "x"}, "facts.two_step_pin, facts.api_key"),
        ({"private": ["", "x"]}, "facts.private[1]"),
        ({"client-secret": "x"}, "facts.client-secret"),
        ({"db_passwd": "x"}, "facts.db_passwd"),
        ({"jwtCryptoKey": "x", "APIKey": "y"}, "facts.jwtCryptoKey, facts.APIKey"),
        ({"ssh key": "x", "keyPhrase": "x"}, "facts.ssh key, facts.keyPhrase"),
        ({"accessToken": "x"}, "facts.accessToken"),
    ],
)
def test_text_under_a_key_like_a_secrets_is_refused(facts: dict[str, Any], paths: str) -> None:
    with pytest.raises(JournalError) as error:
        refuse_secrets(facts)

    assert f"these keys look like some: {paths}. " in str(error.value)
    assert "123456" not in str(error.value)


@pytest.mark.parametrize(
    "facts",
    [
        {"token_validity_seconds": 604800, "pin_known": True, "password": None, "secret": ""},
        {"pinned": "x", "tokens": "x", "secretary": "x", "pinpoint_id": "x", "keyspace": "x"},
        {"private": {"network": "biz_default"}},
        {"jwt_key_present": "yes", "host_key": "ssh-ed25519 AAAA", "public_key": "x", "key": None, "hotkeys": "x"},
    ],
)
def test_harmless_facts_are_kept(facts: dict[str, Any]) -> None:
    assert apply_change(opened(), Change(facts=facts), OPENED)["facts"] == facts


# the file's text


def test_document_survives_the_file() -> None:
    document = phase(opened(), "move", "done", 2, facts={"text": "Größe"}, event="Moved.")

    text = serialise(document).decode("utf-8")

    assert parse(text, "journal.json") == document
    assert "Größe" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "The journal /run/journal.json is not JSON (Expecting value"),
        ("{", "The journal /run/journal.json is not JSON ("),
        ("[]", "The journal /run/journal.json has format None; this version of the collection reads format 1."),
        ('{"format": 2}', "The journal /run/journal.json has format 2; this version of the collection reads format 1."),
        (json.dumps(dict(opened(), phases=[])), "these fields are missing or of another type: phases."),
        (json.dumps({"format": 1}), "these fields are missing or of another type: run_id, option, number, created,"),
    ],
)
def test_a_foreign_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(JournalError) as error:
        parse(text, "/run/journal.json")

    assert reason in str(error.value)
