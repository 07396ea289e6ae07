# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks' variables, and playbooks on hosts that are all this machine, which stop before they touch a client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.waba.migration.plugins.module_utils._journal import new_document, serialise

CHECKOUT = Path(__file__).parents[3]
OPENED = datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC)

Values = dict[str, Any]
Wire = Callable[..., Any]


@pytest.fixture
def wire() -> Wire:
    """Evaluates a variable of the playbooks: ``wire("__todo", localhost={...}, old={...}, new={...})``."""
    wiring = DataLoader().load_from_file(str(CHECKOUT / "playbooks" / "vars" / "wiring.yml"), trusted_as_template=True)
    groups = {f"waba_{name}": [name] for name in ("old", "new", "database")}

    def value(name: str, **hostvars: Values) -> Any:
        known = {**{host: {} for host in ("localhost", "old", "new", "database")}, **hostvars}
        templar = Templar(loader=DataLoader(), variables={**wiring, "groups": groups, "hostvars": known})
        return templar.template(trust_as_template(f"{{{{ {name} }}}}"))

    return value


class Desk:
    """What an operator has: an inventory, a run directory and the playbooks; and programs that come before others."""

    def __init__(self, directory: Path) -> None:
        self.inventory = directory / "inventory.yml"
        self.run_directory = directory / "run"
        self.programs = directory / "programs"
        self.programs.mkdir()
        self.variables: Values = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "migration_run_directory": str(self.run_directory),
            "migration_safety_backup": False,
            "old_host_api_password": "Old-Passw0rd",
        }
        self.hosts = {"waba_old": "old", "waba_new": "new", "waba_database": "database"}
        self.options: tuple[str, ...] = ()

    @property
    def journal(self) -> Values:
        return cast("Values", json.loads((self.run_directory / "journal.json").read_text(encoding="utf-8")))

    def has_journal(self, **values: Any) -> None:
        """Let an earlier run have left this."""
        document = new_document("20261124T093015Z-full-3f9a", "full", "15550100001", OPENED)
        document.update(values)
        self.run_directory.mkdir(mode=0o700, exist_ok=True)
        (self.run_directory / "journal.json").write_bytes(serialise(document))

    def report(self) -> str:
        """What the report makes of the journal, on one line."""
        role = CHECKOUT / "roles" / "migration"
        files = (role / "defaults" / "main.yml", role / "vars" / "main.yml")
        known: list[Values] = [DataLoader().load_from_file(str(file), trusted_as_template=True) for file in files]
        template = (role / "templates" / "report.txt.j2").read_text(encoding="utf-8")
        templar = Templar(loader=DataLoader(), variables={**known[0], **known[1], "__migration_document": self.journal})
        return " ".join(str(templar.template(trust_as_template(template))).split())

    def run(self, playbook: str | Path, **variables: Any) -> tuple[int, str]:
        """Exit status, and what it said, on one line."""
        groups: Values = {group: {"hosts": {host: {}}} for group, host in self.hosts.items()}
        document = {"all": {"vars": {**self.variables, **variables}, "children": groups}}
        self.inventory.write_text(yaml.safe_dump(document), encoding="utf-8")
        where = ("--inventory", str(self.inventory), *self.options)
        command = ["ansible-playbook", *where, str(CHECKOUT / "playbooks" / playbook)]
        ended = subprocess.run(
            command,
            cwd=CHECKOUT,
            env={
                **os.environ,
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "true",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, " ".join((ended.stdout + ended.stderr).replace("*", "").split())

    def step(self, host: str, role: str, *steps: str, **variables: Any) -> tuple[int, str]:
        """Runs steps of a role by themselves."""
        tasks = [
            {
                "name": f"Step {step}",
                "ansible.builtin.include_role": {"name": f"waba.migration.{role}", "tasks_from": step},
                "vars": variables,
            }
            for step in steps
        ]
        play = {"name": "Steps", "hosts": host, "gather_facts": False, "any_errors_fatal": True, "tasks": tasks}
        playbook = self.inventory.with_name("steps.yml")
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return self.run(playbook)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
