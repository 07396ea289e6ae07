# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's picture that arrives when the run is about to fence the old client, long after its media were copied."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from labctl import control
from labctl.layout import ACME, CUSTOMERS
from labctl.session import Session
from labctl.state import run_directory

POLL_SECONDS = 0.02


def _fence_begins(journal: Path) -> bool:
    if not journal.exists():
        return False
    phases: dict[str, Any] = json.loads(journal.read_text(encoding="utf-8"))["phases"]
    return "fence" in phases


def send(session: Session, fenced: threading.Event) -> dict[str, Any]:
    """Waits for the order to stop, and sends it. Returns its hash; nothing when the fence came without an order."""
    journal = run_directory(session.lab.inventories[ACME.key]) / "journal.json"
    while not _fence_begins(journal):
        if fenced.wait(POLL_SECONDS):
            return {}
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(3000)
    control.network(
        session.state,
        f"/customers/{CUSTOMERS[ACME.key][0]}/messages",
        {
            "to": ACME.wa_id,
            "ref": "late-picture",
            "body": "the last one",
            "image_base64": base64.b64encode(content).decode(),
        },
    )
    return {"sha256": hashlib.sha256(content).hexdigest()}
