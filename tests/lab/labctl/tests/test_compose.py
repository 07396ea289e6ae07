# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compose projects of the lab."""

from __future__ import annotations

import pytest

from labctl import compose, secrets
from labctl.layout import ACME, BETA, MARIADB, MYSQL, POSTGRESQL, DatabaseEngine, Number, Topology


def services(document: str) -> list[str]:
    return [
        line.strip(" :")
        for line in document.splitlines()
        if line.startswith("  ") and not line.startswith("   ") and line.endswith(":")
    ]


def test_a_single_client_is_one_coreapp_and_one_webapp() -> None:
    document = compose.compose_file(ACME, Topology(), POSTGRESQL)
    assert services(document) == ["wacore", "waweb"]
    assert '"9090:443"' in document
    assert "WACORE_HOSTNAME" in document
    assert "WA_APP_MULTICONNECT" not in document
    assert document.count("restart: unless-stopped") == 2
    assert document.count("- MKNOD") == 2


def test_a_multiconnect_client_has_two_masters_and_a_spare() -> None:
    document = compose.compose_file(ACME, Topology("multiconnect", 2), POSTGRESQL)
    assert services(document) == ["master1", "master2", "wacore1", "wacore2", "wacore3", "waweb"]
    assert document.count('WA_MASTER_NODE: "1"') == 2
    assert document.count('WA_APP_MULTICONNECT: "1"') == 6


def test_the_second_number_has_its_database_in_the_same_project() -> None:
    document = compose.compose_file(BETA, Topology(), POSTGRESQL)
    assert services(document) == ["db", "wacore", "waweb"]
    assert '"33061:3306"' in document
    assert "restart: always" in document
    assert "postgresData: {}" in document


@pytest.mark.parametrize("number", [ACME, BETA])
def test_secrets_are_only_in_files_that_root_alone_can_read(number: object) -> None:
    assert number in (ACME, BETA)
    chosen = ACME if number is ACME else BETA
    values = secrets.generate()
    files = compose.project_files(chosen, Topology(), values, MYSQL)
    for file in files:
        if any(value.encode() in file.content for value in values.values()):
            assert file.mode == 0o600, file.path
    everything = b"".join(file.content for file in files).decode()
    for name in ("database_password", "jwt_crypto_key", "api_key"):
        assert values[f"{chosen.key}_{name}"] in everything
    assert f"WA_DB_NAME_PREFIX={chosen.prefix}\n" in everything
    assert "WA_CONFIG_ON_DB=1\n" in everything


@pytest.mark.parametrize(
    ("number", "engine", "told", "port", "script"),
    [
        (ACME, POSTGRESQL, "PGSQL", 5432, "wait_on_postgres.sh"),
        (ACME, MYSQL, "MYSQL", 3306, "wait_on_mysql.sh"),
        (ACME, MARIADB, "MYSQL", 3306, "wait_on_mysql.sh"),
        (BETA, MYSQL, "PGSQL", 3306, "wait_on_postgres.sh"),
    ],
)
def test_a_client_is_told_its_engine(number: Number, engine: DatabaseEngine, told: str, port: int, script: str) -> None:
    files = {
        file.path: file.content.decode()
        for file in compose.project_files(number, Topology(), secrets.generate(), engine)
    }
    assert f"WA_DB_ENGINE={told}\n" in files[f"{number.directory}/db.env"]
    assert f"WA_DB_PORT={port}\n" in files[f"{number.directory}/db.env"]
    assert files[f"{number.directory}/docker-compose.yml"].count(f"/opt/whatsapp/bin/{script}") == 2
