# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets a client up on the old host through its public API, as an operator would."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

from labctl import control, project
from labctl.api import Api
from labctl.errors import LabError
from labctl.layout import ACME, VERIFICATION_CODE, Lab, Number, Topology
from labctl.session import Session
from labctl.state import State
from labctl.waiting import wait_until

VENDORS_PASSWORD = "secret"  # noqa: S105 (the published default, which must be changed at the first login)

WEBHOOK_HOST = "webhook.customer.example"
START_SECONDS = 120.0
CONNECT_SECONDS = 120.0
SEED_SECONDS = 300.0
MEDIA_FILES = 6
JPEG_HEADER = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
READ_LOGS = "Read the client's log: `lab exec old -- docker compose -p {project} logs`."


def certificate(name: str) -> str:
    """A verified-name certificate as samples show it: at offset 22 the length of the display name that follows."""
    text = name.encode()
    return base64.b64encode(bytes(range(1, 23)) + bytes([len(text)]) + text + bytes(16)).decode()


def expected_slots(topology: Topology) -> set[str]:
    """The connections that a healthy client of this topology holds."""
    if topology.shards == 1:
        return {"0"}
    return {"-1", *(str(shard) for shard in range(topology.shards))}


def wait_connected(state: State, number: Number, topology: Topology) -> None:
    """Waits until the WhatsApp network sees the number connected."""

    def missing() -> str:
        slots = set(control.connected_slots(state, number.wa_id))
        lacking = expected_slots(topology) - slots
        return f"slots {', '.join(sorted(lacking))} are not connected" if lacking else ""

    wait_until(
        missing, f"Waiting for {number.title} to connect", CONNECT_SECONDS, READ_LOGS.format(project=number.project)
    )


def onboard(session: Session, number: Number, topology: Topology, messages: int, say: Callable[[str], None]) -> None:
    """From nothing to a connected client with users, settings, media and messages."""
    lab, state, secrets = session.lab, session.state, session.secrets
    project.write_files(lab, number, topology, secrets, state.database_engine)
    project.start(lab, number)
    api = Api(state.port("old", number.api_port))
    _first_login(api, lab, number, secrets[f"{number.key}_admin_password"])
    say(f"{number.title}: registering {number.wa_id}")
    _register(api, state, number, topology)
    api.must("POST", "/v1/settings/account/two-step", {"pin": secrets[f"{number.key}_two_step_pin"]})
    _create_users(api, number, secrets)
    _configure(api, lab, number)
    _upload_media(api, number)
    say(f"{number.title}: seeding {messages} messages")
    seed(lab, number, topology, messages)


def seed(lab: Lab, number: Number, topology: Topology, messages: int, source: int = 1) -> str:
    """Lets the client's own seeder write messages, contacts and receipts. Another source makes another history."""
    return project.compose(
        lab, number, "exec", "--no-TTY", topology.coreapps[0], "python3", "-m", "standin.core.seed",
        "--messages", str(messages), "--seed", str(source),
        tried=f"Seeding {number.title}", timeout=SEED_SECONDS,
    ).strip()  # fmt: skip


def _first_login(api: Api, lab: Lab, number: Number, password: str) -> None:
    """Logs in with the default password and changes it; or with the changed one, when an earlier run came that far."""

    def missing() -> str:
        last_words = project.crashed(lab, number)
        if last_words:
            raise LabError(
                f"Starting the client of {number.title}", last_words, READ_LOGS.format(project=number.project)
            )
        answer = api.login("admin", password)
        if answer.status == 401:
            answer = api.login("admin", VENDORS_PASSWORD, new_password=password)
        return "" if answer.status == 200 else answer.describe()

    wait_until(
        missing, f"First login at {number.title}", START_SECONDS, READ_LOGS.format(project=number.project), interval=1.0
    )


def _statuses(api: Api) -> list[str]:
    """The state of every node that the health answer shows; an error counts as one."""
    answer = api.call("GET", "/v1/health")
    health = answer.document.get("health") if answer.status == 200 else None
    if not isinstance(health, dict):
        return [answer.describe()]
    if "gateway_status" in health:
        return [health["gateway_status"]]
    return [node.get("gateway_status", "error") for node in health.values()]


def _register(api: Api, state: State, number: Number, topology: Topology) -> None:
    """Registers the number, unless the client came up with a registration in its database."""
    nodes = len(topology.masters) + len(topology.coreapps)

    def not_ready() -> str:
        seen = _statuses(api)
        ready = len(seen) == nodes and set(seen) <= {"unregistered", "connected", "connecting", "disconnected"}
        return "" if ready else f"of {nodes} nodes there are: {', '.join(seen) or 'none'}"

    wait_until(
        not_ready,
        f"Waiting for the client of {number.title}",
        START_SECONDS,
        READ_LOGS.format(project=number.project),
        interval=0.5,
    )
    if "unregistered" in _statuses(api):
        request = {
            "cc": number.country_code,
            "phone_number": number.local_number,
            "method": "sms",
            "cert": certificate(number.title),
        }
        answer = api.must("POST", "/v1/account", request)
        if answer.status == 202:
            api.must("POST", "/v1/account/verify", {"code": VERIFICATION_CODE})
        if topology.shards > 1:
            api.must("POST", "/v1/account/shards", {**request, "shards": topology.shards})
    wait_connected(state, number, topology)


def _create_users(api: Api, number: Number, secrets: dict[str, str]) -> None:
    for user in ("sender", "monitor"):
        if api.call("GET", f"/v1/users/{user}").status != 200:
            api.must("POST", "/v1/users", {"username": user, "password": secrets[f"{number.key}_{user}_password"]})


def _configure(api: Api, lab: Lab, number: Number) -> None:
    """Settings that differ from the defaults, so that a move which loses them is seen."""
    api.must(
        "PATCH",
        "/v1/settings/application",
        {
            "callback_backoff_delay_ms": 1000,
            "max_callback_backoff_delay_ms": 15000,
            "media": {"auto_download": ["image", "document"]},
            "webhooks": {
                "url": f"https://{WEBHOOK_HOST}/{number.key}",
                "max_concurrent_requests": 12,
                "message": {"sent": True, "delivered": True, "read": False},
            },
        },
    )
    authority = (lab.directory / "keys" / "ca.pem").read_text(encoding="ascii")
    api.must("POST", "/v1/certificates/webhooks/ca", authority)


def _upload_media(api: Api, number: Number) -> None:
    """A few pictures; number A also has a bigger one."""
    source = random.Random(number.wa_id)  # noqa: S311 (content of pictures)
    sizes = [source.randrange(20_000, 200_000) for _ in range(MEDIA_FILES)] + ([3_000_000] if number is ACME else [])
    for size in sizes:
        api.must("POST", "/v1/media", JPEG_HEADER + source.randbytes(size), {"Content-Type": "image/jpeg"})
