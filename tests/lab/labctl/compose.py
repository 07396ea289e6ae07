# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compose projects of the lab's clients, written as the vendor's samples are."""

from __future__ import annotations

from labctl.docker import File
from labctl.layout import (
    BETA,
    BETA_PUBLISHED_DATABASE_PORT,
    CLIENT_VERSION,
    COREAPP_IMAGE,
    POSTGRES_IMAGE,
    WEB_IMAGE,
    DatabaseEngine,
    Number,
    Topology,
)

COMMAND = '["/opt/whatsapp/bin/{wait_script}", "/opt/whatsapp/bin/launch_within_docker.sh"]'
HEAD = """\
# {title}, as the vendor's {sample} has it. Start it with: docker compose up -d
services:
"""
SERVICE = """\
  {name}:
    image: {image}:v${{WA_API_VERSION:?Run docker compose with WA_API_VERSION=<version>}}
    command: {command}
    volumes:
      - whatsappMedia:/usr/local/wamedia
    env_file:
      - db.env
{env_files}    environment:
      # This is the version of the docker templates being used to run WhatsApp Business API
      WA_RUNNING_ENV_VERSION: v2.2.3
      ORCHESTRATION: DOCKER-COMPOSE
{environment}{ports}{depends_on}    cap_drop:
      - MKNOD
    restart: unless-stopped
"""
DATABASE_SERVICE = """\
  db:
    image: {image}
    command: ["-p", "3306", "-N", "500"]
    env_file:
      - postgres.env
    ports:
      - "{port}:3306"
    volumes:
      - postgresData:/var/lib/postgresql
    restart: always
"""


def _block(key: str, lines: list[str]) -> str:
    return f"    {key}:\n" + "".join(f"      - {line}\n" for line in lines) if lines else ""


def _service(
    name: str,
    image: str,
    engine: DatabaseEngine,
    environment: dict[str, str],
    env_files: tuple[str, ...] = (),
    ports: tuple[str, ...] = (),
    depends_on: tuple[str, ...] = (),
) -> str:
    return SERVICE.format(
        name=name,
        image=image,
        command=COMMAND.format(wait_script=engine.wait_script),
        env_files="".join(f"      - {file}\n" for file in env_files),
        environment="".join(f'      {key}: "{value}"\n' for key, value in environment.items()),
        ports=_block("ports", [f'"{port}"' for port in ports]),
        depends_on=_block("depends_on", list(depends_on)),
    )


def compose_file(number: Number, topology: Topology, lab: DatabaseEngine) -> str:
    """The project's docker-compose.yml in a lab with this engine."""
    engine = number.engine(lab)
    inside = number is BETA
    multiconnect = topology.kind != "single"
    sample = ("postgres/" if inside else "prod-") + (
        "multiconnect-compose.yml" if multiconnect else "docker-compose.yml"
    )
    services = [HEAD.format(title=number.title, sample=sample)]
    database = ("db",) if inside else ()
    if inside:
        services.append(DATABASE_SERVICE.format(image=POSTGRES_IMAGE, port=BETA_PUBLISHED_DATABASE_PORT))
    if multiconnect:
        shared = {"WA_APP_MULTICONNECT": "1"}
        ports = {"COREAPP_EXTERNAL_PORTS": "6250,6251,6252,6253"}
        for name in topology.masters:
            node = {**shared, "WA_MASTER_NODE": "1", "COREAPP_HOSTNAME": name, **ports}
            services.append(_service(name, COREAPP_IMAGE, engine, node, depends_on=(*database, "waweb")))
        for name in topology.coreapps:
            node = {**shared, "COREAPP_HOSTNAME": name, **ports}
            services.append(_service(name, COREAPP_IMAGE, engine, node, depends_on=(*database, topology.masters[0])))
        web = {**shared, "WEBAPP_HOSTNAME": "waweb", "WEBAPP_EXTERNAL_PORTS": "443"}
        needs = database
    else:
        services.append(_service("wacore", COREAPP_IMAGE, engine, {}, depends_on=database))
        web = {"WACORE_HOSTNAME": "wacore"}
        needs = (*database, "wacore")
    services.append(_service("waweb", WEB_IMAGE, engine, web, ("web.env",), (f"{number.api_port}:443",), needs))
    volumes = ["whatsappMedia", *(["postgresData"] if inside else [])]
    return "".join(services) + "volumes:\n" + "".join(f"  {volume}: {{}}\n" for volume in volumes)


def project_files(number: Number, topology: Topology, secrets: dict[str, str], lab: DatabaseEngine) -> list[File]:
    """Everything in the project's directory. Secrets are in the .env files, which only root can read."""
    password = secrets[f"{number.key}_database_password"]
    database = {
        "WA_DB_ENGINE": number.engine(lab).client_name,
        "WA_DB_HOSTNAME": number.database_host,
        "WA_DB_PORT": str(number.port(lab)),
        "WA_DB_USERNAME": number.database_user,
        "WA_DB_PASSWORD": password,
        "WA_DB_NAME_PREFIX": number.prefix,
        "WA_CONFIG_ON_DB": "1",
    }
    web = {
        "WA_WEB_JWT_CRYPTO_KEY": secrets[f"{number.key}_jwt_crypto_key"],
        "WA_API_KEY": secrets[f"{number.key}_api_key"],
    }
    documents = {
        "docker-compose.yml": (compose_file(number, topology, lab), 0o644),
        ".env": (_env({"WA_API_VERSION": CLIENT_VERSION}), 0o644),
        "db.env": (_env(database), 0o600),
        "web.env": (_env(web), 0o600),
    }
    if number is BETA:
        documents["postgres.env"] = (
            _env({"POSTGRES_USER": number.database_user, "POSTGRES_PASSWORD": password}),
            0o600,
        )
    return [File(f"{number.directory}/{name}", content.encode(), mode) for name, (content, mode) in documents.items()]


def _env(values: dict[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
