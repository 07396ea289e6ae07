# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""settings_backup against an API with a plan, and on real files."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from ansible_collections.waba.migration.plugins.modules import settings_backup
from ansible_collections.waba.migration.tests.unit.plugins import fake_api
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import META, Call, FakeApi, bearer, error
from ansible_collections.waba.migration.tests.unit.plugins.troubles import TROUBLES, assert_no_secret

TOKEN, PASSWORD, BACKUP_PASSWORD = "given-token", "Wanted-1234", "Backup-1234"
DATA = "QmFja3VwIG9mIHNldHRpbmdz+/=="
OLDER = "T2xkZXIgYmFja3Vw"

Run = Callable[..., Dict[str, Any]]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    directory = tmp_path / "backups"
    directory.mkdir()
    return directory / "backup.json"


@pytest.fixture
def run(run_module: Run, api: FakeApi, dest: Path) -> Run:
    def run_backup(check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {**api.arguments, "api_token": TOKEN, "password": BACKUP_PASSWORD, "dest": str(dest), **arguments}
        given = {name: value for name, value in given.items() if value is not None}
        return run_module(settings_backup.main, given, check_mode=check_mode, diff=diff)

    return run_backup


def backup(data: Any = DATA, auth: str = bearer(TOKEN), **others: Any) -> Call:
    answer = {"settings": {"data": data}, "meta": META}
    given = {"answer": answer, **others}
    return Call("POST", "/v1/settings/backup", auth, {"password": BACKUP_PASSWORD}, **given)


def keep(dest: Path, data: Any = OLDER, mode: int = 0o600) -> bytes:
    """A backup of an earlier day."""
    dest.write_text(json.dumps({"data": data}))
    dest.chmod(mode)
    return dest.read_bytes()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def checksum(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()


# -- taking one --------------------------------------------------------------------------------------------------------


def test_backup_in_check_mode_and_twice(run: Run, api: FakeApi, dest: Path) -> None:
    foreseen = run(check_mode=True)
    assert (foreseen["changed"], foreseen["path"]) == (True, str(dest))
    assert (api.seen, list(dest.parent.iterdir())) == ([], [])

    api.plan(backup())
    made = run()
    assert (made["failed"], made["changed"], made["path"], made["sha256"]) == (False, True, str(dest), checksum(DATA))
    assert (made["size"], made["mode"], made["state"]) == (dest.stat().st_size, "0600", "file")
    assert json.loads(dest.read_text()) == {"data": DATA}
    assert mode_of(dest) == 0o600
    assert list(dest.parent.iterdir()) == [dest]

    again = run()
    assert again == {**made, "changed": False}
    assert api.seen == ["POST /v1/settings/backup"]

    for result in (foreseen, made, again):
        assert "diff" not in result
        assert_no_secret(result, TOKEN, BACKUP_PASSWORD, DATA)


def test_backup_is_kept_character_by_character(run: Run, api: FakeApi, dest: Path) -> None:
    data = ' "\\/\u00e9\u2028\U0001f600\n' + "x" * 100_000
    api.plan(backup(data))

    result = run()

    assert json.loads(dest.read_text())["data"] == data
    assert result["sha256"] == checksum(data)


def test_password_makes_one_login(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, token="fresh"), backup(auth=bearer("fresh")))

    result = run(api_token=None, api_password=PASSWORD)

    assert result["changed"] is True
    assert_no_secret(result, PASSWORD, "fresh", BACKUP_PASSWORD, DATA)


def test_refused_token_makes_one_login(run: Run, api: FakeApi) -> None:
    api.plan(backup(status=401, answer=b""), fake_api.login(PASSWORD, token="fresh"), backup(auth=bearer("fresh")))

    assert run(api_password=PASSWORD)["changed"] is True


def test_check_mode_does_not_need_the_directory_that_a_task_before_would_have_made(run: Run, dest: Path) -> None:
    dest.parent.rmdir()

    assert run(check_mode=True)["changed"] is True


# -- one that exists ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
def test_backup_that_exists_is_kept(run: Run, dest: Path, check_mode: bool) -> None:
    before = keep(dest)

    result = run(check_mode=check_mode)

    assert (result["changed"], result["sha256"], result["mode"]) == (False, checksum(OLDER), "0600")
    assert dest.read_bytes() == before
    assert_no_secret(result, OLDER)


def test_backup_that_others_may_read_is_made_private(run: Run, dest: Path) -> None:
    before = keep(dest, mode=0o644)

    assert run(check_mode=True)["changed"] is True
    assert mode_of(dest) == 0o644

    assert run()["changed"] is True
    assert (mode_of(dest), dest.read_bytes()) == (0o600, before)

    assert run()["changed"] is False


def test_force_replaces_it(run: Run, api: FakeApi, dest: Path) -> None:
    before = keep(dest, mode=0o644)

    assert run(check_mode=True, force=True)["changed"] is True
    assert (api.seen, dest.read_bytes()) == ([], before)

    api.plan(backup(), backup(DATA + "2"))
    assert run(force=True)["sha256"] == checksum(DATA)
    assert mode_of(dest) == 0o600
    assert run(force=True)["sha256"] == checksum(DATA + "2")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"no JSON", b"\xff", b'{"data": null}', b'{"data": ""}', b'{"data": 5}']
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_file_that_is_no_backup_is_kept(run: Run, dest: Path, content: bytes, check_mode: bool) -> None:
    dest.write_bytes(content)

    result = run(check_mode=check_mode)

    assert result["failed"] is True
    assert result["msg"] == (
        f"{dest} is there and is not a settings backup: it holds no JSON with a text named data. "
        "Move it away, or set force."
    )
    assert dest.read_bytes() == content


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_directory_in_its_place(run: Run, dest: Path, check_mode: bool, force: bool) -> None:
    dest.mkdir()

    result = run(check_mode=check_mode, force=force)

    assert result["msg"] == f"{dest} is a directory. Nothing was asked of the client. Give the name of a file."


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("force", [True, False])
def test_trouble_leaves_everything_as_it_was(run: Run, api: FakeApi, dest: Path, force: bool, name: str) -> None:
    trouble = TROUBLES[name]
    before = keep(dest) if force else None
    api.plan(*trouble.calls("POST", "/v1/settings/backup", bearer(TOKEN), {"password": BACKUP_PASSWORD}))

    result = run(force=force)

    assert result["failed"] is True
    assert result["msg"].startswith(f"POST {api.url}/v1/settings/backup")
    assert trouble.says in result["msg"]
    assert (dest.read_bytes() if dest.exists() else None) == before
    assert len(list(dest.parent.iterdir())) == (1 if force else 0)
    assert_no_secret(result, TOKEN, BACKUP_PASSWORD, DATA, OLDER)


def test_unregistered_client(run: Run, api: FakeApi) -> None:
    api.plan(backup(status=503, answer=error(1011, "Service not ready")))

    assert "Look at its health; a backup also needs a registered number." in run()["msg"]


def test_wrong_password_is_tried_once(run: Run, api: FakeApi) -> None:
    api.plan(fake_api.login(PASSWORD, status=401, answer=b""))

    result = run(api_token=None, api_password=PASSWORD)

    assert result["msg"].startswith(f"POST {api.url}/v1/users/login answered 401. The password, token or API key is")
    assert_no_secret(result, PASSWORD, BACKUP_PASSWORD)


@pytest.mark.parametrize("answer", [None, {}, {"settings": None}, {"settings": {}}, {"settings": {"data": ""}}])
def test_answer_without_a_backup(run: Run, api: FakeApi, dest: Path, answer: Any) -> None:
    api.plan(backup(answer=answer))

    assert run()["msg"] == (
        f"POST {api.url}/v1/settings/backup answered without settings.data. Is the client registered and running?"
    )
    assert not dest.exists()


def test_missing_directory(run: Run, dest: Path) -> None:
    dest.parent.rmdir()

    assert run()["msg"] == (
        f"The directory {dest.parent} does not exist. Nothing was asked of the client. Create it first."
    )


def test_full_disk_leaves_the_older_backup(run: Run, api: FakeApi, dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keep(dest)

    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    api.plan(backup())

    result = run(force=True)

    assert result["msg"] == (
        f"The backup cannot be kept in {dest}: No space left on device. "
        "Look at the free space and at the permissions there."
    )
    assert (list(dest.parent.iterdir()), dest.read_bytes()) == ([dest], before)
    assert_no_secret(result, TOKEN, BACKUP_PASSWORD, DATA)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"password": None}, "missing required arguments: password"),
        ({"password": ""}, "password is empty. Nothing was asked of the client."),
        ({"dest": None}, "missing required arguments: dest"),
        ({"api_token": "two words"}, "api_token is empty or holds a space, a line break or a character outside ASCII"),
        ({"api_url": "http://127.0.0.1"}, "A URL must begin with https://"),
    ],
)
def test_options_that_cannot_be_used(run: Run, arguments: dict[str, Any], text: str, check_mode: bool) -> None:
    result = run(check_mode=check_mode, **arguments)

    assert result["failed"] is True
    assert text in result["msg"]
    assert_no_secret(result, TOKEN, BACKUP_PASSWORD, "two words")
