# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m standin.web``: the Webapp, HTTPS on port 443."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from standin.common import environment
from standin.stores.database import Databases
from standin.web import certificate
from standin.web.application import build

env = environment.read()
cert, key = certificate.ensure(Path("/var/lib/whatsapp"), env.server_name)
uvicorn.run(
    build(env, Databases(env, ("waweb", "clusterStore"))),
    host="0.0.0.0",  # noqa: S104 (a container)
    port=int(os.environ.get("STANDIN_WEB_PORT", "443")),
    ssl_certfile=str(cert),
    ssl_keyfile=str(key),
    log_level="warning",
    access_log=False,
    timeout_graceful_shutdown=3,
)
