# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories that the lab writes: the playbooks run on them as they would on an operator's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from labctl import yaml
from labctl.certificates import Keys
from labctl.files import make_private_directory, write_private
from labctl.layout import (
    BETA,
    BETA_PUBLISHED_DATABASE_PORT,
    CONTROL_PORT,
    NUMBERS,
    SSH_HOSTS,
    TEST_RECIPIENT,
    DatabaseEngine,
    Lab,
    Number,
)
from labctl.state import State

AUTHORITY_ON_HOSTS = "/etc/lab/ca.pem"
TARGET_HOST = "db-new"
SSH_OPTIONS = "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
NEW_WEBHOOK = "{{ '' if migration_option == 'full' else 'https://webhook.provider.example/callbacks' }}"
NOTE = "# Written by tests/lab/lab. Changes are lost at its next `up`.\n"


def hosts(state: State, keys: Keys, known_hosts: Path) -> dict[str, Any]:
    """The inventory's hosts, all reached on loopback ports with the lab's key and the hosts' known keys."""

    def host(name: str) -> dict[str, Any]:
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": state.port(name, 22),
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(keys.login),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts} {SSH_OPTIONS}",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    groups = {"waba_old": "old", "waba_new": "new", "waba_database": TARGET_HOST}
    return {"all": {"children": {group: {"hosts": {name: host(name)}} for group, name in groups.items()}}}


def known_hosts(state: State, keys: Keys) -> str:
    return "".join(f"[127.0.0.1]:{state.port(host, 22)} {keys.host_public_key(host)}\n" for host in SSH_HOSTS)


def movable(engine: DatabaseEngine) -> tuple[Number, ...]:
    """The numbers whose databases a server of this engine can take in."""
    return tuple(number for number in NUMBERS if number.engine(engine) is engine)


def variables(number: Number, engine: DatabaseEngine) -> dict[str, Any]:
    """What is not secret. Number B's database is a service of its own project, published without TLS."""
    inside_project = number is BETA
    return {
        "migration_option": "full",
        "migration_phone_number": number.wa_id,
        "migration_test_message_to": TEST_RECIPIENT,
        "migration_test_message_wait_for": "delivered",
        # The stand-in sends one message after the other; on a busy machine it takes a while to come to this one.
        "migration_test_message_timeout": 240,
        "migration_test_message_status_url": f"http://webhook:{CONTROL_PORT}/statuses/{{id}}",
        "old_host_project_directory": number.directory,
        "old_host_project": number.project,
        "old_host_api_url": f"https://127.0.0.1:{number.api_port}",
        "old_host_api_username": "admin",
        "old_host_transfer_address": "old",
        "old_host_transfer_port": 22,
        "new_host_project_directory": number.directory,
        "new_host_project": number.project,
        "new_host_api_url": f"https://127.0.0.1:{number.api_port}",
        "new_host_database_hostname": TARGET_HOST,
        "new_host_database_port": engine.port,
        # What the options that hand the number over to another platform need. The full one leaves the webhooks alone.
        "new_host_webhook_url": NEW_WEBHOOK,
        "new_host_api_users": [{"username": "sender", "password": "{{ lab_new_sender_password }}"}],
        "new_host_database_username": f"{number.key}_new",
        "database_host_source_host": "old" if inside_project else number.database_host,
        "database_host_source_port": str(BETA_PUBLISHED_DATABASE_PORT if inside_project else number.port(engine)),
        "database_host_source_user": number.database_user,
        "database_host_source_ssl_mode": "disable" if inside_project else "verify-full",
        "database_host_source_ca_path": "" if inside_project else AUTHORITY_ON_HOSTS,
        "database_host_target_host": TARGET_HOST,
        "database_host_target_port": engine.port,
        "database_host_target_user": engine.administrator,
        "database_host_target_ssl_mode": "verify-full",
        "database_host_target_ca_path": AUTHORITY_ON_HOSTS,
        "database_host_jobs": 2,
        "database_host_bin_directory": engine.bin_directory,
    }


def secret_variables(number: Number, secrets: dict[str, str]) -> dict[str, str]:
    return {
        "migration_backup_password": secrets[f"{number.key}_backup_password"],
        "migration_two_step_pin": secrets[f"{number.key}_two_step_pin"],
        "new_host_api_password": secrets[f"{number.key}_new_admin_password"],
        "lab_new_sender_password": secrets[f"{number.key}_new_sender_password"],
        "old_host_api_password": secrets[f"{number.key}_admin_password"],
        "new_host_database_password": secrets[f"{number.key}_new_database_password"],
        "database_host_source_password": secrets[f"{number.key}_database_password"],
        "database_host_target_password": secrets["db_new_admin_password"],
        "lab_old_database_administrator_password": secrets["db_old_admin_password"],
    }


def write(lab: Lab, state: State, keys: Keys, secrets: dict[str, str]) -> None:
    """One inventory for each number that can move, and none of an earlier engine for the others."""
    engine = state.database_engine
    for number in NUMBERS:
        if number not in movable(engine):
            shutil.rmtree(lab.inventories[number.key], ignore_errors=True)
    known = lab.directory / "known_hosts"
    write_private(known, known_hosts(state, keys))
    for number in movable(engine):
        directory = lab.inventories[number.key]
        group_variables = directory / "group_vars" / "all"
        make_private_directory(directory)
        group_variables.mkdir(parents=True, exist_ok=True)
        write_private(directory / "hosts.yml", NOTE + yaml.dump(hosts(state, keys, known)))
        write_private(group_variables / "main.yml", NOTE + yaml.dump(variables(number, engine)))
        write_private(group_variables / "secrets.yml", NOTE + yaml.dump(secret_variables(number, secrets)))


def describe(lab: Lab, engine: DatabaseEngine) -> list[str]:
    """Where the inventories are, for a person."""
    return [f"{number.title} ({number.wa_id}): {lab.inventories[number.key]}" for number in movable(engine)]
