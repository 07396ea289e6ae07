# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""axolotlStore: the encryption state. Documented: identities, sender_keys, message_base_key and their columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from standin.stores.types import SERIAL


class Base(DeclarativeBase):
    pass


class Identity(Base):
    """Our own identity has the recipient 0."""

    __tablename__ = "identities"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    recipient_id: Mapped[str] = mapped_column(String(32), unique=True)
    registration_id: Mapped[int] = mapped_column(BigInteger)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)


class Ratchet(Base):
    """How far the encryption state has come [P]: the highest epoch of the network whose data are stored."""

    __tablename__ = "ratchet"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, default=0)


class Session(Base):
    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    recipient_id: Mapped[str] = mapped_column(String(32), unique=True)
    record: Mapped[bytes] = mapped_column(LargeBinary)


class PreKey(Base):
    __tablename__ = "prekeys"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    prekey_id: Mapped[int] = mapped_column(unique=True)
    record: Mapped[bytes] = mapped_column(LargeBinary)


class SenderKey(Base):
    __tablename__ = "sender_keys"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    sender_id: Mapped[str] = mapped_column(String(64), index=True)
    record: Mapped[bytes] = mapped_column(LargeBinary)


class MessageBaseKey(Base):
    __tablename__ = "message_base_key"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    msg_key_remote_jid: Mapped[str] = mapped_column(String(255), index=True)
    base_key: Mapped[bytes] = mapped_column(LargeBinary)
