# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to the client's API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the client's API, as seen from the host that the module runs on, without C(/v1). Always C(https).
      - The module is meant to run on the host that has the client, so that the API need not be reachable from
        elsewhere.
    type: str
    default: https://127.0.0.1:9090
  api_token:
    description:
      - A bearer token of the client. It wins over O(api_password).
      - When the client refuses it and O(api_password) is given too, the module logs in once.
    type: str
  api_username:
    description: Account of the client's API.
    type: str
    default: admin
  api_password:
    description:
      - That account's password. The module logs in with it, unless O(api_token) is given.
      - Each login makes a token that lives for seven days, and failed ones may be limited. Where many tasks follow each
        other, log in once with M(waba.migration.login) and give O(api_token).
    type: str
  api_key:
    description:
      - The client's C(WA_API_KEY). It opens health, statistics and metrics only, and is used when neither token nor
        password is given.
    type: str
  ca_path:
    description: PEM file with the CA that signed the API's certificate. The system's CAs are used when it is not given.
    type: path
  fingerprint:
    description:
      - SHA-256 fingerprint of the API's own certificate, in hexadecimal, colons allowed. It is compared on each
        connection before anything is sent on it.
      - The way to trust the certificate that the client signs itself by default. O(ca_path) and O(validate_certs) do
        not matter then.
    type: str
  validate_certs:
    description:
      - Whether to check the API's certificate. V(false) is accepted only for a loopback address in O(api_url).
    type: bool
    default: true
  timeout:
    description: Seconds to wait for the connection, and for the answer on it.
    type: int
    default: 30
"""
