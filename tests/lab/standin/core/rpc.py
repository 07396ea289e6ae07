# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Webapp asks a node to do. Each function takes the request's arguments and gives the answer's payload."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import delete

from standin.common.errors import ApiError
from standin.common.times import now
from standin.core import application, backup, garbage
from standin.core.client import Client
from standin.core.configuration import fingerprint_of
from standin.core.connection import NetworkUnreachableError, request
from standin.core.traffic import store_media
from standin.stores.contact import Contact
from standin.stores.database import SCHEMA
from standin.stores.message import Media, Message

Payload = dict[str, Any]
Rpc = Callable[[Client, Payload], Awaitable[Payload]]
SHARDS = (1, 2, 4, 8, 16, 32)
REASONS = {
    "pin_required": "Two-step verification pin is required",
    "pin_mismatch": "Two-step verification pin does not match",
}


async def _db(function: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(function, *args)


async def _network(client: Client, message: Payload) -> Payload:
    try:
        answer = await request(client.environment, message)
    except (NetworkUnreachableError, OSError, TimeoutError) as error:
        raise ApiError(1011, "The WhatsApp network cannot be reached") from error
    if answer["type"] == "error":
        reason = str(answer.get("reason", ""))
        raise ApiError(1005, REASONS.get(reason, f"Unknown error: {reason}"))
    return answer


def _registered(client: Client) -> str:
    if client.number is None:
        raise ApiError(1011, "The client is not registered")  # [P]
    return client.number


def _needed(arguments: Payload, *names: str) -> None:
    for name in names:
        if arguments.get(name) in (None, ""):
            raise ApiError(1008, f"{name} is required")


def _pin(pin: Any) -> str:
    if not isinstance(pin, str) or not re.fullmatch(r"\d{6}", pin):
        raise ApiError(1009, "pin must have exactly 6 digits")
    return pin


async def health(client: Client, _arguments: Payload) -> Payload:
    return {"gateway_status": client.status, "role": client.role.name, "node": client.environment.node}


async def register(client: Client, arguments: Payload) -> Payload:
    _needed(arguments, "cc", "phone_number", "method", "cert")
    if arguments["method"] not in ("sms", "voice"):
        raise ApiError(1009, "method must be sms or voice")
    number = str(arguments["cc"]) + str(arguments["phone_number"])
    if client.number == number:
        return {"status": 201}
    await _network(client, {"type": "register", "number": number, "pin": arguments.get("pin")})
    await _db(client.configuration.set, "pending_registration", number)
    return {"status": 202, "account": [{"vname": _display_name(str(arguments["cert"]))}]}


def _display_name(certificate: str) -> str:
    """Observed: byte 22 of the decoded certificate is the length of the name that follows."""
    try:
        raw = base64.b64decode(certificate)
        return raw[23 : 23 + raw[22]].decode()
    except (ValueError, IndexError):
        return ""


async def verify(client: Client, arguments: Payload) -> Payload:
    _needed(arguments, "code")
    number = await _db(client.configuration.get, "pending_registration")
    if number is None:
        raise ApiError(1005, "Error checking code (missing)")
    private_key = secrets.token_bytes(32)
    code = str(arguments["code"]).replace("-", "")
    await _network(client, {"type": "verify", "number": number, "code": code, "identity": fingerprint_of(private_key)})
    await _db(client.configuration.new_identity, private_key)
    await _db(client.configuration.set, "registration", {"number": number, "registered": time.time()})
    await _db(client.configuration.remove, "pending_registration")
    await client.reload()
    return {"status": 201}


async def get_shards(client: Client, _arguments: Payload) -> Payload:
    return {"account": {"shards": await _db(lambda: client.configuration.shards)}}


async def set_shards(client: Client, arguments: Payload) -> Payload:
    _needed(arguments, "cc", "phone_number", "shards", "cert")
    if arguments["shards"] not in SHARDS:
        raise ApiError(1009, "shards must be 1, 2, 4, 8, 16 or 32")
    await _db(client.configuration.set, "shards", arguments["shards"])
    return {"status": 201}


async def two_step(client: Client, arguments: Payload) -> Payload:
    number = _registered(client)
    pin = arguments.get("pin")
    await _network(client, {"type": "two_step", "number": number, "pin": None if arguments.get("off") else _pin(pin)})
    return {}


async def get_application(client: Client, _arguments: Payload) -> Payload:
    stored = await _db(client.configuration.get, "application")
    return {"settings": {"application": application.complete(stored, client.number)}}


async def patch_application(client: Client, arguments: Payload) -> Payload:
    stored = await _db(client.configuration.get, "application")
    current = application.complete(stored, None)
    await _db(client.configuration.set, "application", application.patch(current, arguments))
    return {}


async def reset_application(client: Client, _arguments: Payload) -> Payload:
    await _db(client.configuration.remove, "application")
    return {}


async def get_entry(client: Client, arguments: Payload) -> Payload:
    return {"value": await _db(client.configuration.get, arguments["name"])}


async def set_entry(client: Client, arguments: Payload) -> Payload:
    await _db(client.configuration.set, arguments["name"], arguments["value"])
    return {}


async def remove_entry(client: Client, arguments: Payload) -> Payload:
    await _db(client.configuration.remove, arguments["name"])
    return {}


async def take_backup(client: Client, arguments: Payload) -> Payload:
    _needed(arguments, "password")
    number = _registered(client)
    own = await _db(client.configuration.identity)
    masters, coreapps = await _db(client.cluster.counts)
    content = {
        "registration": {
            "number": number,
            "registered": (await _db(client.configuration.get, "registration"))["registered"],
        },
        "application": await _db(client.configuration.get, "application"),
        "providers": await _db(client.configuration.get, "media_providers", []),
        "identity": base64.b64encode(own.private_key).decode(),
        "registration_id": own.registration_id,
        "epoch": await _db(lambda: client.configuration.epoch),
        "shards": await _db(lambda: client.configuration.shards),
        "nodes": [masters, coreapps],
    }
    return {"settings": {"data": await _db(backup.seal, content, str(arguments["password"]))}}


async def restore(client: Client, arguments: Payload) -> Payload:
    _needed(arguments, "password", "data")
    content = await _db(backup.unseal, str(arguments["data"]), str(arguments["password"]))
    # The same shard setup is asked for before shards can be set: the numbers of nodes stand for it [P].
    if list(await _db(client.cluster.counts)) != content["nodes"]:
        raise ApiError(1005, "The backup was taken from a client with another shard setup")
    was_registered = client.number is not None
    configuration = client.configuration
    number = content["registration"]["number"]
    # Documented since 2.31.4: a successful restore makes a new security code.
    private_key = secrets.token_bytes(32)
    await _network(client, {"type": "identity", "number": number, "identity": fingerprint_of(private_key)})
    await _db(configuration.new_identity, private_key)
    await _db(configuration.set, "application", content["application"])
    await _db(configuration.set, "media_providers", content["providers"])
    await _db(configuration.set, "shards", content["shards"])
    await _db(configuration.set_epoch, content["epoch"])
    await _db(configuration.set, "registration", content["registration"])
    if was_registered:
        # Documented: an existing application is stopped by the restore and needs a restart.
        client.halted = True
        await client.hang_up()
    await client.reload()
    return {}


async def contacts(client: Client, arguments: Payload) -> Payload:
    if not isinstance(arguments.get("contacts"), list):
        raise ApiError(1008, "contacts is required")
    return {"contacts": [await _db(_contact, client, str(entry)) for entry in arguments["contacts"]]}


def _contact(client: Client, entry: str) -> Payload:
    wa_id = re.sub(r"[^0-9]", "", entry)
    if not 7 <= len(wa_id) <= 15:
        return {"input": entry, "status": "invalid"}
    with client.databases.session("contactStore") as session:
        contact = session.query(Contact).filter_by(wa_id=wa_id).one_or_none()
        if contact is None:
            session.add(Contact(wa_id=wa_id, profile_name="", checked=now()))
        else:
            contact.checked = now()
    return {"input": entry, "status": "valid", "wa_id": wa_id}


async def send(client: Client, arguments: Payload) -> Payload:
    _registered(client)
    _needed(arguments, "to")
    kind = arguments.get("type", "text")
    if kind == "text":
        body = (arguments.get("text") or {}).get("body")
        if not body:
            raise ApiError(1008, "text.body is required")
        if len(body) > 4096:
            raise ApiError(1001, "Message length exceeds 4096 characters")
    if kind == "template" and not {"namespace", "name", "language"} <= set(arguments.get("template") or {}):
        raise ApiError(1008, "template needs namespace, name and language")
    if arguments.get("recipient_type", "individual") not in ("individual", "group"):
        raise ApiError(1002)
    if not re.fullmatch(r"\+?\d{7,15}", str(arguments["to"])):
        raise ApiError(1006, "unknown contact")
    key_id = await _db(client.traffic.accept, {"type": kind, **arguments})
    client.traffic.outbound_waiting.set()
    return {"messages": [{"id": key_id}]}


async def mark_read(client: Client, arguments: Payload) -> Payload:
    if arguments.get("status") != "read":
        raise ApiError(1009, "status must be read")

    def mark() -> None:
        with client.databases.session("messageStore") as session:
            row = session.query(Message).filter_by(key_id=arguments["id"], key_from_me=False).one_or_none()
            if row is None:
                raise ApiError(1006, "unknown message")
            row.status = "read"

    await _db(mark)
    return {}


async def upload_media(client: Client, arguments: Payload) -> Payload:
    data = base64.b64decode(arguments["data"])
    media = await _db(store_media, client.environment, client.databases, data, arguments["mime_type"], "uploaded")
    return {"media": [{"id": media.id}]}


async def find_media(client: Client, arguments: Payload) -> Payload:
    def find() -> Payload:
        with client.databases.session("messageStore") as session:
            row = session.get(Media, arguments["id"])
            if row is None or not (client.environment.media / row.path).is_file():
                raise ApiError(1006, "unknown media")
            return {"path": row.path, "mime_type": row.mime_type}

    found: Payload = await _db(find)
    return found


async def delete_media(client: Client, arguments: Payload) -> Payload:
    found = await find_media(client, arguments)

    def remove() -> None:
        (client.environment.media / found["path"]).unlink(missing_ok=True)
        with client.databases.session("messageStore") as session:
            session.execute(delete(Media).where(Media.id == arguments["id"]))

    await _db(remove)
    return {}


async def support(client: Client, _arguments: Payload) -> Payload:
    own = await _db(client.configuration.identity)
    free = str(shutil.disk_usage(client.environment.media if client.environment.media.is_dir() else "/").free)
    connected = client.status == "connected"
    shards = [[client.role.slot, client.role.slot]] if client.role.slot is not None else []
    if shards and await _db(lambda: client.configuration.shards) == 1:
        shards.insert(0, [-1, -1])  # documented for HA: the one connected Coreapp has the master's range too
    return {
        "context": "healthcheck",
        "db_engine": {"PGSQL": "postgres", "MYSQL": "mysql"}[client.environment.db_engine],
        "db_info": [],
        "debug_info": client.number or "unregistered",
        "description": "support information",
        "device_iso8601": now().strftime("%Y-%m-%d %H:%M:%S.000+0000"),
        "e2e": {"identity_timestamp": "", "registration_id": "" if own is None else str(own.registration_id)},
        "env": [],
        "expire_timestamp": "",
        "free_space_data": free,
        "free_space_logs": free,
        "free_space_media_incoming": free,
        "free_space_media_outgoing": free,
        "lc": "US",
        "lg": "en",
        "multi_connect": client.environment.multiconnect,
        "os_name": "Linux",
        "os_version": "1",
        "role": client.role.name,
        "shards": shards,
        "schema": SCHEMA,
        "socket_conn": "UP" if connected else "DN",
    }


async def stats_app(client: Client, _arguments: Payload) -> Payload:
    counts = await _db(client.traffic.counts)
    return {
        "callback_queue_size": {
            "type": "gauge",
            "help": "Callbacks that wait",
            "data": [{"value": counts["db_pending_callbacks"]}],
        },
        "callback_requests": {
            "type": "counter",
            "help": "Callbacks that were posted",
            "data": [
                {"labels": {"result": "success"}, "value": client.callbacks.delivered},
                {"labels": {"result": "failure"}, "value": client.callbacks.failed},
            ],
        },
    }


async def stats_db(client: Client, _arguments: Payload) -> Payload:
    counts = await _db(client.traffic.counts)
    result: Payload = {
        name: {"type": "gauge", "help": name, "data": [{"value": value}]}
        for name, value in counts.items()
        if name != "db_contacts"
    }
    result["db_contacts"] = {
        "type": "gauge",
        "help": "db_contacts",
        "data": [{"labels": {"type": "whatsapp_user"}, "value": counts["db_contacts"]}],
    }
    return result


async def collect_garbage(client: Client, arguments: Payload) -> Payload:
    """The answer says that it goes on; how it went comes as a webhook."""
    kind = arguments["kind"]
    if kind == "message":
        result = await _db(garbage.collect_messages, client.databases)
    else:
        result = await _db(garbage.collect_media, client.databases, client.environment.media)
    report = {"services": [{kind: {"gc": {**result, "node": client.environment.node}}}]}
    await _db(client.traffic.queue_callback, f"gc:{kind}:{time.time()}", "0@s.whatsapp.net", report)
    client.traffic.callback_waiting.set()
    return {"gc": {"status": "processing"}}


FUNCTIONS: dict[str, Rpc] = {
    function.__name__: function
    for function in (
        health, register, verify, get_shards, set_shards, two_step, get_application, patch_application,
        reset_application,
        get_entry, set_entry, remove_entry, take_backup, restore, contacts, send, mark_read, upload_media, find_media,
        delete_media, support, stats_app, stats_db, collect_garbage,
    )
}  # fmt: skip
