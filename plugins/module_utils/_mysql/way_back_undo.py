# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a way back away from both servers, whatever is left of it. Private; may change at any time."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import rights_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import (
    CHANGE,
    channel_on,
    keep_to_itself,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_undo import Rest, SourceRest
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import (
    APPLIER_HOST,
    Words,
    words_for,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back_ledger import WayBackLedger
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings


class NewServerRest(SourceRest):
    """On the new server the account, what is sent to it, and the note of where the way back begins."""

    def find(self) -> Leavings:
        found = super().find()
        with self._workplace.session(CHANGE) as session:
            self._facts(session)
            noted = sorted(WayBackLedger(session).positions(self._name))
        return replace(found, publications=noted)

    def remove(self, found: Leavings) -> None:
        super().remove(found)
        if found.publications:
            forgetting = f"Forgetting the way back on {self._workplace.server(CHANGE)}"
            with during(forgetting), self._workplace.session(CHANGE) as session:
                WayBackLedger(session).forget(self._name)


def trial_words(release: Release, name: str) -> Words:
    """Of the channel by which a link is tried. It is never taken for the one that brings changes back."""
    return words_for(release, f"{name}_try")


def forget_channel(session: Session, words: Words) -> None:
    if channel_on(session, words) is not None:
        session.execute(words.stop(), words.forget())


class OldServerRest(Rest):
    """On the old server the channel, and who applies its changes."""

    service = TARGET

    def find(self) -> Leavings:
        with self._workplace.session(TARGET) as session:
            facts = self._facts(session)
            words = words_for(facts["release"], self._name)
            looks = obstacles.sees_channels(facts["release"], rights_of(session, facts))
            channel = channel_on(session, words) if looks else None
            applier = session.rows(replica_sql.account_exists(words.user, APPLIER_HOST)) != [["0"]]
        return Leavings(channel=self._name if channel else None, applier=words.user if applier else None)

    def is_there(self) -> bool:
        with self._workplace.session(TARGET) as session:
            self._see_channels(session)
        return bool(self.find())

    def remove(self, found: Leavings) -> None:
        server = self._workplace.server(TARGET)
        with during(f"Removing the way back from {server}"), self._workplace.session(TARGET) as session:
            release, rights = self._see_channels(session)
            words = words_for(release, self._name)
            for each in (words, trial_words(release, self._name)):
                forget_channel(session, each)
            if found.applier:
                keep_to_itself(session, rights)
                session.execute(*words.drop_applier())

    def _see_channels(self, session: Session) -> tuple[Release, Rights]:
        """Who may not look cannot say that nothing writes to the old databases any more."""
        server, facts = self._workplace.server(TARGET), self._facts(session)
        release, rights = facts["release"], rights_of(session, facts)
        if not obstacles.sees_channels(release, rights):
            raise DatabaseError(
                f"{rights.account} may not ask {server} for its channels, so that nobody knows whether one of them "
                f"still writes to its databases. Grant it {obstacles.right_to_see(release)}."
            )
        return release, rights
