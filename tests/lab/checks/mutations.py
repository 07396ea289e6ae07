# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the checks catch what they claim to catch: after a good move, damage that must turn its named check red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from labctl.session import Session

from checks import carried_over, claims, damage, discretion
from checks.damage import Done
from checks.options import CLIENT_ONLY, FULL, MESSAGES, SETTINGS
from checks.scene import Scene
from checks.verdict import Verdict, judge, listed


@dataclass(frozen=True)
class Mutation:
    """``check`` must turn red and name the damage; ``also`` must turn red with it, ``maybe`` may."""

    carry_out: Callable[[Session], Done]
    check: str
    also: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.carry_out.__name__.replace("_", " ")


@dataclass(frozen=True)
class Round:
    """Damage that is judged together, since none of it touches another one's check."""

    mutations: tuple[Mutation, ...] = field(default=())


AFTER_A_FULL_MOVE = (
    Round(
        (
            Mutation(damage.dropped_row, "rows"),
            Mutation(damage.shifted_sequence, "sequences"),
            Mutation(damage.missing_media, "media"),
            Mutation(damage.wide_file, "private-files"),
            Mutation(damage.left_key, "keys-taken-back"),
            Mutation(damage.restart_policy, "fence"),
        )
    ),
    Round(
        (
            Mutation(damage.flipped_media, "media"),
            Mutation(damage.replayed_callback, "ledger"),
            Mutation(damage.restarted_neighbour, "neighbour-containers"),
            Mutation(damage.written_old_database, "old-databases"),
            Mutation(damage.left_slot, "replication"),
            Mutation(damage.left_setting, "old-server"),
        )
    ),
    Round((Mutation(damage.registration_call, "no-registrations", frozenset({"ledger"})),)),
    Round(
        (
            Mutation(
                damage.second_client,
                "no-kicks",
                frozenset({"one-at-a-time", "never-back", "no-incidents", "ledger"}),
                # It may write to its own databases, and the new client's restart may be the longest gap by now.
                frozenset({"old-databases", "report"}),
            ),
        )
    ),
    Round((Mutation(damage.stale_keys, "no-incidents", frozenset({"ledger", "rows"}), frozenset({"report"})),)),
)
ROUNDS: dict[str, tuple[Round, ...]] = {
    FULL: AFTER_A_FULL_MOVE,
    MESSAGES: (
        Round(
            (
                Mutation(carried_over.canary_user, "canary"),
                Mutation(carried_over.old_password, "logins", frozenset({"accounts"})),
                Mutation(carried_over.old_webhook_called, "old-webhook"),
                Mutation(carried_over.accounts_opened, "never-opened"),
            )
        ),
    ),
    SETTINGS: (
        Round(
            (
                Mutation(carried_over.old_message, "left-behind"),
                Mutation(carried_over.stray_backup, "backup"),
            )
        ),
    ),
    CLIENT_ONLY: (Round((Mutation(carried_over.second_copy, "no-copy"),)),),
}
"""By option. What every option claims is tried after a full move."""


def changed(before: list[Verdict], after: list[Verdict]) -> dict[str, str]:
    """The checks that are red for another reason than before."""
    known = {verdict.name: verdict.reason for verdict in before}
    return {
        verdict.name: verdict.reason for verdict in after if verdict.reason and verdict.reason != known[verdict.name]
    }


def weigh(done: dict[str, Done], mutations: tuple[Mutation, ...], red: dict[str, str]) -> list[Verdict]:
    """One verdict for each mutation, and one for what else has turned red."""
    verdicts = []
    for mutation in mutations:
        reason = red.get(mutation.check, "")
        quiet = sorted(mutation.also - red.keys())
        fault = (
            f"{mutation.check} did not turn red"
            if not reason
            else f"{mutation.check} is red, but does not name it: {reason}"
            if done[mutation.name].mark not in reason
            else f"these stayed green: {', '.join(quiet)}"
            if quiet
            else ""
        )
        verdicts.append(Verdict(mutation.name, f"{mutation.check}: {reason}", fault))
    expected = {name for each in mutations for name in {each.check} | each.also | each.maybe}
    surprising = [f"{name}: {reason}" for name, reason in red.items() if name not in expected]
    if surprising:
        verdicts.append(Verdict("nothing else", "", listed(surprising)))
    return verdicts


def run(session: Session, option: str) -> list[Verdict]:
    """Does all the damage, round by round. The lab is good for nothing but a reset afterwards."""
    checks = claims.checks(option)
    first = Scene(session, option=option)
    before = judge(checks, first)
    verdicts = [Verdict("before", "every check is green", listed([v.name for v in before if not v.good]))]
    if not verdicts[0].good:
        return verdicts
    for each in ROUNDS[option]:
        done = {mutation.name: mutation.carry_out(session) for mutation in each.mutations}
        after = judge(checks, Scene(session, first, option))
        verdicts += weigh(done, each.mutations, changed(before, after))
        for damaged in done.values():
            damaged.undo()
        undone = {mutation.check for mutation in each.mutations if done[mutation.name].undo is not damage.nothing}
        before = [old if new.name in undone else new for old, new in zip(before, after, strict=True)]
    return verdicts + (discretion.plant(session, discretion.PLANTED_AFTERWARDS) if option == FULL else [])
