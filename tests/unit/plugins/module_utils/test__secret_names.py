# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names stand for secrets."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._secret_names import looks_like_a_secret


@pytest.mark.parametrize(
    "name",
    [
        "WA_DB_PASSWORD", "WA_WEB_JWT_CRYPTO_KEY", "WA_API_KEY", "MYSQL_ROOT_PASSWORD", "apiToken", "two_step_pin",
        "PRIVATE_KEY", "SOME_SECRET",
    ],
)  # fmt: skip
def test_a_secret_by_its_name(name: str) -> None:
    assert looks_like_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "WA_DB_HOSTNAME", "WA_DB_NAME_PREFIX", "WA_CONFIG_ON_DB", "COREAPP_HOSTNAME", "PATH",
        "WA_DB_SSL_CA", "host_key",
    ],
)  # fmt: skip
def test_no_secret_by_its_name(name: str) -> None:
    assert not looks_like_a_secret(name)
