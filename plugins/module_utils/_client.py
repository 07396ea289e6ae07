# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client says of itself. Private to this collection; may change at any time.

API facts: On-Premises API, "Support" (debug_info is the number or ``unregistered``), "Account, Shards", "Settings,
Application", "Certificates, Webhooks", "Stats". HA and Multiconnect answer support and statistics keyed by node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._api import Api, to_int
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, ClientError
from ansible_collections.waba.migration.plugins.module_utils._health import (
    UNREGISTERED,
    Node,
    parse_health,
)
from ansible_collections.waba.migration.plugins.module_utils._settings import redact_settings, redact_url

WEBHOOK_CA = "/v1/certificates/webhooks/ca"
MEDIA_PROVIDERS = "/v1/settings/application/media/providers"
PARTS = ("health", "support", "shards", "settings", "media_providers", "webhook_ca", "stats")


def dig(answer: Any, *keys: str) -> Any:
    """The value below the keys, None where the answer does not go that deep."""
    for key in keys:
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def support_entries(answer: Any) -> list[dict[str, Any]]:
    """The support answer of each node. A single instance has one."""
    support = dig(answer, "support")
    if not isinstance(support, dict):
        return []
    if "debug_info" in support:
        return [support]
    return [entry for _name, entry in sorted(support.items()) if isinstance(entry, dict) and "debug_info" in entry]


def number_of(entries: Sequence[dict[str, Any]]) -> str | None:
    """The number that the nodes report, None for an unregistered client. Raises ClientError when they differ."""
    numbers = {str(entry["debug_info"]) for entry in entries if entry["debug_info"]} - {UNREGISTERED}
    if len(numbers) > 1:
        raise ClientError(
            f"The nodes of this client report different numbers: {', '.join(sorted(numbers))}. "
            "Nodes of two clients share a database or an address; separate them first."
        )
    return numbers.pop() if numbers else None


def mode_of(nodes: Sequence[Node], shards: int | None) -> str:
    if not any(node.is_master for node in nodes):
        return "single"
    return "ha" if (shards or 1) == 1 else "multiconnect"


def gauge(answer: Any, name: str) -> int | None:
    """The sum of a gauge in a statistics answer over all nodes; None when no node has a value."""
    values = [to_int(point.get("value")) for metric in _find(answer, name) for point in _points(metric)]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _find(answer: Any, name: str) -> Iterator[Any]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key == name:
                yield value
            else:
                yield from _find(value, name)


def _points(metric: Any) -> list[dict[str, Any]]:
    data = dig(metric, "data")
    return [point for point in data if isinstance(point, dict)] if isinstance(data, list) else []


def webhook_ca(api: Api) -> str | None:
    """The PEM bundle, None when there is none. Answered as 404 with a body and without one."""
    try:
        text = api.get_text(WEBHOOK_CA)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    if not text.strip():
        return None
    if "-----BEGIN" not in text:
        raise _without(api, WEBHOOK_CA, "a certificate")
    return text


def application_settings(api: Api) -> dict[str, Any]:
    """With their secrets."""
    path = "/v1/settings/application"
    settings = dig(api.get(path), "settings", "application")
    if not isinstance(settings, dict):
        raise _without(api, path, "settings.application")
    return settings


def media_providers(api: Api) -> list[dict[str, str]]:
    """Name and type of each, without its credentials. A client that does not know of them (404) has none."""
    try:
        answer = api.get(MEDIA_PROVIDERS)
    except ApiError as error:
        if error.status == 404:
            return []
        raise
    found = dig(answer, "settings", "application", "media", "providers")
    if not isinstance(found, list) or not all(dig(provider, "name") for provider in found):
        raise _without(api, MEDIA_PROVIDERS, "settings.application.media.providers")
    return [{"name": str(provider["name"]), "type": str(provider.get("type") or "")} for provider in found]


def _without(api: Api, path: str, what: str) -> ClientError:
    """An answer that says nothing proves nothing: no client is told to be empty or unregistered by it."""
    return ClientError(f"GET {api.base}{path} answered without {what}. Is api_url the client's API?")


def describe(api: Api, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """Reads the chosen parts. GET requests only, besides the login."""
    result: dict[str, Any] = {}
    if "support" in parts:
        result.update(_support(api))
    if "shards" in parts:
        result["shards"] = to_int(dig(api.get("/v1/account/shards"), "account", "shards"))
    if "health" in parts:
        nodes = parse_health(api.get("/v1/health"))
        if not nodes:
            raise _without(api, "/v1/health", "a node")
        result["nodes"] = [node.to_dict() for node in nodes]
        result["mode"] = mode_of(nodes, result.get("shards"))
    if "settings" in parts:
        settings = application_settings(api)
        result["settings"] = redact_settings(settings)
        result["webhook_url_redacted"] = redact_url(str(dig(settings, "webhooks", "url") or ""))
    if "media_providers" in parts:
        result["media_providers"] = media_providers(api)
    if "webhook_ca" in parts:
        result["webhook_ca"] = webhook_ca(api)
    if "stats" in parts:
        statistics = api.get("/v1/stats/db")
        result["pending_messages"] = gauge(statistics, "db_pending_messages")
        result["pending_callbacks"] = gauge(statistics, "db_pending_callbacks")
    result["version"] = api.version
    result["users_known"] = None  # no endpoint lists the accounts
    return result


def _support(api: Api) -> dict[str, Any]:
    entries = support_entries(api.get("/v1/support"))
    if not entries:
        raise _without(api, "/v1/support", "debug_info")
    number = number_of(entries)
    return {
        "number": number,
        "registered": number is not None,
        "schema": next((entry["schema"] for entry in entries if entry.get("schema")), {}),
        "db_engine": next((entry["db_engine"] for entry in entries if entry.get("db_engine")), None),
    }
