# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles of certificates in PEM. Pure. Private to this collection; may change at any time."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl

from ansible_collections.waba.migration.plugins.module_utils._errors import ClientError

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]*?)\s*-----END CERTIFICATE-----")


def fingerprints(pem: str) -> list[str]:
    """The SHA-256 fingerprint of each certificate, sorted. Tells bundles apart whatever their order and line breaks."""
    found = set()
    for body in _BLOCK.findall(pem):
        try:
            found.add(hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest())
        except ValueError:
            found.add("unreadable")
    return sorted(found)


def check_bundle(pem: str) -> None:
    """Raises ClientError on what no coreapp could read, and on what it must not get."""
    if "PRIVATE KEY-----" in pem:
        raise ClientError(
            "The bundle holds a private key. Nothing was asked of the client. Give the certificates alone."
        )
    blocks = _BLOCK.findall(pem)
    if not blocks or len(blocks) != pem.count("-----BEGIN "):
        raise ClientError(
            f"The bundle holds {len(blocks)} certificates in PEM that are whole, and {pem.count('-----BEGIN ')} "
            "beginnings. Nothing was asked of the client. Give certificates in PEM, at least one."
        )
    for index, body in enumerate(blocks, 1):
        text = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as error:
            raise ClientError(
                f"Certificate {index} of the bundle cannot be read: {error}. Nothing was asked of the client. Look at "
                "it with: openssl x509 -noout -text"
            ) from error
