# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in both directions: stored first, acknowledged after."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from standin.common.environment import Environment
from standin.common.errors import ApiError
from standin.common.times import now
from standin.core import application
from standin.core.configuration import Configuration
from standin.stores.callback import Callback
from standin.stores.contact import Contact
from standin.stores.database import Databases
from standin.stores.message import Chat, Media, Message, Receipt

RANK = {"pending": 0, "sent": 1, "delivered": 2, "read": 3}
IDLE_SECONDS = 1.0
"""After which it is looked for work that nobody has told this process of: what another node has taken in."""
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf", "audio/ogg": ".ogg"}


def jid(wa_id: str) -> str:
    return f"{wa_id}@s.whatsapp.net"


def shard_of(recipient: str, shards: int) -> int:
    """Documented: hash of the recipient modulo the shards. Which hash is unknown [P]."""
    return int(hashlib.sha256(recipient.encode()).hexdigest(), 16) % shards


def store_media(environment: Environment, databases: Databases, data: bytes, mime_type: str, folder: str) -> Media:
    """Writes a file on the media volume and its row."""
    identifier = str(uuid.uuid4())
    directory = environment.media / folder
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / (identifier + EXTENSIONS.get(mime_type, ".bin"))
    path.write_bytes(data)
    media = Media(
        id=identifier,
        mime_type=mime_type,
        path=str(path.relative_to(environment.media)),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        created=now(),
    )
    with databases.session("messageStore") as session:
        session.add(media)
    return media


class Traffic:
    def __init__(self, environment: Environment, databases: Databases, configuration: Configuration):
        self._environment = environment
        self._databases = databases
        self._configuration = configuration
        # A confirmation and a receipt of one message may be stored by two threads or nodes: the row lock orders them.
        self._storing_status = threading.Lock()
        self.outbound_waiting = asyncio.Event()
        self.callback_waiting = asyncio.Event()

    # -- inbound ------------------------------------------------------------------------------------------------------

    def store_inbound(self, message: dict[str, Any]) -> None:
        """Stores a customer's message, its callback and the ratchet. A second delivery changes nothing."""
        sender, key_id = str(message["from"]), str(message["id"])
        with self._databases.session("messageStore") as session:
            known = session.scalar(select(Message.callback_queued).where(Message.key_id == key_id))
        if known is None:
            payload = self._inbound_payload(message)
            with self._databases.session("messageStore") as session:
                session.add(
                    Message(
                        key_id=key_id,
                        key_from_me=False,
                        key_remote_jid=jid(sender),
                        status="received",
                        timestamp=datetime.fromtimestamp(float(message["timestamp"]), UTC),
                        payload=payload,
                        media_id=payload.get("image", {}).get("id"),
                        callback_queued=False,
                    )
                )
                self._touch_chat(session, jid(sender))
            self._remember_contact(sender, str(message.get("profile", "")))
        if not known:
            with self._databases.session("messageStore") as session:
                row = session.query(Message).filter_by(key_id=key_id).one()
                body = {
                    "contacts": [{"profile": {"name": message.get("profile", "")}, "wa_id": sender}],
                    "messages": [{"from": sender, "id": key_id, "timestamp": str(message["timestamp"]), **row.payload}],
                }
                self.queue_callback(f"message:{key_id}", jid(sender), body)
                row.callback_queued = True
        self._configuration.advance(int(message["epoch"]), sender)

    def _inbound_payload(self, message: dict[str, Any]) -> dict[str, Any]:
        payload = dict(message["payload"])
        if payload.get("type") == "image":
            image = payload["image"]
            if (
                "image"
                not in application.complete(self._configuration.get("application"), None)["media"]["auto_download"]
            ):
                return {**payload, "image": {name: value for name, value in image.items() if name != "data_base64"}}
            data = base64.b64decode(image["data_base64"])
            media = store_media(self._environment, self._databases, data, image["mime_type"], "incoming")
            payload["image"] = {
                "id": media.id,
                "mime_type": media.mime_type,
                "sha256": media.sha256,
                "file": f"/usr/local/wamedia/{media.path}",
                **({"caption": image["caption"]} if "caption" in image else {}),
            }
        return payload

    def store_receipt(self, receipt: dict[str, Any]) -> None:
        """Stores a receipt, the status callback and the ratchet."""
        key_id, status = str(receipt["id"]), str(receipt["status"])
        with self._storing_status, self._databases.session("messageStore") as session:
            message = session.query(Message).filter_by(key_id=key_id).with_for_update().one_or_none()
            known = session.scalar(select(Receipt.id).where(Receipt.key_id == key_id, Receipt.status == status))
            if message is not None and known is None:
                self._confirm(
                    session, message
                )  # what has been delivered has been sent, also where the confirmation was not stored
                self._status(session, message, status, str(receipt["timestamp"]))
        self._configuration.advance(int(receipt["epoch"]))

    def _confirm(self, session: Any, message: Message) -> None:
        known = session.scalar(select(Receipt.id).where(Receipt.key_id == message.key_id, Receipt.status == "sent"))
        if known is None:
            self._status(session, message, "sent", str(int(now().timestamp())))

    def _status(self, session: Any, message: Message, status: str, timestamp: str) -> None:
        recipient = message.key_remote_jid.partition("@")[0]
        if RANK[status] > RANK[message.status]:  # a receipt can be stored before the confirmation is
            message.status = status
        session.add(
            Receipt(key_id=message.key_id, key_remote_jid=message.key_remote_jid, status=status, timestamp=now())
        )
        if self._wanted(status):
            body = {
                "statuses": [
                    {
                        "id": message.key_id,
                        "recipient_id": recipient,
                        "status": status,
                        "timestamp": timestamp,
                        "conversation": {"id": hashlib.md5(recipient.encode(), usedforsecurity=False).hexdigest()},
                        "pricing": {"billable": False, "pricing_model": "NBP"},
                    }
                ]
            }
            self.queue_callback(f"status:{message.key_id}:{status}", message.key_remote_jid, body)

    def _wanted(self, status: str) -> bool:
        settings = self._configuration.get("application") or {}
        wanted = {"sent": False, "delivered": True, "read": False, **settings.get("webhooks", {}).get("message", {})}
        return bool(wanted.get(status, True) or (status == "sent" and settings.get("sent_status", True)))

    # -- outbound -----------------------------------------------------------------------------------------------------

    def accept(self, message: dict[str, Any]) -> str:
        """Accepts a message: once this returns, it is in the database and will be sent."""
        recipient = str(message["to"]).removeprefix("+")
        if recipient == self._configuration.number:
            raise ApiError(1021, "Sending to self is not possible")
        key_id = "gB" + secrets.token_urlsafe(19)
        with self._databases.session("messageStore") as session:
            session.add(
                Message(
                    key_id=key_id,
                    key_from_me=True,
                    key_remote_jid=jid(recipient),
                    status="pending",
                    timestamp=now(),
                    payload={k: v for k, v in message.items() if k != "to"},
                )
            )
            self._touch_chat(session, jid(recipient))
        return key_id

    def pending(self, shard: int, shards: int, limit: int = 20) -> list[Message]:
        with self._databases.session("messageStore") as session:
            query = select(Message).where(Message.status == "pending").order_by(Message.id).limit(limit * shards)
            rows = list(session.scalars(query))
        return [row for row in rows if shard_of(row.key_remote_jid.partition("@")[0], shards) == shard][:limit]

    def store_sent(self, key_id: str, epoch: int) -> None:
        with self._storing_status, self._databases.session("messageStore") as session:
            message = session.query(Message).filter_by(key_id=key_id).with_for_update().one()
            self._confirm(session, message)
        self._configuration.advance(epoch, message.key_remote_jid.partition("@")[0])

    # -- shared -------------------------------------------------------------------------------------------------------

    def queue_callback(self, event: str, remote_jid: str, payload: dict[str, Any]) -> None:
        with self._databases.session("callbackStore") as session:
            if session.scalar(select(Callback.id).where(Callback.event == event)) is None:
                session.add(Callback(event=event, key_remote_jid=remote_jid, payload=payload, due=now(), created=now()))

    @staticmethod
    def _touch_chat(session: Any, remote_jid: str) -> None:
        chat = session.query(Chat).filter_by(key_remote_jid=remote_jid).one_or_none()
        if chat is None:
            session.add(Chat(key_remote_jid=remote_jid, last_message=now()))
        else:
            chat.last_message = now()

    def _remember_contact(self, wa_id: str, name: str) -> None:
        with self._databases.session("contactStore") as session:
            contact = session.query(Contact).filter_by(wa_id=wa_id).one_or_none()
            if contact is None:
                session.add(Contact(wa_id=wa_id, profile_name=name, checked=now()))
            else:
                contact.profile_name, contact.checked = name or contact.profile_name, now()

    def counts(self) -> dict[str, int]:
        with self._databases.session("messageStore") as session:
            messages = session.scalar(select(func.count()).select_from(Message)) or 0
            receipts = session.scalar(select(func.count()).select_from(Receipt)) or 0
            pending = session.scalar(select(func.count()).select_from(Message).where(Message.status == "pending")) or 0
        with self._databases.session("callbackStore") as session:
            callbacks = session.scalar(select(func.count()).select_from(Callback)) or 0
        with self._databases.session("contactStore") as session:
            contacts = session.scalar(select(func.count()).select_from(Contact)) or 0
        return {
            "db_messages": messages,
            "db_message_receipts": receipts,
            "db_pending_messages": pending,
            "db_pending_callbacks": callbacks,
            "db_contacts": contacts,
        }
