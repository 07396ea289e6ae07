# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.receiver``: HTTPS on 443 for webhooks, HTTP on 8080 for the lab."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

import uvicorn

from standin.receiver.application import Receiver, control, webhook

EVERYWHERE = "0.0.0.0"  # noqa: S104 (the lab's own network, and ports that Docker publishes on loopback)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", default=os.environ.get("RECEIVER_CERTIFICATE", "/etc/lab/webhook.crt"))
    parser.add_argument("--key", default=os.environ.get("RECEIVER_KEY", "/etc/lab/webhook.key"))
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--control-port", type=int, default=8080)
    parser.add_argument("--journal", type=Path, default=Path("/var/lib/lab/receiver.jsonl"))
    arguments = parser.parse_args()
    arguments.journal.parent.mkdir(parents=True, exist_ok=True)
    receiver = Receiver(arguments.journal)
    hooks = uvicorn.Config(
        webhook(receiver),
        host=EVERYWHERE,
        port=arguments.port,
        ssl_certfile=arguments.certificate,
        ssl_keyfile=arguments.key,
        log_level="warning",
        lifespan="off",
    )
    look = uvicorn.Config(
        control(receiver), host=EVERYWHERE, port=arguments.control_port, log_level="warning", lifespan="off"
    )
    servers = [uvicorn.Server(hooks), uvicorn.Server(look)]
    await asyncio.gather(*(server.serve() for server in servers))


asyncio.run(main())
