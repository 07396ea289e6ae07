# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger as a pure function: every reason that unbalances it, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from standin.ledger.__main__ import lines
from standin.ledger.balance import Evidence, balance, without
from standin.ledger.connections import gaps, overlaps
from standin.tests.harness import NUMBER

Json = dict[str, Any]
OTHER = "15550100002"
BASELINE, NOW, GRACE = 1000.0, 1100.0, 5.0
OLD, NEW = ("wacore:aaaaaaaaaaaa", "10.0.0.10"), ("wacore:bbbbbbbbbbbb", "10.0.0.11")


def event(time: float, kind: str, where: tuple[str, str] = OLD, slot: int = 0, number: str = NUMBER) -> Json:
    return {"time": time, "event": kind, "number": number, "slot": slot, "node": where[0], "peer": where[1]}


def attempt(ref: str, time: float, outcome: str = "accepted", number: str = NUMBER) -> Json:
    return {"time": time, "kind": "attempt", "number": number, "ref": ref, "outcome": outcome}


def customer(ref: str, time: float, number: str = NUMBER) -> Json:
    return {"time": time, "kind": "inbound", "number": number, "ref": ref, "id": f"ABGG{ref}"}


def sent(ref: str, time: float, message_id: str = "") -> Json:
    return {"id": message_id or f"gB{ref}", "ref": ref, "to": "15550100077", "time": time, "copies": 1}


def taken(ref: str, time: float) -> Json:
    return {"id": f"ABGG{ref}", "ref": ref, "time": time, "acknowledged": time, "deliveries": 1}


def message(message_id: str, time: float, status: int = 200) -> Json:
    return {"time": time, "path": "/acme", "peer": "p", "status": status, "body": {"messages": [{"id": message_id}]}}


def status(message_id: str, name: str, time: float, answer: int = 200) -> Json:
    body = {"statuses": [{"id": message_id, "status": name}]}
    return {"time": time, "path": "/acme", "peer": "p", "status": answer, "body": body}


@pytest.fixture
def evidence() -> Evidence:
    """A flawless move: two messages each way, one attempt refused, twelve seconds without a connection."""
    return Evidence(
        number=NUMBER,
        now=NOW,
        baseline=BASELINE,
        traffic=[
            {"time": 1001, "kind": "start"},
            {"time": 1001, "kind": "login", "number": NUMBER, "status": 200},
            attempt("o1", 1002),
            attempt("o2", 1021, "refused"),
            attempt("o2", 1035),
            customer("i1", 1003),
            customer("i2", 1022),
        ],
        outbound=[sent("o1", 1002.5), sent("o2", 1035.5)],
        inbound=[taken("i1", 1003), taken("i2", 1022)],
        callbacks=[
            status("gBo1", "sent", 1002.6),
            status("gBo1", "delivered", 1002.8),
            message("ABGGi1", 1003.2, 500),
            message("ABGGi1", 1003.9),
            message("ABGGi2", 1032.4),
            status("gBo2", "sent", 1035.6),
            status("gBo2", "delivered", 1035.8),
        ],
        events=[event(900, "connected"), event(1020, "disconnected"), event(1032, "connected", NEW)],
    )


def test_flawless_move_balances(evidence: Evidence) -> None:
    ledger = balance(evidence, GRACE)
    assert (ledger["balanced"], ledger["reasons"], ledger["pending"]) == (True, [], 0)
    assert ledger["outbound"] == {
        "accepted": 2,
        "delivered": 2,
        "lost": [],
        "duplicated": [],
        "refused_attempts": 1,
        "in_doubt": 0,
    }
    assert ledger["inbound"] == {"sent": 2, "received": 2, "lost": [], "duplicated": [], "unknown": [], "pending": 0}
    assert ledger["statuses"] == {"expected": 2, "missing": [], "duplicated": [], "unknown": []}
    assert ledger["downtime"] == {"from": 1020, "to": 1032, "seconds": 12}
    assert (ledger["kicks"], ledger["registrations"], ledger["identity_changes"]) == (0, 0, 0)
    assert ledger["resumed"] == 1
    assert lines(ledger)[-1] == "verdict    balanced"


def test_nothing_at_all_balances() -> None:
    ledger = balance(Evidence(NUMBER, NOW), GRACE)
    assert (ledger["balanced"], ledger["downtime"]) == (True, {"seconds": 0.0, "from": None, "to": None})


Change = Callable[[Evidence], Evidence]


def _with(evidence: Evidence, **rows: Any) -> Evidence:
    return replace(evidence, **rows)


def _plus(**more: list[Json]) -> Change:
    return lambda e: _with(e, **{name: [*getattr(e, name), *rows] for name, rows in more.items()})


def _minus(name: str, *indexes: int) -> Change:
    return lambda e: _with(e, **{name: [r for i, r in enumerate(getattr(e, name)) if i not in indexes]})


UNBALANCED: dict[str, tuple[Change, str, Callable[[Json], Any], Any]] = {
    "outbound lost": (
        _plus(traffic=[attempt("o3", 1050)]),
        "1 outbound messages were accepted and never sent",
        lambda ledger: ledger["outbound"]["lost"],
        ["o3"],
    ),
    "outbound copied under another id": (
        _plus(outbound=[sent("o1", 1060, "gBcopy")], callbacks=[status("gBcopy", "delivered", 1061)]),
        "1 outbound messages were sent twice",
        lambda ledger: ledger["outbound"]["duplicated"],
        ["o1"],
    ),
    "outbound copied by the network's own count": (
        lambda e: replace(e, outbound=[{**e.outbound[0], "copies": 2}, e.outbound[1]]),
        "1 outbound messages were sent twice",
        lambda ledger: ledger["outbound"]["duplicated"],
        ["o1"],
    ),
    "outbound of before the baseline sent again": (
        lambda e: replace(e, outbound=[sent("o0", 950), *e.outbound, sent("o0", 1060, "gBagain")]),
        "1 outbound messages were sent twice",
        lambda ledger: ledger["outbound"]["duplicated"],
        ["o0"],
    ),
    "inbound lost": (
        _minus("callbacks", 4),
        "1 customers' messages never reached the webhook",
        lambda ledger: ledger["inbound"]["lost"],
        ["i2"],
    ),
    "inbound only ever refused by the receiver": (
        lambda e: replace(e, callbacks=[{**c, "status": 503} if "messages" in c["body"] else c for c in e.callbacks]),
        "2 customers' messages never reached the webhook",
        lambda ledger: ledger["inbound"]["lost"],
        ["i1", "i2"],
    ),
    "inbound lost by the network itself": (
        _plus(traffic=[customer("i3", 1040)]),
        "1 customers' messages never reached the webhook",
        lambda ledger: ledger["inbound"]["lost"],
        ["i3"],
    ),
    "inbound that only the network knows lost": (
        _plus(inbound=[taken("probe", 1040)]),
        "1 customers' messages never reached the webhook",
        lambda ledger: ledger["inbound"]["lost"],
        ["probe"],
    ),
    "inbound callback twice": (
        _plus(callbacks=[message("ABGGi1", 1070)]),
        "1 customers' messages reached the webhook twice",
        lambda ledger: ledger["inbound"]["duplicated"],
        ["ABGGi1"],
    ),
    "inbound callback of before the baseline again": (
        lambda e: replace(
            e,
            inbound=[taken("i0", 950), *e.inbound],
            callbacks=[message("ABGGi0", 951), *e.callbacks, message("ABGGi0", 1070)],
        ),
        "1 customers' messages reached the webhook twice",
        lambda ledger: ledger["inbound"]["duplicated"],
        ["ABGGi0"],
    ),
    "callback of a message out of the history": (
        _plus(callbacks=[message("ABGGhistory", 1070)]),
        "1 messages at the webhook were never sent by a customer",
        lambda ledger: ledger["inbound"]["unknown"],
        ["ABGGhistory"],
    ),
    "delivery status missing": (
        _minus("callbacks", 6),
        "1 delivery statuses never reached the webhook",
        lambda ledger: ledger["statuses"]["missing"],
        ["gBo2 delivered"],
    ),
    "delivery status of a message in doubt missing": (
        _plus(traffic=[attempt("o3", 1050, "in_doubt")], outbound=[sent("o3", 1050.1)]),
        "1 delivery statuses never reached the webhook",
        lambda ledger: ledger["statuses"]["missing"],
        ["gBo3 delivered"],
    ),
    "status twice": (
        _plus(callbacks=[status("gBo1", "sent", 1070)]),
        "1 statuses reached the webhook twice",
        lambda ledger: ledger["statuses"]["duplicated"],
        ["gBo1 sent"],
    ),
    "status of a message out of the history": (
        _plus(callbacks=[status("gBhistory", "delivered", 1070)]),
        "1 statuses at the webhook are of messages that were never sent",
        lambda ledger: ledger["statuses"]["unknown"],
        ["gBhistory delivered"],
    ),
    "kick": (
        _plus(events=[event(1040, "kicked", NEW), event(1040, "connected", ("wacore:cccccccccccc", NEW[1]))]),
        "1 times a client was kicked out by another",
        lambda ledger: ledger["kicks"],
        1,
    ),
    "registration": (
        _plus(events=[event(1040, "registration_call"), event(1041, "registration")]),
        "2 registration calls",
        lambda ledger: ledger["registrations"],
        2,
    ),
    "code asked for and never used": (
        _plus(events=[event(1040, "registration_call")]),
        "1 registration calls",
        lambda ledger: ledger["registrations"],
        1,
    ),
    "identity change": (
        _plus(events=[event(1040, "identity_change")]),
        "1 identity changes (security code changed)",
        lambda ledger: ledger["identity_changes"],
        1,
    ),
    "stale keys": (
        _plus(events=[event(1032, "stale_keys", NEW)]),
        f"stale_keys: {NEW[0]} from {NEW[1]}",
        lambda ledger: len(ledger["incidents"]),
        1,
    ),
    "wrong identity": (
        _plus(events=[event(1032, "identity_mismatch", NEW)]),
        f"identity_mismatch: {NEW[0]} from {NEW[1]}",
        lambda ledger: len(ledger["incidents"]),
        1,
    ),
    "two clients on different slots": (
        _plus(events=[event(1050, "connected", OLD, slot=1)]),
        "1 moments with two clients",
        lambda ledger: [moment["peers"] for moment in ledger["two_clients"]],
        [[OLD[1], NEW[1]]],
    ),
}


@pytest.mark.parametrize("name", UNBALANCED)
def test_each_reason_alone_unbalances(evidence: Evidence, name: str) -> None:
    change, reason, find, found = UNBALANCED[name]
    ledger = balance(change(evidence), GRACE)
    assert (ledger["balanced"], ledger["reasons"]) == (False, [reason])
    assert find(ledger) == found
    assert reason in lines(ledger)[-1]


@pytest.mark.parametrize(
    ("seen", "wanted", "reasons"),
    [
        (1, 1, []),
        (0, 1, ["0 identity changes (security code changed) instead of 1"]),
        (2, 1, ["2 identity changes (security code changed) instead of 1"]),
    ],
)
def test_move_that_makes_a_new_security_code_makes_one(
    evidence: Evidence, seen: int, wanted: int, reasons: list[str]
) -> None:
    changes = [event(1040 + index, "identity_change") for index in range(seen)]
    assert balance(_plus(events=changes)(evidence), GRACE, wanted)["reasons"] == reasons


@pytest.mark.parametrize(
    ("change", "resumed"),
    [
        (_plus(traffic=[attempt("o3", 1032.5)], outbound=[sent("o3", 1033)]), 2),
        (_plus(traffic=[attempt("o3", 1040, "refused")]), 1),
        (_plus(events=[event(1033, "disconnected", NEW)]), 0),
    ],
    ids=["one more", "refused", "down again and for longer"],
)
def test_what_is_taken_after_the_downtime_is_counted(evidence: Evidence, change: Change, resumed: int) -> None:
    assert balance(change(evidence), GRACE)["resumed"] == resumed


BALANCED: dict[str, Change] = {
    "before the baseline": _plus(
        events=[
            event(950, "kicked", ("gone", "10.0.0.12")),
            event(951, "registration"),
            event(952, "identity_change"),
            event(953, "stale_keys"),
        ],
        traffic=[attempt("o0", 940), customer("i0", 941)],
        callbacks=[status("gBold", "sent", 954), status("gBold", "sent", 955), message("ABGGold", 955)],
    ),
    "another number's events and traffic": _plus(
        events=[event(1040, kind, NEW, 0, OTHER) for kind in ("kicked", "registration", "stale_keys", "connected")],
        traffic=[attempt("b1", 1040, number=OTHER), customer("b2", 1040, OTHER)],
    ),
    "in doubt, and not arrived": _plus(traffic=[attempt("o3", 1050, "in_doubt")]),
    "in doubt, and arrived": _plus(
        traffic=[attempt("o3", 1050, "in_doubt")],
        outbound=[sent("o3", 1050.1)],
        callbacks=[status("gBo3", "delivered", 1050.4)],
    ),
    "refused for good": _plus(traffic=[attempt("o3", 1050 + second, "refused") for second in range(40)]),
    "message that is none of the generator's": _plus(outbound=[sent("", 1050, "gBtest")]),
    "several messages in one callback": _plus(
        traffic=[customer("i3", 1040), customer("i4", 1040)],
        callbacks=[{**message("ABGGi3", 1041), "body": {"messages": [{"id": "ABGGi3"}, {"id": "ABGGi4"}]}}],
    ),
    "callback of another kind": _plus(
        callbacks=[{**message("", 1041), "body": {"services": [{"message": {"gc": {"status": "complete"}}}]}}]
    ),
}


@pytest.mark.parametrize("name", BALANCED)
def test_what_does_not_unbalance(evidence: Evidence, name: str) -> None:
    ledger = balance(BALANCED[name](evidence), GRACE)
    assert ledger["reasons"] == []
    assert ledger["pending"] == 0


def test_refused_and_in_doubt_are_counted(evidence: Evidence) -> None:
    more = [attempt("o3", 1050, "refused"), attempt("o3", 1051, "in_doubt"), attempt("o4", 1052, "in_doubt")]
    outbound = balance(_plus(traffic=more)(evidence), GRACE)["outbound"]
    assert (outbound["refused_attempts"], outbound["in_doubt"], outbound["accepted"]) == (2, 2, 2)


@pytest.mark.parametrize(
    ("change", "inbound"),
    [
        (_plus(traffic=[attempt("o9", NOW - 1)]), 0),
        (_plus(traffic=[customer("i9", NOW - 1)]), 1),
        (_plus(traffic=[attempt("o9", NOW - 2)], outbound=[sent("o9", NOW - 1)]), 0),
    ],
    ids=["not sent yet", "not at the webhook yet", "no status yet"],
)
def test_what_is_young_is_pending_and_later_missing(evidence: Evidence, change: Change, inbound: int) -> None:
    young = balance(change(evidence), GRACE)
    assert (young["balanced"], young["pending"], young["inbound"]["pending"]) == (True, 1, inbound)
    old = balance(replace(change(evidence), now=NOW + GRACE), GRACE)
    assert (old["balanced"], old["pending"], len(old["reasons"])) == (False, 0, 1)


def test_other_numbers_callbacks_are_left_out(evidence: Evidence) -> None:
    theirs = [message("ABGGb", 1050), message("ABGGb", 1051), status("gBb", "sent", 1052), status("gBb", "sent", 1053)]
    both = {"messages": [{"id": "ABGGb"}, {"id": "ABGGi3"}], "contacts": [{"wa_id": "15550100077"}]}
    callbacks = [*theirs, {**message("", 1054), "body": both}]
    assert balance(_plus(callbacks=theirs)(evidence), GRACE)["balanced"] is False
    rest = without({"ABGGb", "gBb"}, callbacks)
    assert rest[-1]["body"] == {"messages": [{"id": "ABGGi3"}], "contacts": [{"wa_id": "15550100077"}]}
    assert balance(_plus(callbacks=rest, traffic=[customer("i3", 1050)])(evidence), GRACE)["reasons"] == []


GAPS: dict[str, tuple[list[Json], list[tuple[float, float | None, float]]]] = {
    "connected all the time": ([event(900, "connected")], []),
    "one gap": (
        [event(900, "connected"), event(1020, "disconnected"), event(1032.5, "connected", NEW)],
        [(1020, 1032.5, 12.5)],
    ),
    "two gaps": (
        [
            event(900, "connected"),
            event(1010, "disconnected"),
            event(1011, "connected"),
            event(1050, "disconnected"),
            event(1060, "connected"),
        ],
        [(1010, 1011, 1), (1050, 1060, 10)],
    ),
    "still down": ([event(900, "connected"), event(1090, "disconnected")], [(1090, None, 10)]),
    "down before the baseline and after it": (
        [event(900, "connected"), event(990, "disconnected"), event(1004, "connected")],
        [(BASELINE, 1004, 4)],
    ),
    "down before the baseline only": (
        [event(900, "connected"), event(950, "disconnected"), event(999, "connected")],
        [],
    ),
    "never connected": ([], [(BASELINE, None, 100)]),
    "one of two slots is enough": (
        [event(900, "connected", slot=0), event(900, "connected", slot=1), event(1010, "disconnected", slot=0)],
        [],
    ),
    "both slots down": (
        [
            event(900, "connected", slot=0),
            event(900, "connected", slot=1),
            event(1010, "disconnected", slot=0),
            event(1012, "disconnected", slot=1),
            event(1015, "connected", NEW, slot=1),
            event(1020, "connected", NEW, slot=0),
        ],
        [(1012, 1015, 3)],
    ),
    "a kick is no gap": ([event(900, "connected"), event(1010, "kicked"), event(1010, "connected", NEW)], []),
    "what was kicked does not count as connected": (
        [
            event(900, "connected"),
            event(1010, "kicked"),
            event(1010, "connected", NEW),
            event(1020, "disconnected", NEW),
        ],
        [(1020, None, 80)],
    ),
    "told out of order": (
        [event(1032, "connected", NEW), event(1020, "disconnected"), event(900, "connected")],
        [(1020, 1032, 12)],
    ),
    "other events say nothing": (
        [event(900, "connected"), event(1010, "refused", NEW), event(1011, "stale_keys", NEW)],
        [],
    ),
}


@pytest.mark.parametrize("name", GAPS)
def test_gaps(name: str) -> None:
    events, wanted = GAPS[name]
    assert [(gap["from"], gap["to"], gap["seconds"]) for gap in gaps(events, BASELINE, NOW)] == wanted


def test_downtime_is_the_longest_gap_of_the_number_itself(evidence: Evidence) -> None:
    more = [
        event(1050, "disconnected", NEW),
        event(1052, "connected", NEW),
        event(900, "connected", NEW, 0, OTHER),
        event(1001, "disconnected", NEW, 0, OTHER),
    ]
    full = _plus(events=more)(evidence)
    assert balance(full, GRACE)["downtime"] == {"from": 1020, "to": 1032, "seconds": 12}
    assert balance(replace(full, number=OTHER), GRACE)["downtime"] == {"from": 1001, "to": None, "seconds": 99}


@pytest.mark.parametrize(
    ("events", "moments"),
    [
        ([event(900, "connected"), event(1020, "disconnected"), event(1030, "connected", NEW)], 0),
        ([event(900, "connected"), event(1020, "kicked"), event(1020, "connected", NEW)], 0),
        ([event(900, "connected", slot=-1), event(1030, "connected", NEW, slot=0)], 1),
        ([event(900, "connected", slot=0), event(950, "connected", NEW, slot=1)], 0),
        ([event(1010, "connected", slot=0), event(1011, "connected", ("wacore2:dddddddddddd", OLD[1]), slot=1)], 0),
    ],
    ids=["one after the other", "kicked", "connected before the baseline", "all before the baseline", "one host"],
)
def test_two_clients(events: list[Json], moments: int) -> None:
    assert len(overlaps(events, BASELINE)) == moments
