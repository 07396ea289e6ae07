# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.traffic --config FILE --log FILE``: traffic in both directions until SIGTERM.

The configuration is ``{"network": URL, "numbers": [{"number", "addresses": [{"url", "username", "password"}],
"customers", "outbound_rate", "inbound_rate"}]}``; rates are messages a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from pathlib import Path

from standin.traffic.inbound import Customers, Inbound
from standin.traffic.log import TrafficLog
from standin.traffic.outbound import Address, Outbound, Sender


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    config = json.loads(arguments.config.read_text(encoding="utf-8"))
    log = TrafficLog(arguments.log)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    prefix = f"{int(time.time())}-"
    log.note("start")
    jobs = []
    for entry in config["numbers"]:
        customers = tuple(entry["customers"])
        mark = f"{prefix}{entry['number'][-4:]}-"
        sender = Sender(
            entry["number"],
            tuple(Address(**address) for address in entry["addresses"]),
            customers,
            entry["outbound_rate"],
        )
        jobs.append(Outbound(sender, log, mark).run(stop))
        jobs.append(
            Inbound(Customers(entry["number"], config["network"], customers, entry["inbound_rate"]), log, mark).run(
                stop
            )
        )
    await asyncio.gather(*jobs)
    log.note("stop")
    log.close()


asyncio.run(main())
