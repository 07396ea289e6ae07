# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport on real connections: whom it trusts, and what it says when there is no answer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._http import (
    Transport,
    Trust,
    is_loopback,
    normal_fingerprint,
)
from ansible_collections.waba.migration.tests.unit.plugins.fake_api import Call, Certificate, FakeApi

TIMEOUT = 5


def with_colons(fingerprint: str) -> str:
    return ":".join(fingerprint[i : i + 2].upper() for i in range(0, len(fingerprint), 2))


def test_ca_file_is_trusted(api: FakeApi) -> None:
    api.plan(Call("GET", "/v1/health", answer={"health": {}}))

    answer = Transport(api.url, Trust(str(api.certificate.path)), TIMEOUT).request("GET", "/v1/health")

    assert (answer.status, answer.body) == (200, b'{"health": {}}')


def test_path_of_the_url_comes_first(api: FakeApi) -> None:
    api.plan(Call("GET", "/behind/v1/health"))

    transport = Transport(f"{api.url}/behind/", Trust(str(api.certificate.path)), TIMEOUT)

    assert transport.base == f"{api.url}/behind"
    assert transport.request("GET", "/v1/health").status == 200


@pytest.mark.parametrize("form", [str, str.upper, with_colons])
def test_pinned_certificate_is_trusted(api: FakeApi, form: type[str]) -> None:
    api.plan(Call("GET", "/v1/health"))
    trust = Trust(fingerprint=form(api.certificate.fingerprint))

    assert Transport(api.url, trust, TIMEOUT).request("GET", "/v1/health").status == 200


def test_other_certificate_than_the_pinned_one_gets_nothing(api: FakeApi) -> None:
    transport = Transport(api.url, Trust(fingerprint="0" * 64), TIMEOUT)

    with pytest.raises(ClientError, match=r"fingerprint [0-9a-f]{64}, expected was 0{64}\. Nothing was sent") as caught:
        transport.request("POST", "/v1/messages", body=b"{}")

    assert api.certificate.fingerprint in str(caught.value)
    assert api.seen == []


def test_unknown_certificate_gets_nothing(api: FakeApi) -> None:
    with pytest.raises(ClientError, match="certificate is not trusted") as caught:
        Transport(api.url, Trust(), TIMEOUT).request("GET", "/v1/health")

    assert not isinstance(caught.value, TransportError), "waiting would not mend it"
    assert api.seen == []


def test_loopback_may_go_unchecked(api: FakeApi) -> None:
    api.plan(Call("GET", "/v1/health"))

    assert Transport(api.url, Trust(validate_certs=False), TIMEOUT).request("GET", "/v1/health").status == 200


def test_pinned_certificate_needs_no_validation_elsewhere() -> None:
    assert Transport("https://waba.example", Trust(fingerprint="0" * 64, validate_certs=False), TIMEOUT).base


def test_plain_answer_where_it_is_allowed(certificate: Certificate) -> None:
    with FakeApi(certificate, tls=False) as fake:
        fake.plan(Call("GET", "/statuses/1"))
        assert Transport(fake.url, Trust(), TIMEOUT, plain_allowed=True).request("GET", "/statuses/1").status == 200
    fake.check()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:9090", "must begin with https://"),
        ("127.0.0.1:9090", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://127.0.0.1:port", "cannot be read"),
        ("https://admin:word@127.0.0.1:9090", "of 127.0.0.1 must hold neither a user name nor a query"),
        ("https://127.0.0.1:9090/?key=word", "of 127.0.0.1 must hold neither a user name nor a query"),
    ],
)
def test_url_that_cannot_be_used(url: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as caught:
        Transport(url, Trust(), TIMEOUT)

    assert "word" not in str(caught.value)


def test_unchecked_certificate_elsewhere_is_refused() -> None:
    with pytest.raises(ClientError, match=r"only for a loopback address, not for 192\.0\.2\.1\. Give fingerprint"):
        Transport("https://192.0.2.1:9090", Trust(validate_certs=False), TIMEOUT)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_file_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ClientError, match=f"The CA file {path} cannot be used"):
        Transport("https://127.0.0.1", Trust(str(path)), TIMEOUT)


def test_timeout_must_be_some_time() -> None:
    with pytest.raises(ClientError, match="more than 0 seconds, got 0"):
        Transport("https://127.0.0.1", Trust(), 0)


def test_refused_connection_was_not_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(TransportError, match=r"Connection refused\. Check api_url and that the webapp runs") as caught:
        Transport(f"https://127.0.0.1:{port}", Trust(), TIMEOUT).request("POST", "/v1/messages", body=b"{}")

    assert not caught.value.sent


def test_silent_server_runs_into_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = Transport(f"https://127.0.0.1:{silent.getsockname()[1]}", Trust(validate_certs=False), 0.05)
        with pytest.raises(TransportError, match=r"no answer within 0\.05 s") as caught:
            transport.request("GET", "/v1/health")

    assert not caught.value.sent, "it did not even get to the handshake"


def test_lost_answer_may_have_been_executed(api: FakeApi) -> None:
    api.plan(Call("POST", "/v1/messages", body={}, drop=True))

    with pytest.raises(TransportError, match="The request may have been executed") as caught:
        Transport(api.url, Trust(str(api.certificate.path)), TIMEOUT).request("POST", "/v1/messages", body=b"{}")

    assert caught.value.sent


def test_host_that_is_no_name() -> None:
    with pytest.raises(TransportError, match=r"GET https://a\.\.b/v1/health"):
        Transport("https://a..b", Trust(), TIMEOUT).request("GET", "/v1/health")


@pytest.mark.parametrize("text", ["", "00", "g" * 64, "0" * 63, "0" * 64 + "0"])
def test_fingerprint_that_is_none(text: str) -> None:
    with pytest.raises(ClientError, match=f"got {len(text)} characters"):
        normal_fingerprint(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
