# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the playbooks offer, and what of the old client goes along in each."""

from __future__ import annotations

from labctl.layout import KNOWN_DATABASES

SETTINGS, MESSAGES, FULL, CLIENT_ONLY = OPTIONS = ("settings", "messages", "full", "client_only")
NEW_PLATFORM = frozenset({SETTINGS, MESSAGES})
"""Hand the number over to somebody with users, passwords and a webhook of their own."""
ACCOUNTS = "waweb"
CARRIED = {
    SETTINGS: (),
    MESSAGES: tuple(store for store in KNOWN_DATABASES if store != ACCOUNTS),
    FULL: KNOWN_DATABASES,
    CLIENT_ONLY: KNOWN_DATABASES,
}
"""The databases whose rows the new client has."""
IDENTITY_CHANGES = {SETTINGS: 1, MESSAGES: 0, FULL: 0, CLIENT_ONLY: 0}
"""A restore is documented to make a new security code."""
