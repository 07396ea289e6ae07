# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate damage after a good move. Each function does it, and returns what a check must name and how to undo it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from labctl import control, databases, docker
from labctl.databases.mysql import FRESH_STATISTICS
from labctl.layout import ACME, BETA, POSTGRESQL, WIRE_PORT, Lab
from labctl.session import Session
from labctl.waiting import wait_until

from checks import probes

EVENT_SECONDS = 60.0
NEW_SERVER = "db-new"
MESSAGES = f"{ACME.prefix}messageStore"
CALLBACKS = f"{ACME.prefix}callbackStore"
KEYS = f"{ACME.prefix}axolotlStore"
CONTACTS = f"{ACME.prefix}contactStore"
COREAPP = "wacore"
MEDIA = f"{probes.VOLUMES}/{ACME.media_volume}/_data"
CALL = """\
import json, ssl, sys, urllib.request
wanted = json.load(sys.stdin)
context = ssl.create_default_context(cafile="/etc/lab/ca.pem")
request = urllib.request.Request(
    "https://webhook.customer.example" + wanted["path"],
    json.dumps(wanted["body"]).encode(),
    {"Content-Type": "application/json"},
)
urllib.request.urlopen(request, context=context).read()
"""


class Done(NamedTuple):
    """What the reason of the check must contain, and how to take the damage back."""

    mark: str
    undo: Callable[[], object]


def nothing() -> None:
    """What cannot be taken back stays."""


def _container(lab: Lab, host: str, service: str = COREAPP) -> str:
    return next(str(entry["id"]) for entry in probes.containers(lab, host, ACME) if entry["service"] == service)


def _engine(lab: Lab, host: str, *arguments: str) -> str:
    return docker.execute(lab.container(host), "docker", *arguments, tried=f"Running docker {arguments[0]} on {host}")


def sql(session: Session, text: str, tried: str, database: str, host: str = NEW_SERVER) -> list[list[str]]:
    return databases.server(session.lab, session.state, host).sql(text, tried, database)


def dropped_row(session: Session) -> Done:
    """The row waits in a table of its own."""
    ((identity,),) = sql(
        session,
        "CREATE TABLE dropped AS SELECT * FROM messages WHERE id = (SELECT min(id) FROM messages);\n"
        "DELETE FROM messages WHERE id IN (SELECT id FROM dropped);\n"
        "SELECT id FROM dropped;",
        "Deleting a message",
        MESSAGES,
    )
    back = "INSERT INTO messages SELECT * FROM dropped;\nDROP TABLE dropped;"
    return Done(f"messages lacks the row {identity}", lambda: sql(session, back, "Putting the message back", MESSAGES))


def shifted_sequence(session: Session) -> Done:
    if session.state.database_engine is POSTGRESQL:
        return _shifted_sequence(session)
    return _forgotten_counter(session)


def _shifted_sequence(session: Session) -> Done:
    def shift(by: int) -> None:
        sql(
            session,
            f"SELECT setval('messages_receipt_log_id_seq', last_value + {by}) FROM messages_receipt_log_id_seq;",  # noqa: S608
            "Shifting a sequence",
            MESSAGES,
        )

    shift(-1_000)
    return Done("messages_receipt_log_id_seq goes on with", lambda: shift(1_000))


def _forgotten_counter(session: Session) -> Done:
    """MySQL lets no counter go below the rows that are there: one of a table whose rows go again is set back."""

    def set_to(value: str) -> None:
        sql(session, f"ALTER TABLE queue AUTO_INCREMENT = {value};", "Setting a counter", CALLBACKS)

    ((before,),) = sql(
        session,
        f"{FRESH_STATISTICS}SELECT auto_increment FROM information_schema.tables"  # noqa: S608 (constants)
        f" WHERE table_schema = '{CALLBACKS}' AND table_name = 'queue';",
        "Looking at a counter",
        CALLBACKS,
    )
    set_to("1")
    return Done("queue goes on with", lambda: set_to(before))


def _some_media(session: Session, place: int) -> str:
    """One of those that were there before the move, but not the oldest (0), which the download check takes."""
    rows = sql(session, "SELECT path FROM media ORDER BY created, id LIMIT 3;", "Choosing a medium", MESSAGES)
    return rows[place][0]


def missing_media(session: Session) -> Done:
    name, host = _some_media(session, 1), session.lab.container("new")
    docker.script(host, f"mv {MEDIA}/{name} /var/tmp/missing\n", tried="Taking a medium away")
    return Done(
        f"{name} is missing",
        lambda: docker.script(host, f"mv /var/tmp/missing {MEDIA}/{name}\n", tried="Putting the medium back"),
    )


def flipped_media(session: Session) -> Done:
    name, host = _some_media(session, 2), session.lab.container("new")
    docker.script(
        host,
        f"cp -a {MEDIA}/{name} /var/tmp/flipped\n"
        f"printf '\\001' | dd of={MEDIA}/{name} bs=1 seek=30 conv=notrunc status=none\n"
        f"! cmp --silent {MEDIA}/{name} /var/tmp/flipped\n",
        tried="Flipping a byte of a medium",
    )
    return Done(
        f"{name} differs",
        lambda: docker.script(host, f"mv /var/tmp/flipped {MEDIA}/{name}\n", tried="Putting the medium back"),
    )


def wide_file(session: Session) -> Done:
    file, host = f"{ACME.directory}/{COREAPP}.env", session.lab.container("new")
    docker.script(host, f"chmod 0644 {file}\n", tried="Opening a file")
    return Done(file, lambda: docker.script(host, f"chmod 0600 {file}\n", tried="Closing the file"))


def left_key(session: Session) -> Done:
    file, host = "/root/.ssh/authorized_keys", session.lab.container("old")
    docker.script(host, f"cp -a {file} /var/tmp/keys\necho '# planted' >> {file}\n", tried="Adding to the keys")
    return Done("old lets in other keys", lambda: docker.script(host, f"mv /var/tmp/keys {file}\n", tried="Undoing it"))


def restart_policy(session: Session) -> Done:
    identity = _container(session.lab, "old")
    _engine(session.lab, "old", "update", "--restart", "always", identity)
    return Done("restart policy always", lambda: _engine(session.lab, "old", "update", "--restart", "no", identity))


def post_callback(session: Session, path: str, body: dict[str, Any]) -> None:
    """Calls a webhook of the lab from the new host."""
    docker.execute(
        session.lab.container("new"), "python3", "-c", CALL,
        tried="Calling a webhook",
        stdin=json.dumps({"path": path, "body": body}).encode(),
    )  # fmt: skip


def replayed_callback(session: Session) -> Done:
    callbacks = control.receiver(session.state, "/callbacks?since=0")
    path = f"/{ACME.key}"
    first = next(entry for entry in callbacks if entry["path"] == path and entry["body"].get("messages"))
    post_callback(session, path, first["body"])
    return Done("1 customers' messages reached the webhook twice", nothing)


def restarted_neighbour(session: Session) -> Done:
    entries = probes.containers(session.lab, "old", BETA)
    identity = next(str(entry["id"]) for entry in entries if entry["service"] == "waweb")
    _engine(session.lab, "old", "restart", "--time", "5", identity)
    return Done("waweb was", nothing)


def written_old_database(session: Session) -> Done:
    text = "UPDATE contacts SET profile_name = 'x' WHERE id = 1;"
    sql(session, text, "Writing to an old database", CONTACTS, ACME.database_host)
    return Done(f"{CONTACTS} has changed", nothing)


def left_slot(session: Session) -> Done:
    name = "waba_migration_left"
    old = ACME.database_host
    make = f"SELECT slot_name FROM pg_create_physical_replication_slot('{name}');"  # noqa: S608 (a constant)
    drop = f"SELECT pg_drop_replication_slot('{name}');"
    sql(session, make, "Making a slot", "", old)
    return Done(f"the slot {name}", lambda: sql(session, drop, "Dropping the slot", "", old))


def left_setting(session: Session) -> Done:
    old = ACME.database_host
    make = "ALTER SYSTEM SET wal_keep_size = '64MB';\nSELECT pg_reload_conf();"
    drop = "ALTER SYSTEM RESET wal_keep_size;\nSELECT pg_reload_conf();"
    sql(session, make, "Setting something on the old server", "", old)
    return Done("wal_keep_size is", lambda: sql(session, drop, "Setting it back", "", old))


def registration_call(session: Session) -> Done:
    """Asks for a registration without the PIN, which the network refuses. It is a call all the same."""
    with socket.create_connection(("127.0.0.1", session.state.port("whatsapp", WIRE_PORT)), timeout=10) as connection:
        stream = connection.makefile("rwb")
        stream.write(json.dumps({"type": "register", "number": ACME.wa_id, "pin": None}).encode() + b"\n")
        stream.flush()
        stream.readline()
    return Done("1 registration calls", nothing)


def _await_event(session: Session, since: int, event: str) -> None:
    def missing() -> str:
        events = control.network(session.state, f"/events?number={ACME.wa_id}")[since:]
        return "" if any(entry["event"] == event for entry in events) else f"the network has not seen {event}"

    wait_until(missing, f"Waiting for {event}", EVENT_SECONDS, "See `lab status`.")


def _events(session: Session) -> int:
    known: list[Any] = control.network(session.state, f"/events?number={ACME.wa_id}")
    return len(known)


def second_client(session: Session) -> Done:
    """The old coreapp comes up beside the new one. Afterwards it is fenced again, and the new one connects anew."""
    lab = session.lab
    old, new = _container(lab, "old"), _container(lab, "new")
    network = f"{ACME.project}_default"
    before = _events(session)
    _engine(lab, "old", "network", "connect", "--alias", COREAPP, network, old)
    _engine(lab, "old", "start", old)
    _await_event(session, before, "kicked")
    _engine(lab, "old", "stop", old)
    _engine(lab, "old", "network", "disconnect", network, old)
    before = _events(session)
    _engine(lab, "new", "restart", new)
    _await_event(session, before, "connected")
    return Done("1 kicks", nothing)


def stale_keys(session: Session) -> Done:
    """The new client on encryption keys of an earlier time."""
    lab = session.lab
    new = _container(lab, "new")
    _engine(lab, "new", "stop", new)
    sql(session, "UPDATE ratchet SET epoch = 1;", "Turning the keys back", KEYS)
    before = _events(session)
    _engine(lab, "new", "start", new)
    _await_event(session, before, "connected")
    return Done("stale_keys from new", nothing)
