# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""callbackStore: webhooks not acknowledged yet by the receiver. Documented: the table queue with key_remote_jid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from standin.stores.types import MOMENT, SERIAL


class Base(DeclarativeBase):
    pass


class Callback(Base):
    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    event: Mapped[str] = mapped_column(String(96), unique=True)
    key_remote_jid: Mapped[str] = mapped_column(String(255), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime] = mapped_column(MOMENT, index=True)
    created: Mapped[datetime] = mapped_column(MOMENT)
