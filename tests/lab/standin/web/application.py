# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from standin.common.environment import Environment
from standin.stores.database import Databases
from standin.web import accounts, messaging, monitoring, settings
from standin.web.front import Endpoint, Front
from standin.web.nodes import Nodes
from standin.web.users import Users, signing_key

ANY: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/v1/users/logout", accounts.logout),
    ("GET", "/v1/users/{username}", accounts.read_user),
    ("PUT", "/v1/users/{username}", accounts.update_user),
    ("POST", "/v1/contacts", messaging.contacts),
    ("GET", "/v1/contacts/{wa_id}/identity", messaging.get_identity),
    ("PUT", "/v1/contacts/{wa_id}/identity", messaging.set_identity),
    ("POST", "/v1/messages", messaging.send),
    ("PUT", "/v1/messages/{id}", messaging.mark_read),
    ("POST", "/v1/media", messaging.upload),
    ("GET", "/v1/media/{id}", messaging.download),
    ("DELETE", "/v1/media/{id}", messaging.delete),
    ("PUT", "/v1/services/{kind}/gc", monitoring.collect_garbage),
)
ANY_OR_API_KEY: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/v1/health", monitoring.health),
    ("GET", "/v1/stats/{kind}", monitoring.stats),
    ("GET", "/v1/stats/{kind}/internal", monitoring.stats),
    ("GET", "/metrics", monitoring.metrics),
)
ADMIN: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/v1/users", accounts.create_user),
    ("DELETE", "/v1/users/{username}", accounts.delete_user),
    ("POST", "/v1/account", accounts.register),
    ("POST", "/v1/account/verify", accounts.verify),
    ("POST", "/v1/account/shards", accounts.set_shards),
    ("GET", "/v1/account/shards", accounts.get_shards),
    ("POST", "/v1/settings/backup", settings.take_backup),
    ("POST", "/v1/settings/restore", settings.restore),
    ("POST", "/v1/settings/account/two-step", settings.set_two_step),
    ("DELETE", "/v1/settings/account/two-step", settings.remove_two_step),
    ("GET", "/v1/settings/application", settings.get_application),
    ("PATCH", "/v1/settings/application", settings.patch_application),
    ("DELETE", "/v1/settings/application", settings.reset_application),
    ("GET", "/v1/settings/application/media/providers", settings.get_providers),
    ("POST", "/v1/settings/application/media/providers", settings.set_providers),
    ("DELETE", "/v1/settings/application/media/providers/{name}", settings.delete_provider),
    ("GET", "/v1/settings/business/profile", settings.get_business_profile),
    ("POST", "/v1/settings/business/profile", settings.set_business_profile),
    ("GET", "/v1/settings/business/compliance_info", settings.get_compliance),
    ("POST", "/v1/settings/business/compliance_info", settings.set_compliance),
    ("GET", "/v1/settings/profile/about", settings.get_about),
    ("PATCH", "/v1/settings/profile/about", settings.set_about),
    ("GET", "/v1/settings/profile/photo", settings.get_photo),
    ("POST", "/v1/settings/profile/photo", settings.set_photo),
    ("DELETE", "/v1/settings/profile/photo", settings.delete_photo),
    ("GET", "/v1/certificates/webhooks/ca", settings.get_webhook_ca),
    ("POST", "/v1/certificates/webhooks/ca", settings.set_webhook_ca),
    ("DELETE", "/v1/certificates/webhooks/ca", settings.delete_webhook_ca),
    ("POST", "/v1/certificates/external", settings.set_external_certificate),
    ("GET", "/v1/certificates/external/ca", settings.get_external_ca),
    ("GET", "/v1/support", monitoring.support),
)


async def sign_in_page(_request: Request) -> HTMLResponse:
    return HTMLResponse("<!DOCTYPE html><title>Sign in</title><h1>WhatsApp Business API</h1>")


def build(environment: Environment, databases: Databases, front: Front | None = None) -> Starlette:
    front = front or Front(environment, Users(databases, signing_key(environment)), Nodes(environment, databases))

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(databases.create)
        await asyncio.to_thread(front.users.create_admin)
        yield
        await front.nodes.close()
        databases.dispose()

    routes = [Route("/", sign_in_page), Route("/v1/users/login", partial(accounts.login, front), methods=["POST"])]
    for table, admin, api_key in ((ANY, False, False), (ANY_OR_API_KEY, False, True), (ADMIN, True, False)):
        routes += [
            Route(path, front.endpoint(function, admin, api_key), methods=[method]) for method, path, function in table
        ]
    return Starlette(routes=routes, lifespan=life)
