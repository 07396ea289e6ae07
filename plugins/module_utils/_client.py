# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client says of itself. Private to this collection; may change at any time.

API facts: On-Premises API, "Support" (debug_info is the number or C(unregistered)), "Account, Shards", "Settings, App", "Stats".
"""

from __future__ import annotations

from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError
from ansible_collections.waba.migration.plugins.module_utils._health import Node, parse_health
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_settings, redact_url

PARTS = ("health", "support", "shards", "settings", "webhook_ca", "stats")


def support_entries(answer: Any) -> list[dict[str, Any]]:
    """The support answer of each node. A single instance has one."""
    support = answer.get("support") if isinstance(answer, dict) else None
    if not isinstance(support, dict):
        return []
    if "debug_info" in support:
        return [support]
    return [entry for _name, entry in sorted(support.items()) if isinstance(entry, dict)]


def number_of(entries: list[dict[str, Any]]) -> str | None:
    """The number that the nodes report, None for an unregistered client. Nodes that differ make it None as well."""
    numbers = {str(e["debug_info"]) for e in entries if str(e.get("debug_info", "unregistered")) != "unregistered"}
    return numbers.pop() if len(numbers) == 1 else None


def mode_of(nodes: list[Node], shards: int | None) -> str:
    if not any(n.role.endswith("_master") for n in nodes):
        return "single"
    return "ha" if (shards or 1) == 1 else "multiconnect"


def gauge(answer: Any, name: str) -> int | None:
    """The sum of a gauge in a stats answer, whether it is keyed by node or not."""
    stats = answer.get("stats", {}).get("db", {}) if isinstance(answer, dict) else {}
    groups = [stats] if name in stats else [g for g in stats.values() if isinstance(g, dict) and name in g]
    if not groups:
        return None
    return sum(int(point["value"]) for group in groups for point in group[name]["data"])


def webhook_ca(api: Api) -> str | None:
    """The PEM bundle, None when there is none. Answered as 404 with or without a body."""
    try:
        return api.get_text("/v1/certificates/webhooks/ca")
    except ApiError as error:
        if error.status == 404 or error.code == 1006:
            return None
        raise


def describe(api: Api, parts: tuple[str, ...] = PARTS) -> dict[str, Any]:
    """Reads the chosen parts. GET requests only, besides the login."""
    result: dict[str, Any] = {}
    nodes: list[Node] = []
    if "health" in parts:
        nodes = parse_health(api.get("/v1/health"))
        result["nodes"] = [n.to_dict() for n in nodes]
    if "support" in parts:
        entries = support_entries(api.get("/v1/support"))
        number = number_of(entries)
        result.update(
            number=number,
            registered=number is not None,
            schema=entries[0].get("schema", {}) if entries else {},
            db_engine=entries[0].get("db_engine") if entries else None,
        )
    if "shards" in parts:
        account = (api.get("/v1/account/shards") or {}).get("account", {})
        result["shards"] = int(account["shards"]) if "shards" in account else None
    if "health" in parts:
        result["mode"] = mode_of(nodes, result.get("shards"))
    if "settings" in parts:
        settings = (api.get("/v1/settings/application") or {}).get("settings", {}).get("application", {})
        result["settings"] = redact_settings(settings)
        result["webhook_url_redacted"] = redact_url(str(settings.get("webhooks", {}).get("url", "")))
    if "webhook_ca" in parts:
        result["webhook_ca"] = webhook_ca(api)
    if "stats" in parts:
        stats = api.get("/v1/stats/db")
        result["pending_messages"] = gauge(stats, "db_pending_messages")
        result["pending_callbacks"] = gauge(stats, "db_pending_callbacks")
    result["version"] = api.version
    return result
