# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, places and numbers of one lab. Nothing here touches Docker or the disk."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

LAB_DIRECTORY = Path(__file__).resolve().parents[1]
REPOSITORY = LAB_DIRECTORY.parents[1]
IMAGES_DIRECTORY = LAB_DIRECTORY / "images"
STANDIN_DIRECTORY = LAB_DIRECTORY / "standin"

DEFAULT_NAME = "waba-lab"
LABEL = "waba.lab"

CLIENT_VERSION = "2.57.2"
OTHER_CLIENT_VERSION = "2.55.1"
COREAPP_IMAGE = "docker.whatsapp.biz/coreapp"
WEB_IMAGE = "docker.whatsapp.biz/web"
CLIENT_IMAGES = (f"{COREAPP_IMAGE}:v{CLIENT_VERSION}", f"{WEB_IMAGE}:v{CLIENT_VERSION}")
POSTGRES_IMAGE = "waba-lab/postgres"


@dataclass(frozen=True)
class DatabaseEngine:
    """What the lab's database servers can be, and how a client, an operator and a migration speak of each."""

    name: str
    image: str
    port: int
    client_name: str
    """Value of WA_DB_ENGINE."""
    wait_script: str
    administrator: str
    system_user: str
    mount_point: str
    log: str
    statement_log: str
    bin_directory: str


POSTGRESQL = DatabaseEngine(
    name="postgresql",
    image="waba-lab/db",
    port=5432,
    client_name="PGSQL",
    wait_script="wait_on_postgres.sh",
    administrator="postgres",
    system_user="postgres",
    mount_point="/var/lib/postgresql",
    log="/var/log/postgresql/server.log",
    statement_log="/var/log/postgresql/server.log",
    bin_directory="/usr/lib/postgresql/17/bin",
)
MYSQL = DatabaseEngine(
    name="mysql",
    image="waba-lab/mysql",
    port=3306,
    client_name="MYSQL",
    wait_script="wait_on_mysql.sh",
    administrator="root",
    system_user="mysql",
    mount_point="/var/lib/mysql",
    log="/var/log/mysql/server.log",
    statement_log="/var/log/mysql/statements.log",
    bin_directory="/usr/bin",
)
MARIADB = replace(MYSQL, name="mariadb", image="waba-lab/mariadb")
ENGINES = {engine.name: engine for engine in (POSTGRESQL, MYSQL, MARIADB)}

ENGINE_HOSTS = ("old", "new")
DATABASE_HOSTS = ("db-old", "db-new")
SSH_HOSTS = ENGINE_HOSTS + DATABASE_HOSTS
SERVICE_HOSTS = ("whatsapp", "webhook", "traffic")
HOSTS = SSH_HOSTS + SERVICE_HOSTS

ALIASES = {
    "whatsapp": ("g.whatsapp.net", "graph.whatsapp.com"),
    "webhook": ("webhook.customer.example", "webhook.provider.example"),
}

CONTROL_PORT = 8080
"""Where the WhatsApp network and the webhook receiver answer to the lab."""

WIRE_PORT = 5222
"""Where clients connect to the WhatsApp network."""

VERIFICATION_CODE = "123456"
"""The only one that the lab's WhatsApp network sends."""

TRAFFIC_LOG = "/var/lib/lab/traffic.jsonl"

PUBLISHED_PORTS = {
    "old": (22, 9090, 9091),
    "new": (22, 9090, 9091),
    "db-old": (22,),
    "db-new": (22,),
    "whatsapp": (CONTROL_PORT, WIRE_PORT),
    "webhook": (CONTROL_PORT,),
    "traffic": (),
}

KNOWN_DATABASES = (
    "waweb",
    "messageStore",
    "callbackStore",
    "contactStore",
    "axolotlStore",
    "configStore",
    "clusterStore",
    "jobqueueStore",
)


@dataclass(frozen=True)
class Number:
    """One phone number and where its client lives on the old host."""

    key: str
    title: str
    country_code: str
    local_number: str
    project: str
    directory: str
    api_port: int
    prefix: str
    database_host: str
    database_port: int | None
    """None is the engine's own."""
    database_user: str

    @property
    def wa_id(self) -> str:
        return self.country_code + self.local_number

    def engine(self, lab: DatabaseEngine) -> DatabaseEngine:
        """Of its database, in a lab with this engine. One that comes with the project is not the lab's."""
        return lab if self.database_port is None else POSTGRESQL

    def port(self, lab: DatabaseEngine) -> int:
        """Of its database."""
        return lab.port if self.database_port is None else self.database_port

    @property
    def media_volume(self) -> str:
        return f"{self.project}_whatsappMedia"


ACME = Number(
    key="acme",
    title="Acme Support",
    country_code="1",
    local_number="5550100001",
    project="biz",
    directory="/root/biz",
    api_port=9090,
    prefix="acme_",
    database_host="db-old",
    database_port=None,
    database_user="acme",
)
BETA = Number(
    key="beta",
    title="Beta Orders",
    country_code="1",
    local_number="5550100002",
    project="beta",
    directory="/root/beta",
    api_port=9091,
    prefix="beta_",
    database_host="db",
    database_port=3306,
    database_user="root",
)
BETA_PUBLISHED_DATABASE_PORT = 33061
NUMBERS = (ACME, BETA)
CUSTOMERS = {
    "acme": ("15550100101", "15550100102", "15550100103", "15550100104", "15550100105"),
    "beta": ("15550100111", "15550100112", "15550100113"),
}
TEST_RECIPIENT = "15550100120"


@dataclass(frozen=True)
class Topology:
    """How the client of number A is built."""

    kind: str = "single"
    shards: int = 1

    @property
    def masters(self) -> tuple[str, ...]:
        return () if self.kind == "single" else ("master1", "master2")

    @property
    def coreapps(self) -> tuple[str, ...]:
        if self.kind == "single":
            return ("wacore",)
        return tuple(f"wacore{index}" for index in range(1, self.shards + 2))

    def describe(self) -> str:
        if self.kind == "single":
            return "single"
        return f"multiconnect, {self.shards} shard{'s' if self.shards > 1 else ''}"


@dataclass(frozen=True)
class Lab:
    """One lab by its name; several can live side by side on one machine."""

    name: str
    directory: Path
    inventories: dict[str, Path] = field(default_factory=dict)
    keeps_bytecode: bool = False
    """Whether its hosts keep what Python makes of an Ansible module (images/common/module_bytecode.py)."""

    @property
    def network(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return f"{LABEL}={self.name}"

    def container(self, host: str) -> str:
        return f"{self.name}-{host}"

    def volume(self, purpose: str) -> str:
        return f"{self.name}-{purpose}"


def lab_from_environment(environment: dict[str, str] | None = None, repository: Path = REPOSITORY) -> Lab:
    """The lab that LAB_NAME names. Only the default one owns inventories/lab; others keep theirs beside their state.

    With LAB_KEEPS_BYTECODE its hosts spare themselves work, and its times mean nothing.
    """
    known = os.environ if environment is None else environment
    name = known.get("LAB_NAME", "") or DEFAULT_NAME
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise ValueError(f"LAB_NAME is {name!r}; it must be 1 to 31 lower-case letters, digits and dashes")
    directory = repository / ".lab" / name
    root = repository / "inventories" if name == DEFAULT_NAME else directory / "inventories"
    inventories = {"acme": root / "lab", "beta": root / "lab-beta"}
    return Lab(name, directory, inventories, keeps_bytecode=bool(known.get("LAB_KEEPS_BYTECODE")))
