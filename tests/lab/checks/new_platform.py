# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold besides when the number goes to a new platform: nothing secret of the old one comes along."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable
from typing import Any

from labctl import control
from labctl.api import Api
from labctl.layout import ACME, ENGINE_HOSTS, HOSTS
from labctl.state import run_directory

from checks import baseline, canary, dumps, rows, search
from checks.options import ACCOUNTS
from checks.scene import Scene
from checks.verdict import listed

NEW_USERS = {"admin": "/v1/settings/application", "sender": "/v1/health"}
"""With something that each may read."""
OLD_PATH, NEW_PATH = f"/{ACME.key}", "/callbacks"
"""Of the two platforms' webhooks."""
BACKUP = "settings-backup.json"
_SEALED = re.compile(rb"[A-Za-z0-9+/]{60}")
"""A piece of the backup that no other file has."""


def logins(scene: Scene) -> str:
    """The same client, within seconds, refuses what was the old platform's and takes what is the new one's."""
    secrets = scene.session.secrets
    api = Api(scene.session.state.port("new", ACME.api_port))
    answer = api.call("GET", "/v1/health", headers={"Authorization": f"Bearer {scene.before['token']}"})
    found = [] if answer.status == 401 else [f"the old token: {answer.describe()}"]
    for user in baseline.USERS:
        answer = api.login(user, secrets[f"{ACME.key}_{user}_password"])
        if answer.status != 401:
            found.append(f"{user} with the old password: HTTP {answer.status}")
    for user, path in NEW_USERS.items():
        answer = api.login(user, secrets[f"{ACME.key}_new_{user}_password"])
        if answer.status != 200:
            found.append(f"{user} with the new password: {answer.describe()}")
            continue
        answer = api.call("GET", path)
        if answer.status != 200:
            found.append(f"{user} with the new token: {answer.describe()}")
    return listed(found)


def accounts_left(scene: Scene) -> str:
    """No user and no token of the old platform is in the new one's database, under whatever name."""
    return listed(rows.shared(ACCOUNTS, scene.fence_dumps[ACCOUNTS], scene.new_dumps[ACCOUNTS]))


def history_left(scene: Scene) -> str:
    """Messages and media that were there before the run have stayed behind."""
    store = "messageStore"
    old = dumps.read(scene.before_place("old"), ACME.prefix + store, scene.session.state.database_engine)
    found = rows.shared(store, old, scene.new_dumps[store])
    contents = set(scene.before["old_media"].values())
    found += [
        f"the medium {name} is on the new host" for name, hash_ in scene.media("new").items() if hash_ in contents
    ]
    return listed(found)


def strays(callbacks: Iterable[dict[str, Any]], host_of: Callable[[str], str]) -> list[str]:
    """The new host's calls to the old platform's webhook. It must have been seen calling the new one's."""
    mine = [callback for callback in callbacks if host_of(callback["peer"]) == "new"]
    if not any(callback["path"] == NEW_PATH for callback in mine):
        return ["the new host has not called the new webhook at all"]
    return [f"a callback to {c['path']} at {c['time']:.3f}" for c in mine if c["path"] != NEW_PATH]


def old_webhook_unused(scene: Scene) -> str:
    callbacks = control.receiver(scene.session.state, f"/callbacks?since={scene.network['baseline']}")
    return listed(strays(callbacks, scene.host_of))


def backup_kept(scene: Scene) -> str:
    """In the run directory, for the operator alone; on neither host any more."""
    file = run_directory(scene.lab.inventories[ACME.key]) / BACKUP
    if not file.is_file():
        return f"the run has no {BACKUP}"
    mode, sealed = stat.S_IMODE(file.stat().st_mode), _SEALED.search(file.read_bytes())
    if sealed is None:
        return f"{BACKUP} holds no backup"
    found = [] if mode == 0o600 else [f"{BACKUP} has mode {mode:04o}"]
    for host in ENGINE_HOSTS:
        found += [f"{host} still has it in {path}" for path in search.on_host(scene.lab, host, sealed[0].decode())]
    return listed(found)


def canary_stayed_behind(scene: Scene) -> str:
    """The search is of any worth only when the row was there to be found."""
    name = scene.before["canary"]
    rows_there = scene.fence_dumps[ACCOUNTS].tables["users"].rows.values()
    if not any(name in row for row in rows_there):
        return f"the row {name} is not in the old database, so nothing can be found elsewhere"
    found = [f"the database {database} on db-new" for database in search.in_new_databases(scene.session, name)]
    for host in ("new", search.TARGET_SERVER):
        found += [f"{file} on {host}" for file in search.on_host(scene.lab, host, name)]
    found += [f"{file} of the run" for file in search.in_run(scene.lab, name)]
    return listed([f"{name} is in {place}" for place in found])


def accounts_never_opened(scene: Scene) -> str:
    """By the old server's own log. The stopped client opened it from its host, the tests on the server itself."""
    names = {f"{scene.lab.container(host)}.{scene.lab.network}": host for host in HOSTS}
    places = {**names, **{address: host for host, address in scene.truth["addresses"].items()}}
    seen = [
        (user, places.get(peer, peer), database)
        for user, peer, database in canary.connections(canary.log_since(scene.session, scene.before["log_size"]))
    ]
    return listed(canary.opened(seen, {search.TARGET_SERVER}, canary.LOCAL | {"old"}))
