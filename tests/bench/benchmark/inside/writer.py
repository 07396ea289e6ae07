# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client in small: writes at a steady pace, lets go of its server, and writes to another one.

A line of JSON on standard input says what to do, and a line of JSON on standard output says that it has been done. All
times are those of the monotonic clock, which is the same for all processes.
"""

from __future__ import annotations

import io
import json
import select
import sys
import time
import uuid
from importlib import import_module
from typing import Any

from benchmark.inside.data import WRITES

TICK_SECONDS = 0.01
"""Two transactions each: 200 a second."""
TEXT = "x" * 200


class Writer:
    """Connections to one server, and how long each tick took, counted from when it was due."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self.last = 0.0
        self._connections: list[Any] = []
        self._before = ""

    def open(self, address: dict[str, Any]) -> None:
        self._connections = [connect(address, database) for database, _statements in WRITES]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections = []

    def tick(self, due: float) -> None:
        values = {"id": uuid.uuid4().hex, "at": time.time_ns(), "text": TEXT, "before": self._before}
        for connection, (_database, statements) in zip(self._connections, WRITES, strict=True):
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, values)
            connection.commit()
        self._before = str(values["id"])
        self.last = time.monotonic()
        self.samples.append((due, self.last - due))

    def write_until_told(self) -> None:
        due = time.monotonic()
        while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            self.tick(due)
            due += TICK_SECONDS


def connect(address: dict[str, Any], database: str) -> Any:
    driver = import_module(address["driver"])
    where = {name: address[name] for name in ("host", "port", "user", "password")}
    if address["driver"] == "psycopg2":
        return driver.connect(**where, dbname=database, sslmode="verify-full", sslrootcert=address["ca"])
    # It would encode text in another way than the server expects.
    where["password"] = address["password"].encode()
    return driver.connect(**where, database=database, ssl={"ca": address["ca"]})


def main() -> None:
    writer = Writer()
    # Nothing may be read ahead, or there would be nothing left to notice.
    orders = io.FileIO(sys.stdin.fileno(), closefd=False)
    while line := orders.readline():
        order = json.loads(line)
        answer: dict[str, Any] = {}
        if order["do"] == "write":
            writer.open(order["address"])
            say({})
            writer.write_until_told()
            continue
        if order["do"] == "stop":
            writer.close()
            answer = {"last": writer.last, "samples": writer.samples}
        if order["do"] == "first":
            writer.open(order["address"])
            writer.tick(time.monotonic())
            answer = {"at": writer.last}
            writer.close()
        say(answer)


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
