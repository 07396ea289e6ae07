# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate damage after a good move of another option than the full one: something came along that must not."""

from __future__ import annotations

from labctl import docker
from labctl.docker import File
from labctl.layout import ACME
from labctl.session import Session
from labctl.state import run_directory

from checks import baseline, new_platform, record
from checks.damage import MESSAGES, NEW_SERVER, Done, nothing, post_callback, sql
from checks.options import ACCOUNTS

USERS = f"{ACME.prefix}{ACCOUNTS}"
LOOK_INSIDE = """\
export PGPASSFILE=$(mktemp)
trap 'rm "$PGPASSFILE"' EXIT
echo '{host}:*:{database}:{user}:{password}' > "$PGPASSFILE"
psql --no-psqlrc --host {host} --username {user} --dbname {database} --command 'SELECT count(*) FROM users' > /dev/null
"""
STRAY = "/var/tmp/stray-backup"  # noqa: S108 (of a host of the lab)


def canary_user(session: Session) -> Done:
    """The row that was planted among the old users is among the new ones."""
    name = record.load(session.lab, baseline.STAGE)["canary"]
    sql(
        session,
        "INSERT INTO users (username, role, salt, password_hash, must_change, created)"  # noqa: S608 (of digits)
        f" SELECT '{name}', role, salt, decode('00', 'hex'), must_change, created"
        " FROM users WHERE username = 'sender';",
        "Planting the old user",
        USERS,
    )
    return Done(f"{name} is in the database {USERS} on {NEW_SERVER}", nothing)


def old_password(session: Session) -> Done:
    """A user of the old platform has been copied, with salt and hash."""
    ((salt, hashed),) = sql(
        session,
        "SELECT encode(salt, 'hex'), encode(password_hash, 'hex') FROM users WHERE username = 'monitor';",
        "Reading an old user",
        USERS,
        ACME.database_host,
    )
    sql(
        session,
        "INSERT INTO users (username, role, salt, password_hash, must_change, created)"  # noqa: S608 (of digits)
        f" SELECT 'monitor', role, decode('{salt}', 'hex'), decode('{hashed}', 'hex'), must_change, created"
        " FROM users WHERE username = 'sender';",
        "Copying an old user",
        USERS,
    )
    return Done("monitor with the old password: HTTP 200", nothing)


def old_webhook_called(session: Session) -> Done:
    """With nothing in it, so that no ledger counts it."""
    post_callback(session, new_platform.OLD_PATH, {"statuses": []})
    return Done(f"a callback to {new_platform.OLD_PATH}", nothing)


def accounts_opened(session: Session) -> Done:
    text = LOOK_INSIDE.format(
        password=session.secrets["acme_database_password"],
        host=ACME.database_host,
        user=ACME.key,
        database=USERS,
    )
    docker.script(session.lab.container(NEW_SERVER), text, tried="Looking into the old users' database")
    return Done(f"{ACME.key} from {NEW_SERVER} has opened {USERS}", nothing)


def old_message(session: Session) -> Done:
    """One of the new client's messages becomes one that was there before the run."""
    oldest = "SELECT key_id FROM messages WHERE id = (SELECT min(id) FROM messages);"
    ((key,),) = sql(session, oldest, "Choosing an old message", MESSAGES, ACME.database_host)
    sql(
        session,
        f"UPDATE messages SET key_id = '{key}' WHERE id = (SELECT min(id) FROM messages);",  # noqa: S608 (the lab's own)
        "Planting an old message",
        MESSAGES,
    )
    return Done(f"messages has the old key_id {key[:20]}", nothing)


def stray_backup(session: Session) -> Done:
    content = (run_directory(session.lab.inventories[ACME.key]) / new_platform.BACKUP).read_bytes()
    docker.put(session.lab.container("new"), [File(STRAY, content, 0o600)])
    return Done(f"new still has it in {STRAY}", nothing)


def second_copy(session: Session) -> Done:
    docker.execute(
        session.lab.container(NEW_SERVER),
        "runuser", "-u", "postgres", "--", "createdb", MESSAGES,
        tried="Making a database on the new server",
    )  # fmt: skip
    return Done(f"there is a database {MESSAGES} on {NEW_SERVER}", nothing)
