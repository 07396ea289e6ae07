# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that change where things are kept, or what a container does (6.3)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

import standin
from standin.stores.database import STORES
from standin.tests.harness import Host, Network, until

pytestmark = pytest.mark.anyio


async def test_configuration_outside_of_the_database(make_host: Callable[..., Host], network: Network) -> None:
    host = make_host("old", WA_CONFIG_ON_DB="0")
    await host.start()
    api = host.web()
    await api.sign_in()
    await api.register()
    await until(lambda: 0 in network.slots(), "the client is connected")
    assert (host.directory / "data" / "config.db").is_file()
    assert not (host.directory / "acme_configStore.db").exists()
    await host.stop()
    await host.start()
    await until(lambda: 0 in network.slots(), "it is still registered")
    await host.stop()
    (host.directory / "data" / "config.db").unlink()
    await host.start()
    await until(lambda: host.nodes["wacore"].status == "unregistered", "without the file it is not")


async def test_schema_upgrade_runs_and_ends(tmp_path: Path, network: Network) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(standin.__file__).parents[1]),
        "STANDIN_DB_URL": f"sqlite:///{tmp_path}/{{name}}.db",
        "STANDIN_NETWORK": f"127.0.0.1:{network.port}",
        "WA_DB_UPGRADE": "1",
    }
    upgrade = await asyncio.create_subprocess_exec(sys.executable, "-m", "standin.core", env=environment)
    assert await asyncio.wait_for(upgrade.wait(), 15) == 0
    stores = set(STORES) - {"waweb"}
    assert {path.stem for path in tmp_path.glob("*.db")} == stores
    for store in stores:
        engine = create_engine(f"sqlite:///{tmp_path}/{store}.db")
        assert set(inspect(engine).get_table_names()) == set(STORES[store].metadata.tables)  # type: ignore[attr-defined]
        engine.dispose()
    assert network.events("connected") == []
