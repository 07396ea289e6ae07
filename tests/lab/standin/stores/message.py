# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""messageStore.

Documented: the tables chats, messages, messages_pending_actions, messages_receipt_log and their jid columns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from standin.stores.types import MOMENT, SERIAL


class Base(DeclarativeBase):
    pass


class Chat(Base):
    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    key_remote_jid: Mapped[str] = mapped_column(String(255), unique=True)
    group_creator: Mapped[str | None] = mapped_column(String(255))
    last_message: Mapped[datetime | None] = mapped_column(MOMENT)


class Message(Base):
    """``status``: outbound pending, sent, delivered, read, failed; inbound received."""

    __tablename__ = "messages"
    __table_args__ = (Index("messages_jid_time", "key_remote_jid", "timestamp"), Index("messages_status", "status"))

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64), unique=True)
    key_from_me: Mapped[bool]
    key_remote_jid: Mapped[str] = mapped_column(String(255))
    remote_resource: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16))
    timestamp: Mapped[datetime] = mapped_column(MOMENT)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    media_id: Mapped[str | None] = mapped_column(String(36))
    callback_queued: Mapped[bool] = mapped_column(default=True)


class PendingAction(Base):
    __tablename__ = "messages_pending_actions"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(32))


class Receipt(Base):
    __tablename__ = "messages_receipt_log"
    __table_args__ = (UniqueConstraint("key_id", "status"), Index("receipt_jid", "key_remote_jid"))

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64))
    key_remote_jid: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16))
    timestamp: Mapped[datetime] = mapped_column(MOMENT)


class Media(Base):
    """Media known to the client; the bytes are files on the media volume [P]."""

    __tablename__ = "media"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    mime_type: Mapped[str] = mapped_column(String(128))
    path: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(MOMENT)
