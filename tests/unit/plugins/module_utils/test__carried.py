# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from one platform's containers to another's."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._carried import is_plain, sort_out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WA_DB_ENGINE", "PGSQL"), ("WA_DB_HOSTNAME", "db"), ("WA_DB_NAME_PREFIX", "acme_"), ("WA_CONFIG_ON_DB", "1"),
        ("WA_APP_MULTICONNECT", "1"), ("COREAPP_HOSTNAME", "wacore1"), ("COREAPP_EXTERNAL_PORTS", "6250,6251"),
        ("WA_DB_SSL_CA", "/opt/certs/db-ca.pem"), ("WA_DB_SSL_KEY", "/opt/certs/db-key.pem"), ("WA_DB_PORT", ""),
    ],
)  # fmt: skip
def test_a_documented_variable_goes_along(name: str, value: str) -> None:
    assert sort_out({name: value}, {}, ()) == ({name: value}, {})


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("WA_DB_PASSWORD", "made-up", "a secret by its name"),
        ("WA_API_KEY", "made-up", "a secret by its name"),
        ("WA_WEB_JWT_CRYPTO_KEY", "made-up", "a secret by its name"),
        ("WA_DB_PASS", "made-up", "a secret by its name"),
        ("SMTP_PW", "made-up", "a secret by its name"),
        ("DBPASSWORD", "made-up", "a secret by its name"),
        ("AWS_CREDENTIALS", "made-up", "a secret by its name"),
        ("HTTPS_PROXY", "http://user:pw@proxy.example.org:3128", "credentials in its value"),
        ("WA_DB_HOSTNAME", "postgresql://user:pw@db/x", "credentials in its value"),
        ("https_proxy", "http://user@proxy.example.org:3128", "credentials in its value"),
        ("HTTPS_PROXY", "user:p/w@proxy.example.org:3128", "credentials in its value"),
        ("WA_DB_SSL_KEY", "-----BEGIN PRIVATE KEY-----", "credentials in its value"),
        ("HTTPS_PROXY", "http://proxy.example.org:3128", "not a documented variable of the client"),
        ("SOMETHING", "made-up", "not a documented variable of the client"),
    ],
)
def test_anything_else_stays_behind(name: str, value: str, why: str) -> None:
    assert sort_out({name: value}, {}, ()) == ({}, {name: why})


def test_a_variable_that_was_asked_for_goes_along() -> None:
    environment = {"TZ": "Europe/Oslo", "HTTPS_PROXY": "http://proxy.example.org:3128"}

    assert sort_out(environment, {}, ("TZ", "HTTPS_PROXY")) == (environment, {})


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "http://u:p@proxy:3128"), ("WA_DB_PASS", "made-up")])
def test_asking_does_not_carry_a_secret(name: str, value: str) -> None:
    carried, left = sort_out({name: value}, {}, (name,))

    assert (carried, list(left)) == ({}, [name])


def test_what_the_image_sets_comes_with_the_image() -> None:
    image = {"PATH": "/usr/bin", "LANG": "C.UTF-8"}

    assert sort_out({"PATH": "/usr/bin", "LANG": "nb_NO"}, image, ()) == (
        {},
        {"LANG": "not a documented variable of the client"},
    )


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["/opt/whatsapp/bin/wait_on_mysql.sh", "/opt/whatsapp/bin/launch_within_docker.sh"], True),
        ([], True),
        (["/bin/sh", "-c", "WA_DB_PASS=made-up /opt/whatsapp/bin/launch_within_docker.sh"], False),
        (["/opt/whatsapp/bin/launch_within_docker.sh", "--password=made-up"], False),
        (["made-up"], False),
        (["/opt/whatsapp/bin/launch_within_docker.sh\nmade-up"], False),
    ],
)
def test_words_that_can_be_shown_are_paths_of_programs(words: list[str], plain: bool) -> None:
    assert is_plain(words, []) == plain


def test_words_of_the_image_are_no_secret_of_the_platform() -> None:
    assert is_plain(["sleep", "inf"], ["sleep", "inf"])
