# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of the action group ``client`` share: whom they trust, and what they keep to themselves."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict

import pytest
import yaml
from ansible_collections.waba.migration.plugins.module_utils import _argspec
from ansible_collections.waba.migration.plugins.module_utils._http import Transport
from ansible_collections.waba.migration.plugins.modules import (
    api_user,
    application_settings,
    client_info,
    health_check,
    login,
    settings_backup,
    settings_restore,
    test_message,
    two_step,
    webhook_certificate,
)
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import VERBOSE, Call, FakeApi, bearer
from ansible_collections.waba.migration.tests.unit.plugins.troubles import assert_no_secret

TOKEN, PASSWORD, KEY, BACKUP_PASSWORD = "given-token", "Wanted-1234", "0123456789ab-key", "Backup-1234"
ROOT = Path(__file__).parents[4]
SECRET = re.compile(r"(?<!update_)password|token|key|status_url|^pin$|^settings$")

Run = Callable[..., Dict[str, Any]]


@dataclass(frozen=True)
class Member:
    """A module with what it needs, and its first call when it is given a token."""

    module: ModuleType
    arguments: dict[str, Any]
    method: str
    path: str
    body: Any = None


MEMBERS = {
    "api_user": Member(api_user, {"username": "sender", "state": "absent"}, "GET", "/v1/users/sender"),
    "application_settings": Member(application_settings, {"settings": {}}, "GET", "/v1/settings/application"),
    "login": Member(login, {}, "GET", "/v1/users/admin"),
    "client_info": Member(client_info, {}, "GET", "/v1/support"),
    "health_check": Member(health_check, {}, "GET", "/v1/health"),
    "settings_backup": Member(
        settings_backup,
        {"password": BACKUP_PASSWORD},
        "POST",
        "/v1/settings/backup",
        {"password": BACKUP_PASSWORD},
    ),
    "settings_restore": Member(settings_restore, {"password": BACKUP_PASSWORD}, "GET", "/v1/support"),
    "test_message": Member(
        test_message,
        {"to": "15550100099", "text": "moved"},
        "POST",
        "/v1/contacts",
        {"blocking": "wait", "contacts": ["+15550100099"]},
    ),
    "two_step": Member(two_step, {"state": "disabled"}, "DELETE", "/v1/settings/account/two-step"),
    "webhook_certificate": Member(webhook_certificate, {"state": "absent"}, "GET", "/v1/certificates/webhooks/ca"),
}


@pytest.fixture(params=MEMBERS)
def member(request: pytest.FixtureRequest) -> Member:
    return MEMBERS[request.param]


@pytest.fixture
def run(
    run_module: Run, member: Member, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, pauses: list[float]
) -> Run:
    backup = tmp_path_factory.mktemp("backup") / "backup.json"
    backup.write_text(json.dumps({"data": "QmFja3Vw"}))

    def run_member(**arguments: Any) -> dict[str, Any]:
        given = {"api_token": TOKEN, **VERBOSE, **member.arguments, **arguments}
        if member.module is settings_backup:
            given["dest"] = str(tmp_path / "backup.json")
        if member.module is settings_restore:
            given["src"] = str(backup)
        result = run_module(member.module.main, given)
        assert result["failed"] is True
        assert_no_secret(result, TOKEN, PASSWORD, KEY, BACKUP_PASSWORD)
        assert list(tmp_path.iterdir()) == []
        return result

    return run_member


def test_every_module_of_the_group_is_tested() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())

    assert sorted(runtime["action_groups"]["client"]) == sorted(MEMBERS)


def test_secret_options_are_known_as_such(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    specs: list[dict[str, Any]] = []

    def note(spec: dict[str, Any], **_others: Any) -> None:
        specs.append(spec)
        raise SystemExit

    monkeypatch.setattr(member.module, "AnsibleModule", note)
    with pytest.raises(SystemExit):
        member.module.main()

    secret = {name for name, option in specs[0].items() if option.get("no_log")}
    assert secret == {name for name in specs[0] if SECRET.search(name)}
    assert {"api_token", "api_password", "api_key"} <= secret


def test_nobody_listens(run: Run, member: Member, pauses: list[float]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"

    message = run(api_url=url, api_password=PASSWORD, api_key=KEY)["msg"]

    assert f"{member.method} {url}{member.path}: " in message
    assert "Connection refused. Check api_url and that the webapp runs." in message
    assert pauses == ([0.5, 1.0, 2.0, 4.0] if member.method == "GET" else [])


def test_nobody_answers_in_time(run: Run, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_argspec, "Transport", lambda url, trust, timeout: Transport(url, trust, timeout / 20))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        message = run(api_url=url, validate_certs=False, timeout=1)["msg"]

    assert f"{member.method} {url}{member.path}: no answer within 0.05 s. Check api_url and that the web" in message


def test_certificate_that_nobody_knows(run: Run, member: Member, api: FakeApi) -> None:
    message = run(api_url=api.url)["msg"]

    assert f"{member.method} {api.url}{member.path}: the certificate is not trusted (" in message
    assert "Nothing was sent. The client signs its own by default: give its fingerprint, or the CA with" in message
    assert api.seen == []


def test_certificate_with_another_fingerprint(run: Run, member: Member, api: FakeApi) -> None:
    message = run(api_url=api.url, fingerprint="0" * 64)["msg"]

    assert f"{api.url}{member.path} shows a certificate with the fingerprint {api.certificate.fingerprint}" in message
    assert f"expected was {'0' * 64}. Nothing was sent." in message
    assert api.seen == []


@pytest.mark.parametrize("trust", ["fingerprint", "ca_path", "validate_certs"])
def test_certificate_that_is_trusted(run: Run, member: Member, api: FakeApi, trust: str) -> None:
    api.plan(Call(member.method, member.path, bearer(TOKEN), member.body, status=401, answer=b""))
    ways = {"fingerprint": api.certificate.fingerprint, "ca_path": str(api.certificate.path), "validate_certs": False}

    run(api_url=api.url, **{trust: ways[trust]})

    assert api.seen == [f"{member.method} {member.path}"]


def test_unchecked_certificate_elsewhere(run: Run) -> None:
    assert run(api_url="https://192.0.2.1:9090", validate_certs=False)["msg"] == (
        "validate_certs=false is accepted only for a loopback address, not for 192.0.2.1. Give fingerprint or ca_path."
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"api_url": "http://127.0.0.1:9090"},
            "A URL must begin with https:// and a host name, got the scheme 'http'.",
        ),
        ({"fingerprint": "00"}, "fingerprint must be a SHA-256 fingerprint, 64 hexadecimal digits"),
        ({"ca_path": "/nonexistent/ca.pem"}, "The CA file /nonexistent/ca.pem cannot be used: "),
        ({"timeout": 0}, "timeout must be more than 0 seconds, got 0"),
        ({"api_username": "a:b"}, "api_username must not hold a colon"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str) -> None:
    assert text in run(**arguments)["msg"]
