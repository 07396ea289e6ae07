# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.core.seed``: fills the databases of this container's environment with a history of messages."""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from standin.common import environment
from standin.common.times import now
from standin.core.traffic import jid
from standin.stores import axolotl
from standin.stores.contact import Contact
from standin.stores.database import Databases
from standin.stores.message import Chat, Media, Message, Receipt

WORDS = [
    *("order", "shipped", "tomorrow", "thanks", "invoice", "grüße", "你好", "🎉", "size"),
    *("price", "naïve", "delivery", "café", "return", "label", "spasibo", "спасибо"),
]
BATCH = 5000


def seed(
    databases: Databases, env: environment.Environment, messages: int, contacts: int, media: int, number: int
) -> dict[str, int]:
    with databases.session("messageStore") as session:
        before = session.scalar(select(func.count()).select_from(Message)) or 0
    # A second run adds to the history instead of repeating it, and stays as predictable as the first.
    rng = random.Random(f"{number}:{before}")  # noqa: S311 (the same history each time)
    with databases.session("contactStore") as session:
        known = set(session.scalars(select(Contact.wa_id)))
    people = [f"1555{rng.randrange(10**6, 10**7)}" for _ in range(contacts)]
    people = [person for person in dict.fromkeys(people) if person not in known]
    start = now() - timedelta(days=30)
    with databases.session("contactStore") as session:
        rows = [
            {"wa_id": p, "profile_name": f"Customer {i}", "kind": "whatsapp_user", "checked": start}
            for i, p in enumerate(people)
        ]
        session.execute(insert(Contact), rows)
    with databases.session("axolotlStore") as session:
        session.execute(insert(axolotl.Session), [{"recipient_id": p, "record": rng.randbytes(96)} for p in people])
        session.execute(
            insert(axolotl.Identity),
            [
                {"recipient_id": p, "registration_id": rng.randrange(2**31), "public_key": rng.randbytes(32)}
                for p in people
            ],
        )
    with databases.session("messageStore") as session:
        session.execute(insert(Chat), [{"key_remote_jid": jid(p), "last_message": start} for p in people])
        files = [_file(env, rng, start) for _ in range(media)]
        if files:
            session.execute(insert(Media), files)
        for first in range(0, messages, BATCH):
            batch = [_message(rng, people, start, index, files) for index in range(first, min(first + BATCH, messages))]
            session.execute(insert(Message), batch)
            receipts = [
                {
                    "key_id": m["key_id"],
                    "key_remote_jid": m["key_remote_jid"],
                    "status": status,
                    "timestamp": m["timestamp"],
                }
                for m in batch
                if m["key_from_me"]
                for status in ("sent", "delivered")
            ]
            session.execute(insert(Receipt), receipts)
    return {"messages": messages, "contacts": len(people), "media": len(files)}


def _message(
    rng: random.Random, people: list[str], start: Any, index: int, files: list[dict[str, Any]]
) -> dict[str, Any]:
    outbound = rng.random() < 0.5
    person = rng.choice(people)
    body = " ".join(rng.choices(WORDS, k=rng.randrange(4, 30)))
    identifier = hashlib.sha256(f"{rng.random()}:{index}".encode()).hexdigest()[:28]
    return {
        "key_id": ("gB" if outbound else "ABGG") + identifier,
        "key_from_me": outbound,
        "key_remote_jid": jid(person),
        "status": "delivered" if outbound else "received",
        "timestamp": start + timedelta(seconds=index),
        "payload": {"type": "text", "text": {"body": body}},
        "media_id": rng.choice(files)["id"] if files and not outbound and rng.random() < 0.01 else None,
        "callback_queued": True,
    }


def _file(env: environment.Environment, rng: random.Random, when: Any) -> dict[str, Any]:
    data = rng.randbytes(rng.randrange(2_000, 120_000))
    identifier = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    path = env.media / "incoming" / f"{identifier}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {
        "id": identifier,
        "mime_type": "image/jpeg",
        "path": str(path.relative_to(env.media)),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "created": when,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20000)
    parser.add_argument("--contacts", type=int, default=400)
    parser.add_argument("--media", type=int, default=40, help="number of media files")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    env = environment.read()
    databases = Databases(env, ("messageStore", "contactStore", "axolotlStore"))
    done = seed(databases, env, arguments.messages, arguments.contacts, arguments.media, arguments.seed)
    sys.stdout.write(f"{done}\n")
    databases.dispose()


if __name__ == "__main__":
    main()
