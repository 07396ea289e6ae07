# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""clusterStore: the masters' lease, the nodes and the shard map.

Documented: that they exist in the database; names are ours [P].
"""

from __future__ import annotations

from sqlalchemy import Double, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Lease(Base):
    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    renewed: Mapped[float] = mapped_column(Double)


class Node(Base):
    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    hostname: Mapped[str] = mapped_column(String(128))
    master: Mapped[bool]
    status: Mapped[str] = mapped_column(String(24))
    heartbeat: Mapped[float] = mapped_column(Double)


class ShardOwner(Base):
    __tablename__ = "shard_map"

    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    node: Mapped[str] = mapped_column(String(128))
