# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.core``: a Coreapp, or a Master where WA_MASTER_NODE is 1."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import uvicorn

from standin.common import environment
from standin.core.client import Client
from standin.core.control import PORTS, application


class Server(uvicorn.Server):
    """Leaves the signals to the node, which stops in its own order."""

    def install_signal_handlers(self) -> None:
        pass


async def main() -> None:
    client = Client(environment.read())
    if client.environment.db_upgrade:
        client.databases.create()
        client.databases.dispose()
        return
    loop = asyncio.get_running_loop()
    servers = [
        Server(
            uvicorn.Config(
                application(client),
                host="0.0.0.0",  # noqa: S104 (a container)
                port=port,
                log_level="warning",
                lifespan="off",
            )
        )
        for port in PORTS
    ]

    def stop() -> None:
        for server in servers:
            server.should_exit = True
        client.stop()

    tasks = [asyncio.create_task(server._serve()) for server in servers]  # serve() would take the signals
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await client.run()
    await asyncio.gather(*tasks)


logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(name)s %(levelname)s %(message)s")
logging.getLogger("httpx").setLevel(logging.WARNING)
asyncio.run(main())
