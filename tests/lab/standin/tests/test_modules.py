# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's modules and the stand-in client understand each other, over HTTPS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.modules import (
    api_user,
    application_settings,
    settings_backup,
    settings_restore,
    two_step,
    webhook_certificate,
)

from standin.tests.harness import NUMBER, Api, Host, Network, until
from standin.tests.sockets import served
from standin.web import certificate

pytestmark = pytest.mark.anyio
SECRET, PIN, USER_PASSWORD = "backup-secret", "093417", "S3nder!pass"

Result = dict[str, Any]
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def run(
    anyio_backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Run]:
    """Runs a module against an API, as its administrator."""
    authority, key = certificate.ensure(tmp_path / "tls", "localhost")
    urls: dict[Api, str] = {}

    def finish(main: Callable[[], None], arguments: Result, check_mode: bool) -> Result:
        with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            main()
        # The client tells its requests on the same stream, each before it is answered.
        result: Result = json.loads(capsys.readouterr().out.splitlines()[-1])
        return result

    async with AsyncExitStack() as servers:

        async def run_module(api: Api, module: ModuleType, check_mode: bool = False, **options: Any) -> Result:
            if api not in urls:
                urls[api] = await servers.enter_async_context(served(api.app, authority, key))
            arguments = {"api_url": urls[api], "ca_path": str(authority), "api_token": api.token, **options}
            return await asyncio.to_thread(finish, module.main, arguments, check_mode)

        yield run_module


async def twice(run: Run, api: Api, module: ModuleType, **options: Any) -> Result:
    """In check mode, and then two times: the first changes what was foreseen, the second nothing."""
    foreseen = await run(api, module, check_mode=True, **options)
    first = await run(api, module, **options)
    second = await run(api, module, **options)
    assert [result.get("msg") for result in (foreseen, first, second)] == [None] * 3
    assert [result["changed"] for result in (foreseen, first, second)] == [True, True, False]
    return first


async def test_settings_move_to_a_new_client(
    run: Run, host: Host, registered: Api, network: Network, make_host: Callable[..., Host], tmp_path: Path
) -> None:
    backup, url = tmp_path / "backup.json", "https://h.example/wa?key=word"
    await twice(run, registered, application_settings, settings={"webhooks": {"url": url}, "unhealthy_interval": 9})
    taken = await twice(run, registered, settings_backup, password=SECRET, dest=str(backup))
    await host.stop()
    target = make_host("new")
    await target.start()
    new = target.web()
    await new.sign_in(password="0ther!Pass")

    damaged = await run(new, settings_restore, password="another", src=str(backup), number=NUMBER)
    assert damaged["msg"].endswith("compare it with what waba.migration.settings_backup returned.")
    restored = await twice(run, new, settings_restore, password=SECRET, src=str(backup), number=NUMBER)

    assert (restored["number"], restored["restart_required"]) == (NUMBER, False)
    assert restored["sha256"] == taken["sha256"]
    await until(lambda: 0 in network.slots(), "the new client is connected")
    settings = (await new.call("GET", "/v1/settings/application")).json()["settings"]["application"]
    assert (settings["webhooks"]["url"], settings["unhealthy_interval"]) == (url, 9)
    assert len(network.events("registration")) == 1


async def test_restore_on_a_registered_client(
    run: Run, host: Host, registered: Api, network: Network, tmp_path: Path
) -> None:
    options = {"password": SECRET, "src": str(tmp_path / "backup.json")}
    await run(registered, settings_backup, password=SECRET, dest=options["src"])

    refused = await run(registered, settings_restore, **options)
    assert f"is registered as {NUMBER}. A restore would stop it" in refused["msg"]
    assert await registered.health() == {"gateway_status": "connected"}

    forced = await run(registered, settings_restore, **options, force=True)
    assert (forced["changed"], forced["restart_required"]) == (True, True)
    await until(lambda: not network.slots(), "the client is stopped")
    again = await run(registered, settings_restore, **options, number=NUMBER)
    assert (again["changed"], again["restart_required"]) == (False, True), "nobody has restarted it"


async def test_restore_on_another_shard_setup(
    run: Run, host: Host, registered: Api, make_host: Callable[..., Host], tmp_path: Path
) -> None:
    options = {"password": SECRET, "src": str(tmp_path / "backup.json")}
    await run(registered, settings_backup, password=SECRET, dest=options["src"])
    await host.stop()
    target = make_host("new", WA_APP_MULTICONNECT="1")
    await target.start_cluster(2, 3)
    new = target.web()
    await new.sign_in()

    refused = await run(new, settings_restore, **options)

    assert "this one shows 2 masters and 3 coreapps. Give it as many as the old one." in refused["msg"]


async def test_two_step_verification(run: Run, registered: Api, network: Network) -> None:
    pins = []
    for state in ("enabled", "enabled", "disabled", "disabled"):
        assert (await run(registered, two_step, state=state, pin=PIN)) == {"changed": True, "state": state}
        pins.append(network.registry.number(NUMBER).pin)
    assert pins == [PIN, PIN, None, None]


async def test_two_step_verification_of_an_unregistered_client(run: Run, api: Api) -> None:
    assert "answered 503, error 1011" in (await run(api, two_step, state="enabled", pin=PIN))["msg"]


async def test_settings_that_the_client_refuses(run: Run, api: Api) -> None:
    refused = await run(api, application_settings, settings={"pass_through": True})

    assert "error 1009 Parameter value is not valid, pass_through cannot be turned on any more." in refused["msg"]


async def test_every_setting_is_known_to_the_client(run: Run, api: Api) -> None:
    settings = (await api.call("GET", "/v1/settings/application")).json()["settings"]["application"]
    del settings["wa_id"]
    settings["webhooks"]["message_statuses"] = settings["webhooks"].pop("message")

    assert (await run(api, application_settings, settings=settings))["changed"] is False


async def test_webhook_authority(run: Run, api: Api, tmp_path: Path) -> None:
    authority, _key = certificate.ensure(tmp_path / "authority", "hooks.example.org")

    await twice(run, api, webhook_certificate, src=str(authority))
    assert (await api.call("GET", "/v1/certificates/webhooks/ca")).text == authority.read_text()
    await twice(run, api, webhook_certificate, state="absent")
    assert (await api.call("GET", "/v1/certificates/webhooks/ca")).status_code == 404


async def test_account(run: Run, host: Host, api: Api) -> None:
    await twice(run, api, api_user, username="sender", password=USER_PASSWORD)
    user = host.web()
    await user.sign_in("sender", USER_PASSWORD)
    changed = await run(api, api_user, username="sender", password="N3w!password", update_password="always")

    assert (changed["changed"], changed["role"]) == (True, "ROLE_USER")
    assert (await user.call("GET", "/v1/health")).status_code == 200, "its token outlives its password"
    await twice(run, api, api_user, username="sender", state="absent")
    assert (await user.call("GET", "/v1/health")).status_code == 401
