# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every claim on a move, and the options that it is made for. What one option does not claim, none else may lose."""

from __future__ import annotations

from typing import NamedTuple

from checks import moved, neighbour, new_platform, replication, settings
from checks.options import CLIENT_ONLY, MESSAGES, NEW_PLATFORM, OPTIONS, SETTINGS
from checks.scene import Scene
from checks.verdict import Check

EVERY = frozenset(OPTIONS)
WITH_ROWS = EVERY - {SETTINGS}
OLD_PLATFORM = EVERY - NEW_PLATFORM
MOVING_DATABASES = EVERY - {CLIENT_ONLY}


class Claim(NamedTuple):
    """A check, and the options after which it must hold."""

    options: frozenset[str]
    check: Check[Scene]


def _claims(options: frozenset[str], *checks: Check[Scene]) -> tuple[Claim, ...]:
    return tuple(Claim(options, check) for check in checks)


CLAIMS = (
    *_claims(
        EVERY,
        Check("connected-on-new", "the number is connected on the new host and nowhere else", moved.connected_on_new),
        Check("one-at-a-time", "at no moment did two hosts hold the number", moved.one_client_at_a_time),
        Check("never-back", "after the move the old host never called again", moved.never_back_on_old),
        Check("no-kicks", "no client was kicked out by another", moved.no_kicks),
        Check("no-registrations", "nobody called for a registration", moved.no_registrations),
        Check("identity", "the identity is the same, or changed once by a restore", moved.identity_kept),
        Check("no-incidents", "the network saw no stale keys and no foreign identity", moved.no_incidents),
        Check("ledger", "every message arrived once", moved.ledger_balanced),
        Check("fence", "the old containers cannot come back", moved.fenced),
        Check(
            "foreign-databases",
            "the old server's other databases and roles are as they were",
            moved.foreign_databases_unchanged,
        ),
        Check("history", "all that was there before was there at the fence", moved.history_at_the_fence),
        Check("settings", "the client is set as it was, but for a new platform's webhook", settings.kept),
        Check("old-media", "the old media are as they were", moved.old_media_kept),
        Check("neighbour-containers", "number B's containers live on", neighbour.containers_live_on),
        Check("neighbour-connected", "number B never lost its connection", neighbour.stayed_connected),
        Check("neighbour-rows", "number B has all that it had", neighbour.rows_kept),
        Check("neighbour-ledger", "every message of number B arrived once", neighbour.ledger_balanced),
        Check("keys-taken-back", "no key of the run opens a host", moved.keys_taken_back),
        Check("replication", "no server replicates or has anything of it", replication.nothing_left),
        Check("old-server", "the old server is set as it was, with the plugins that it had", replication.settings_kept),
        Check("private-files", "files with secrets are for their owner only", moved.files_private),
        Check("report", "the run's report agrees with the network", moved.report_agrees),
    ),
    *_claims(
        MOVING_DATABASES,
        Check("old-databases", "the old databases are as they were at the fence", moved.old_databases_unchanged),
    ),
    *_claims(
        WITH_ROWS,
        Check("rows", "every row of the fence is where the new client works", moved.rows_arrived),
        Check("sequences", "no sequence gives out a number again", moved.sequences_go_on),
        Check("media", "every medium is on the new host, bit by bit", moved.media_arrived),
        Check("late-picture", "a picture of the last second is on the new host", moved.late_picture_arrived),
        Check("media-download", "a medium can be downloaded from the new client", moved.media_downloadable),
    ),
    *_claims(
        OLD_PLATFORM,
        Check("token", "the old platform's token opens the new one", moved.token_works),
        Check("passwords", "the old platform's users log in", moved.passwords_work),
    ),
    *_claims(
        frozenset({CLIENT_ONLY}),
        Check("no-copy", "the new server has no database of the number", moved.no_copy_made),
        Check("dumps", "every database was dumped before the start, as the report says", moved.dumps_as_reported),
    ),
    *_claims(
        NEW_PLATFORM,
        Check("logins", "the old platform's logins are refused, the new one's are taken", new_platform.logins),
        Check("accounts", "no user and no token of the old platform came along", new_platform.accounts_left),
        Check("old-webhook", "the new host called the new webhook alone", new_platform.old_webhook_unused),
        Check("canary", "a row of the old users' database is nowhere else", new_platform.canary_stayed_behind),
    ),
    *_claims(
        frozenset({MESSAGES}),
        Check("never-opened", "no tool opened the old users' database", new_platform.accounts_never_opened),
    ),
    *_claims(
        frozenset({SETTINGS}),
        Check("left-behind", "the new client has no message and no medium of before", new_platform.history_left),
        Check("backup", "the backup is in the run directory and nowhere else", new_platform.backup_kept),
    ),
)


NOT_WITH_WAY_BACK = frozenset({"foreign-databases", "old-databases", "replication"})
"""Until it is used or removed, the old databases follow the new ones, with MySQL by an account of the old server."""
WITH_WAY_BACK = Check("way-back", "nothing but the way back replicates", replication.only_the_way_back)


def _claimed(claim: Claim, option: str, way_back: bool) -> bool:
    return option in claim.options and not (way_back and claim.check.name in NOT_WITH_WAY_BACK)


def checks(option: str, way_back: bool = False) -> tuple[Check[Scene], ...]:
    """Those that must hold after a move with the option."""
    own = (WITH_WAY_BACK,) if way_back else ()
    return (*(claim.check for claim in CLAIMS if _claimed(claim, option, way_back)), *own)


def not_claimed(option: str, way_back: bool = False) -> tuple[str, ...]:
    """The names of the others."""
    return tuple(claim.check.name for claim in CLAIMS if not _claimed(claim, option, way_back))
