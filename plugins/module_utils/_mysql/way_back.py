# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old databases that follow the new ones after a cut, and take over again without loss. Private; may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_database import CutDatabase
from ansible_collections.waba.migration.plugins.module_utils._mysql.link import (
    certificate_of,
    channel_once,
    new_password,
    try_link,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.obstacles import ServerFacts
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_ledger import ReplicaLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import (
    CHANGE,
    channel_on,
    facts_of,
    keep_quiet,
    keep_to_itself,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Channel, Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_state import (
    LOG_IS_GONE,
    read_schema,
    schema_differences,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_undo import (
    find_everything,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import (
    ANY_HOST,
    APPLIER_HOST,
    ROW_RIGHTS,
    Words,
    may_only_replicate,
    words_for,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.standing import busy, last_position
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back_ledger import WayBackLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back_undo import (
    NewServerRest,
    OldServerRest,
    forget_channel,
    trial_words,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, Obstacle
from ansible_collections.waba.migration.plugins.module_utils._way_back import WayBackRequest, WayBackState
from ansible_collections.waba.migration.plugins.module_utils._way_back_run import WayBack

LOG_EXPIRED = "the new server has deleted changes that were not fetched yet (expiry of the binary log)"
SERVERS = ("the new server", "the old server")


class MySQLWayBack(WayBack[Workplace, CutDatabase]):
    """With one channel of the old server for all databases, from the place on that the cut has noted.

    Without C(look) it can do nothing but be removed, and asks neither server before.
    """

    def __init__(self, request: WayBackRequest, look: bool = True) -> None:
        super().__init__(Workplace(request.bin_directory, request.temporary_directory), request)
        self._look = look
        self._new: Session
        self._old: Session
        self._there: ServerFacts
        self._here: ServerFacts
        self._words: Words
        self._trial: Words

    def obstacles(self) -> list[Obstacle]:
        """The link is tried only where nothing else keeps the servers apart, with an account that is not there."""
        request = self._request
        found = obstacles.of_way_back(self._there, self._here, request.databases)
        if found:
            return found
        link = replace(request.link, user=self._words.user, password=new_password())
        answer = self._try_link(link)
        if answer is None or answer[0] in obstacles.REACHED:
            return []
        return [obstacles.of_link(str(request.target), str(request.link), answer[1], "The old server")]

    def _open(self) -> None:
        request, workplace = self._request, self._workplace
        workplace.add(SOURCE, Service(request.source, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))
        workplace.add(CHANGE, Service(request.source, PINNED_SETTINGS))
        workplace.add(TARGET, Service(request.target, PINNED_SETTINGS, (FRESH_STATISTICS,)))
        if not self._look:
            return
        self._new, self._old = self._session(SOURCE), self._session(TARGET)
        there, here = workplace.server_facts(SOURCE, self._new), workplace.server_facts(TARGET, self._old)
        with during(f"Asking {request.source} for what a way back needs"):
            self._there = facts_of(self._new, there)
        with during(f"Asking {request.target} for what a way back needs"):
            self._here = facts_of(self._old, here)
        self._words = words_for(self._here.release, request.name)
        self._trial = trial_words(self._here.release, request.name)
        self._forget_trial()
        workplace.prefer_tools_of(self._here.release)

    def _session(self, service: str) -> Session:
        session = self._workplace.session(service)
        self._sessions.append(session)
        return session

    def _left(self) -> Leavings:
        return self._find_everything()

    def _find_everything(self) -> Leavings:
        return self._with_databases(find_everything(self._new_rest(), self._old_rest()))

    def _remove_everything(self) -> Leavings:
        return self._with_databases(remove_everything(self._new_rest(), self._old_rest()))

    def _with_databases(self, found: Leavings) -> Leavings:
        """All of them follow by one channel."""
        return replace(found, subscriptions=list(self._request.databases) if found.channel else [])

    def _is_on_old(self) -> bool:
        return self._old_rest().is_there()

    def _new_rest(self) -> NewServerRest:
        return NewServerRest(self._workplace, self._request.name)

    def _old_rest(self) -> OldServerRest:
        return OldServerRest(self._workplace, self._request.name)

    def _read(self) -> list[WayBackState]:
        request = self._request
        with during(f"Reading the state of the way back on {request.source}"):
            positions = WayBackLedger(self._new).positions(request.name)
            present = {row["name"] for row in self._new.documents(catalog.DATABASES)}
        channel = self._channel()
        sizes: dict[str, int] = {}
        if positions:
            with during(f"Reading the list of binary logs on {request.source}"):
                sizes = replica_sql.log_sizes(self._new.rows(replica_sql.BINARY_LOGS))
        states = []
        for name in request.databases:
            position = positions.get(name)
            applied = channel.applied if channel else position
            states.append(
                WayBackState(
                    name=name,
                    # A cut that was killed before it had happened may have noted it too.
                    prepared=position is not None and name in present,
                    slot=None,
                    lag_bytes=replica_sql.bytes_after(sizes, applied) if applied else None,
                    retained_bytes=None,
                    broken=LOG_EXPIRED if position and _is_expired(channel, position, sizes) else "",
                    subscribed=channel is not None,
                    enabled=bool(channel and _is_enabled(channel)),
                    active=bool(channel and channel.receiving),
                    working=bool(channel and channel.applying),
                    hindrance=_hindrance(channel),
                )
            )
        return states

    def _forget_trial(self) -> None:
        """Of somebody who was killed while trying the link."""
        if self._may_look:
            with during(f"Looking at the channels of {self._request.target}"):
                forget_channel(self._old, self._trial)

    @property
    def _may_look(self) -> bool:
        return obstacles.sees_channels(self._here.release, self._here.rights)

    def _channel(self) -> Channel | None:
        if not self._may_look:
            return None
        with during(f"Reading the state of the way back on {self._request.target}"):
            return channel_on(self._old, self._words)

    def _refuse_loop(self) -> None:
        """What comes back is in the log of the old server, from where it would go there once more."""
        name, new = self._request.forward_name, self._request.source
        with during(f"Looking for the way there on {new}"):
            followed = ReplicaLedger(self._new).entries(name)
            looks = obstacles.sees_channels(self._there.release, self._there.rights)
            channel = channel_on(self._new, words_for(self._there.release, name)) if looks else None
        if followed or channel:
            raise DatabaseError(
                f"The replication {name} from {self._request.target} to {new} is still there, and what comes back "
                "would be fetched by it. Abandon it first."
            )

    def _busy(self, new: bool) -> str:
        return busy(self._new if new else self._old, self._request.databases)

    def _follow(self, states: Sequence[WayBackState]) -> None:
        request, words = self._request, self._words
        positions = WayBackLedger(self._new).positions(request.name)
        # All of them were noted at once.
        position = positions[request.databases[0]]
        link = self._make_account()
        self._make_applier()
        answer = self._try_link(link)
        if answer:
            raise DatabaseError(
                f"Connecting from the old database server {request.target} to {link} as {link.user} failed: {answer[1]}"
            )
        with during(f"Having the old server {request.target} follow {link}"):
            self._old.execute(words.connect_restricted(link, certificate_of(link), position, self._anonymous))
            self._start()

    def _enable(self, names: Sequence[str]) -> None:
        """With all that it has to be told, since a run may have been killed, or the server started anew."""
        with during(f"Having the old server {self._request.target} go on following"):
            self._start()

    def _start(self) -> None:
        """From where it is. What it applies, and as whom, may be told any number of times."""
        words = self._words
        keep_quiet(self._old, self._here.rights)
        self._old.execute(
            words.stop(),
            *words.identify(self._anonymous),
            *words.apply(),
            *words.filters({name: name for name in self._request.databases}),
            words.start(),
        )
        channel = channel_once(
            self._old,
            words,
            lambda found: (found.receiving and found.applying) or bool(found.apply_error or found.receive_error),
        )
        if channel.receive_error:
            raise ToolError(channel.receive_text)

    def _make_account(self) -> Server:
        """One that may fetch changes and nothing else. A run that was killed may have made it already."""
        server = self._request.source
        words = words_for(self._there.release, self._request.name)
        password = new_password()
        with during(f"Creating the account {words.user} on {server}"), self._workplace.session(CHANGE) as session:
            keep_to_itself(session, self._there.rights)
            if session.rows(replica_sql.account_exists(words.user, ANY_HOST)) != [["0"]]:
                if not may_only_replicate([row[0] for row in session.rows(words.show_grants())]):
                    raise DatabaseError(f"{server} has an account {words.user} already, so another name is needed.")
                session.execute(words.drop_account())
            session.execute(*words.create_account(password, self._request.link.ssl_mode != "disable"))
        return replace(self._request.link, user=words.user, password=password)

    def _make_applier(self) -> None:
        server, words = self._request.target, self._words
        creating = f"Creating the account that applies changes on the old server {server}"
        with during(creating), self._workplace.session(TARGET) as session:
            keep_to_itself(session, self._here.rights)
            if session.rows(replica_sql.account_exists(words.user, APPLIER_HOST)) != [["0"]]:
                session.execute(*words.drop_applier())
            # Nothing that is dropped on the new server shall be dropped here.
            session.execute(*words.create_applier(self._request.databases, new_password(), ROW_RIGHTS))

    def _try_link(self, link: Server) -> tuple[int, str] | None:
        request = self._request
        keep_quiet(self._old, self._here.rights)
        with during(f"Trying the link from {request.target} to {link}"):
            position = last_position(self._new, self._there.release)
            return try_link(self._old, self._trial, link, position, self._anonymous)

    @property
    def _anonymous(self) -> bool:
        return obstacles.anonymous(self._there, self._here)

    def _last_position(self) -> str:
        return str(last_position(self._new, self._there.release))

    def _drain(self, position: str) -> None:
        request = self._request
        file, _colon, offset = position.rpartition(":")
        with during(f"Waiting for {request.target} to reach {position}"):
            [[answer]] = self._old.rows(self._words.wait(Position(file, int(offset)), request.timeout))
        if answer != "NULL" and int(answer) >= 0:
            return
        missing = self._not_everything(self._read(), f" within {request.timeout:g} s" if answer != "NULL" else "")
        # Who applies may define nothing, and stops there.
        schemas = self._other_schemas(self._open_databases())
        raise (
            DatabaseError(f"{missing}. The new client has defined something: {'; '.join(schemas)}")
            if schemas
            else missing
        )

    def _open_databases(self) -> list[CutDatabase]:
        def open_database(name: str) -> CutDatabase:
            database = CutDatabase(name, name, self._session(SOURCE), self._session(TARGET), SERVERS)
            database.look()
            return database

        opened: list[CutDatabase] = self._at_once([partial(open_database, name) for name in self._request.databases])
        return opened

    def _other_schemas(self, databases: Sequence[CutDatabase]) -> list[str]:
        found = []
        for database in databases:
            with during(f"Reading what is defined in {database.name} on both servers"):
                there = read_schema(database.source, database.name, True)
                here = read_schema(database.target, database.name, True)
            found += [f"{what} in {database.name}" for what in schema_differences(there, here, "after the cut")]
        return found


def _is_expired(channel: Channel | None, noted: Position, sizes: dict[str, int]) -> bool:
    """Whether the new server has not any more what is to be fetched next."""
    if channel is None:
        return noted.file not in sizes
    return channel.receive_error == LOG_IS_GONE or channel.received_file not in sizes


def _is_enabled(channel: Channel) -> bool:
    """It is not when somebody has stopped it, or when the old server does not know any more what to apply."""
    return channel.filtered and not (channel.stopped and not channel.receive_error and not channel.apply_error)


def _hindrance(channel: Channel | None) -> str:
    """Texts of errors may have values of rows in them, and are not told, but for those of the connection."""
    if channel is None:
        return ""
    if channel.apply_error:
        return f", since changes cannot be applied (error {channel.apply_error}); the reason is in its log"
    return f": {channel.receive_text}".rstrip(".") if channel.receive_error else ""
