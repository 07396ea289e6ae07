# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection: old messages out of the database, unused files off the media volume."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from standin.common.times import now
from standin.stores.database import Databases
from standin.stores.message import Media, Message, PendingAction, Receipt

# Documented for media. How old a message has to be is unknown, so the same [P].
KEPT = timedelta(days=30)
MEDIA_FAILURE: dict[str, Any] = {
    "errors": [{"code": 1014, "details": "Could not delete media files"}],
    "status": "failed",
}


def collect_messages(databases: Databases) -> dict[str, Any]:
    """Deletes old messages with all that belongs to them. What is still to be sent or reported stays."""
    done = (Message.timestamp < now() - KEPT, Message.status != "pending", Message.callback_queued)
    with databases.session("messageStore") as session:
        count = session.scalar(select(func.count()).select_from(Message).where(*done)) or 0
        for table in (Receipt, PendingAction):
            session.execute(delete(table).where(table.key_id.in_(select(Message.key_id).where(*done))))
        session.execute(delete(Message).where(*done))
    return {"status": "complete", "messages_deleted": count}


def collect_media(databases: Databases, volume: Path) -> dict[str, Any]:
    """Deletes files that no message has used for a while. The name of the count is our own [P]."""
    with databases.session("messageStore") as session:
        used = _used(session.query(Message).where(Message.timestamp >= now() - KEPT))
        old = [row for row in session.query(Media).where(Media.created < now() - KEPT) if row.id not in used]
        try:
            for row in old:
                (volume / row.path).unlink(missing_ok=True)
                session.delete(row)
        except OSError:
            return MEDIA_FAILURE
    return {"status": "complete", "files_deleted": len(old)}


def _used(messages: Any) -> set[str]:
    """The media that messages came with, or were sent with."""
    used: set[str] = set()
    for message in messages:
        content = message.payload.get(message.payload.get("type", "text"))
        used.update({message.media_id, content.get("id") if isinstance(content, dict) else None} - {None})
    return used
