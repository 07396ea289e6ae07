# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.network``: ports 5222 and 443 for clients, 8080 for the lab."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

import uvicorn

from standin.network.control import application
from standin.network.registry import Registry
from standin.network.wire import WireServer

EVERYWHERE = "0.0.0.0"  # noqa: S104 (the lab's own network, and ports that Docker publishes on loopback)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, default=Path("/var/lib/lab/network.jsonl"))
    parser.add_argument("--ports", type=int, nargs="+", default=[5222, 443])
    parser.add_argument("--control-port", type=int, default=8080)
    arguments = parser.parse_args()
    arguments.journal.parent.mkdir(parents=True, exist_ok=True)
    server = WireServer(Registry(arguments.journal))
    for port in arguments.ports:
        await server.listen(EVERYWHERE, port)
    config = uvicorn.Config(
        application(server), host=EVERYWHERE, port=arguments.control_port, log_level="warning", lifespan="off"
    )
    await uvicorn.Server(config).serve()


logging.basicConfig(level=logging.INFO, stream=sys.stdout)
asyncio.run(main())
