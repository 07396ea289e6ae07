# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe of the key material."""

from __future__ import annotations

from labctl import certificates


def test_server_certificates_carry_the_names_that_clients_use() -> None:
    assert certificates.subject_names("db-old").startswith("DNS:db-old,")
    assert "DNS:webhook.customer.example" in certificates.subject_names("webhook")


def test_every_host_gets_a_key() -> None:
    recipe = certificates.recipe()
    for host in ("old", "new", "db-old", "db-new"):
        assert f"-f {host}.ssh" in recipe
    assert "umask 077" in recipe
