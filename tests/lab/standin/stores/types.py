# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Column types that mean the same on PostgreSQL, MySQL and SQLite."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy.dialects import mysql

SERIAL = BigInteger().with_variant(Integer, "sqlite")
MOMENT = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
"""MySQL's own would lose the part below a second."""
