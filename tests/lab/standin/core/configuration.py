# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What configStore and axolotlStore hold: registration, settings, certificates, identity, ratchet."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import delete, select, update

from standin.stores import axolotl
from standin.stores.config import Entry
from standin.stores.database import Databases

OWN = "0"


def public_key_of(private_key: bytes) -> bytes:
    """Nothing is encrypted with it [P]."""
    return hashlib.sha256(private_key).digest()


def fingerprint_of(private_key: bytes) -> str:
    return public_key_of(private_key).hex()


def number_of(entries: dict[str, Any]) -> str | None:
    registration = entries.get("registration")
    return None if registration is None else str(registration["number"])


def shards_of(entries: dict[str, Any]) -> int:
    return int(entries.get("shards", 1))


class Configuration:
    def __init__(self, databases: Databases):
        self._databases = databases

    def get(self, name: str, default: Any = None) -> Any:
        return self.several(name).get(name, default)

    def several(self, *names: str) -> dict[str, Any]:
        """Those of them that there are, by one statement."""
        with self._databases.session("configStore") as session:
            return {entry.name: entry.value for entry in session.scalars(select(Entry).where(Entry.name.in_(names)))}

    def set(self, name: str, value: Any) -> None:
        with self._databases.session("configStore") as session:
            session.merge(Entry(name=name, value=value))

    def remove(self, name: str) -> None:
        with self._databases.session("configStore") as session:
            session.execute(delete(Entry).where(Entry.name == name))

    @property
    def number(self) -> str | None:
        return number_of(self.several("registration"))

    @property
    def shards(self) -> int:
        return shards_of(self.several("shards"))

    # -- encryption state ---------------------------------------------------------------------------------------------

    def new_identity(self, private_key: bytes | None = None, registration_id: int | None = None) -> str:
        """Stores a fresh identity (or the given one) and returns its fingerprint."""
        private = private_key or secrets.token_bytes(32)
        with self._databases.session("axolotlStore") as session:
            own = session.query(axolotl.Identity).filter_by(recipient_id=OWN).one_or_none()
            if own is None:
                own = axolotl.Identity(recipient_id=OWN)
                session.add(own)
            own.private_key = private
            own.public_key = public_key_of(private)
            own.registration_id = registration_id or secrets.randbelow(2**31)
            if session.query(axolotl.PreKey).count() == 0:
                session.add_all(axolotl.PreKey(prekey_id=n, record=secrets.token_bytes(68)) for n in range(1, 101))
            return own.public_key.hex()

    def identity(self) -> axolotl.Identity | None:
        with self._databases.session("axolotlStore") as session:
            return session.query(axolotl.Identity).filter_by(recipient_id=OWN).one_or_none()

    @property
    def fingerprint(self) -> str:
        own = self.identity()
        return "" if own is None else own.public_key.hex()

    @property
    def epoch(self) -> int:
        with self._databases.session("axolotlStore") as session:
            row = session.get(axolotl.Ratchet, 1)
            return 0 if row is None else row.epoch

    def advance(self, epoch: int, recipient: str | None = None) -> None:
        """Moves the ratchet forward, never back, also when two threads do it at a time."""
        with self._databases.session("axolotlStore") as session:
            if session.get(axolotl.Ratchet, 1) is None:
                session.add(axolotl.Ratchet(id=1, epoch=epoch))
            else:
                further = (axolotl.Ratchet.id == 1, axolotl.Ratchet.epoch < epoch)
                session.execute(update(axolotl.Ratchet).where(*further).values(epoch=epoch))
            if recipient:
                chain = session.query(axolotl.Session).filter_by(recipient_id=recipient).one_or_none()
                record = hashlib.sha256(f"{recipient}:{epoch}".encode()).digest()
                if chain is None:
                    session.add(axolotl.Session(recipient_id=recipient, record=record))
                else:
                    chain.record = record

    def set_epoch(self, epoch: int) -> None:
        with self._databases.session("axolotlStore") as session:
            session.merge(axolotl.Ratchet(id=1, epoch=epoch))
