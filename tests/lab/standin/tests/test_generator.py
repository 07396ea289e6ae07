# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic generator against made-up APIs: what is sent again, what must not be, and when it logs in."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standin.network.control import application
from standin.network.registry import Registry
from standin.network.wire import WireServer
from standin.tests.harness import CUSTOMER, NUMBER, until
from standin.tests.sockets import Json, served
from standin.traffic import inbound, outbound
from standin.traffic.inbound import Customers, Inbound
from standin.traffic.log import TrafficLog, read
from standin.traffic.outbound import Address, Outbound, Sender

pytestmark = pytest.mark.anyio
PASSWORD = "Str0ng!pass"
BROKEN = 0
"""In place of a status: the request is taken, and the line breaks in the middle of the answer."""


class FakeApi:
    """``answers`` are the statuses for the next messages, then 201. Tokens are shared between APIs like a database."""

    def __init__(self, tokens: set[str], password: str = PASSWORD):
        self.tokens = tokens
        self._credentials = "Basic " + base64.b64encode(f"sender:{password}".encode()).decode()
        self.answers: deque[int] = deque()
        self.login_answers: deque[int] = deque()
        self.logins = 0
        self.refused = 0
        self.taken: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/v1/users/login", self._login, methods=["POST"]),
                Route("/v1/messages", self._message, methods=["POST"]),
            ]
        )

    async def _login(self, request: Request) -> Response:
        self.logins += 1
        if request.headers["authorization"] != self._credentials:
            return _answer(401)
        status = self.login_answers.popleft() if self.login_answers else 200
        if status != 200:
            return _answer(status)
        await asyncio.sleep(0.05)
        token = f"token-{len(self.tokens)}-{id(self.tokens)}"
        self.tokens.add(token)
        return JSONResponse({"users": [{"token": token}]})

    async def _message(self, request: Request) -> Response:
        if request.headers["authorization"].removeprefix("Bearer ") not in self.tokens:
            self.refused += 1
            if self.refused == 1:
                await asyncio.sleep(0.3)  # so that a new token is there before this refusal of the old one
            return Response(status_code=401)
        status = self.answers.popleft() if self.answers else 201
        body = (await request.json())["text"]["body"]
        if status in (BROKEN, 201):
            self.taken.append(body.split(" ")[0].removeprefix("ref:"))
        message = {"messages": [{"id": f"gB{len(self.taken)}"}]}
        return JSONResponse(message, status_code=201) if status == 201 else _answer(status)


def _answer(status: int) -> Response:
    return Response(headers={"content-length": "100"}) if status == BROKEN else Response(status_code=status)


@pytest.fixture
async def apis(anyio_backend: str) -> AsyncIterator[tuple[FakeApi, FakeApi, list[str]]]:
    """The old and the new API and their URLs."""
    tokens: set[str] = set()
    old, new = FakeApi(tokens), FakeApi(tokens)
    async with served(old.app) as old_url, served(new.app) as new_url:
        yield old, new, [old_url, new_url]


@pytest.fixture
def unused() -> Iterator[str]:
    """A URL at which nobody listens: bound, so that nobody else takes it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again soon, and gives a busy machine all the time for an answer."""
    monkeypatch.setattr(outbound, "RETRY_AFTER", 0.02)
    monkeypatch.setattr(outbound, "TIMEOUT", httpx.Timeout(60))


class Log:
    def __init__(self, path: Path):
        self._path = path

    def rows(self, kind: str, **more: Any) -> list[Json]:
        found = [row for row in read(self._path) if row["kind"] == kind]
        return [row for row in found if all(row.get(name) == value for name, value in more.items())]

    def outcomes(self, ref: str) -> list[str]:
        return [row["outcome"] for row in self.rows("attempt", ref=ref)]


async def run(
    urls: list[str],
    path: Path,
    enough: Callable[[Log], Any],
    rate: float = 40,
    passwords: tuple[str, ...] = (PASSWORD, PASSWORD),
) -> Log:
    """Sends until the log shows enough."""
    log, stop = TrafficLog(path), asyncio.Event()
    addresses = tuple(Address(url, "sender", password) for url, password in zip(urls, passwords, strict=False))
    sender = Sender(NUMBER, addresses, (CUSTOMER, "15550100078"), rate)
    task = asyncio.create_task(Outbound(sender, log, "t-").run(stop))
    try:
        await until(lambda: enough(Log(path)), "the traffic has come so far")
    finally:
        stop.set()
        await task
        log.close()
    return Log(path)


def accepted(count: int) -> Callable[[Log], bool]:
    return lambda log: len(log.rows("attempt", outcome="accepted")) >= count


async def test_messages_are_sent_once_each(apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path) -> None:
    old, new, urls = apis
    log = await run(urls, tmp_path / "log", accepted(10))
    attempts = log.rows("attempt")
    assert {row["outcome"] for row in attempts} == {"accepted"}
    assert sorted(row["ref"] for row in attempts) == sorted(old.taken)
    assert len(set(old.taken)) == len(old.taken) >= 10
    assert all(row["id"].startswith("gB") and row["number"] == NUMBER and row["url"] == urls[0] for row in attempts)
    assert (old.logins, new.logins, new.taken) == (1, 0, [])


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_refused_message_is_sent_again_with_its_reference(
    apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path, status: int
) -> None:
    old, _, urls = apis
    old.answers.extend([status] * 3)
    log = await run(urls[:1], tmp_path / "log", accepted(5))
    assert len(log.rows("attempt", outcome="refused", status=status)) == 3
    refs = {row["ref"] for row in log.rows("attempt", outcome="refused")}
    for ref in refs:
        assert log.outcomes(ref)[-1] == "accepted"
        assert log.outcomes(ref).count("accepted") == 1
    assert max(Counter(old.taken).values()) == 1
    assert old.logins == 1, "only a 401 asks for a new login"


async def test_next_address_is_tried_and_kept(
    apis: tuple[FakeApi, FakeApi, list[str]], unused: str, tmp_path: Path
) -> None:
    old, _, urls = apis
    log = await run([unused, urls[0]], tmp_path / "log", accepted(8))
    refused = log.rows("attempt", outcome="refused")
    assert {row["url"] for row in refused} == {unused}
    assert {row["error"] for row in refused} == {"ConnectError"}
    last = log.rows("attempt")[-1]
    assert (last["url"], log.outcomes(last["ref"])) == (urls[0], ["accepted"]), "it stays where it was served"
    assert len(set(old.taken)) == len(old.taken)


async def test_token_of_the_old_address_is_used_at_the_new_one(
    apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path
) -> None:
    old, new, urls = apis
    old.answers.extend([201] * 3 + [503] * 500)
    log = await run(urls, tmp_path / "log", lambda _log: len(new.taken) >= 5)
    assert (old.logins, new.logins) == (1, 0)
    assert log.rows("token_refused") == []
    assert max(Counter(old.taken + new.taken).values()) == 1


async def test_message_in_doubt_is_not_sent_again(apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path) -> None:
    old, new, urls = apis
    old.answers.append(BROKEN)
    log = await run(urls, tmp_path / "log", lambda log: log.rows("attempt", outcome="in_doubt") and accepted(20)(log))
    doubtful = log.rows("attempt", outcome="in_doubt")
    assert [(row["error"], row["url"]) for row in doubtful] == [("RemoteProtocolError", urls[0])]
    assert log.outcomes(doubtful[0]["ref"]) == ["in_doubt"]
    assert max(Counter(old.taken + new.taken).values()) == 1


async def test_answer_that_does_not_come_leaves_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(outbound, "TIMEOUT", httpx.Timeout(60, read=0.3))
    monkeypatch.setattr(Outbound, "_signed_in", _with_a_token)
    silent = Starlette(routes=[Route("/v1/messages", never, methods=["POST"])])
    async with served(silent) as url:
        log = await run([url], tmp_path / "log", lambda log: log.rows("attempt"))
    assert {(row["outcome"], row["error"]) for row in log.rows("attempt")} == {("in_doubt", "ReadTimeout")}


async def _with_a_token(_outbound: Outbound, _url: str) -> tuple[str, Json]:
    return "token", {}


async def test_line_that_breaks_after_the_request_leaves_a_doubt(tmp_path: Path) -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        requests.append(head)
        if b"/login" in head:
            body = b'{"users":[{"token":"t"}]}'
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    log = await run([url], tmp_path / "log", lambda log: len(log.rows("attempt")) >= 3)
    server.close()
    attempts = log.rows("attempt")
    assert {row["outcome"] for row in attempts} == {"in_doubt"}
    assert len({row["ref"] for row in attempts}) == len(attempts)


async def test_refused_token_asks_for_one_new_login(apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path) -> None:
    old, _, urls = apis
    forgotten: list[str] = []
    recovered: set[str] = set()

    def forget(log: Log) -> bool:
        if not forgotten and accepted(5)(log):
            forgotten.extend(old.tokens)
            old.tokens.clear()
            old.tokens.add("of somebody else")
        refs = {row["ref"] for row in log.rows("attempt", outcome="refused", status=401)}
        if not forgotten or len(old.taken) < 80 or len(refs) < 2:
            return False
        # One more may be refused while the generator is being stopped, and is not sent again then.
        recovered.clear()
        recovered.update(ref for ref in refs if log.outcomes(ref)[-1] == "accepted")
        return recovered == refs

    log = await run(urls[:1], tmp_path / "log", forget, rate=200)
    refused = log.rows("attempt", outcome="refused", status=401)
    assert len(recovered) > 1
    assert len(refused) == len(log.rows("token_refused"))
    assert [row["status"] for row in log.rows("login")] == [200, 200]
    assert max(Counter(old.taken).values()) == 1


async def test_new_platform_refuses_the_old_token_and_is_logged_in_to_with_its_own_account(tmp_path: Path) -> None:
    old, new = FakeApi(set(), "old password"), FakeApi(set(), "new password")
    old.answers.extend([201] * 3 + [503] * 500)
    async with served(old.app) as old_url, served(new.app) as new_url:
        log = await run(
            [old_url, new_url],
            tmp_path / "log",
            lambda log: len(log.rows("attempt", outcome="accepted", url=new_url)) >= 5,
            passwords=("old password", "new password"),
        )
    first = log.rows("token_refused")[0]
    assert first["url"] == new_url, "the token it had was tried first"
    assert {row["status"] for row in log.rows("login")} == {200}, "no password is tried at the other address"
    assert max(Counter(old.taken + new.taken).values()) == 1


async def test_many_messages_at_once_share_one_login(apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path) -> None:
    old, _, urls = apis
    await run(urls, tmp_path / "log", accepted(10), rate=1000)
    assert old.logins == 1


@pytest.mark.parametrize("answer", [BROKEN, 429, 503, 401])
async def test_failed_login_leaves_no_doubt(
    apis: tuple[FakeApi, FakeApi, list[str]], tmp_path: Path, answer: int
) -> None:
    old, _, urls = apis
    old.login_answers.append(answer)
    log = await run(urls[:1], tmp_path / "log", accepted(3))
    first = log.rows("attempt")[0]
    assert (first["outcome"], first["login"]) == ("refused", True)
    assert first.get("status") == (answer or None)
    assert log.outcomes(first["ref"])[-1] == "accepted"
    assert log.rows("attempt", outcome="in_doubt") == []


# -- the customers ----------------------------------------------------------------------------------------------------


async def _customers(url: str, path: Path, enough: Callable[[Log], Any]) -> Log:
    log, stop = TrafficLog(path), asyncio.Event()
    task = asyncio.create_task(Inbound(Customers(NUMBER, url, (CUSTOMER, "15550100078"), 60), log, "t-").run(stop))
    try:
        await until(lambda: enough(Log(path)), "the customers have come so far")
    finally:
        stop.set()
        await task
        log.close()
    return Log(path)


async def test_customers_write_and_some_send_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "IMAGE_EVERY", 3)
    registry = Registry()
    async with served(application(WireServer(registry))) as url:
        log = await _customers(url, tmp_path / "log", lambda log: len(log.rows("inbound")) >= 6)
    rows, taken = log.rows("inbound"), registry.number(NUMBER).inbound
    assert [row["id"] for row in rows] == list(taken)
    assert [row["ref"] for row in rows] == [message.ref for message in taken.values()]
    assert [row["image"] for row in rows[:6]] == [False, False, True] * 2
    assert [message.payload["type"] for message in taken.values()][:3] == ["text", "text", "image"]
    assert {message.sender for message in taken.values()} == {CUSTOMER, "15550100078"}


async def test_customers_outlive_a_network_that_is_away(tmp_path: Path) -> None:
    """The network restarts while somebody writes: that message is none, and the next one is."""
    away = FakeApi(set())
    async with served(away.app) as url:
        port = int(url.rpartition(":")[2])
        log, stop = TrafficLog(tmp_path / "log"), asyncio.Event()
        task = asyncio.create_task(Inbound(Customers(NUMBER, url, (CUSTOMER,), 60), log, "t-").run(stop))
        await until(lambda: Log(tmp_path / "log").rows("inbound_refused"), "the network is away")
    registry = Registry()
    async with served(application(WireServer(registry)), port=port):
        await until(lambda: Log(tmp_path / "log").rows("inbound"), "the network is back")
        stop.set()
        await task
    log.close()
    refused = {row["ref"] for row in Log(tmp_path / "log").rows("inbound_refused")}
    assert refused.isdisjoint(message.ref for message in registry.number(NUMBER).inbound.values())


def test_log_may_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log"
    assert read(path) == []
    log = TrafficLog(path)
    assert read(path) == []
    log.note("start")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"time": 1, "ki')
    assert [row["kind"] for row in read(path)] == ["start"]
    log.close()
