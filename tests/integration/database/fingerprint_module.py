# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_fingerprint as a test calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.module_utils import _fingerprint_compare
from ansible_collections.waba.migration.plugins.modules import database_copy, database_fingerprint
from postgresql_cluster import MARKER, PASSWORD, Cluster


class Fingerprint:
    """Runs the module between two servers and returns what it says."""

    def __init__(self, source: Cluster, target: Cluster, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._source = source
        self._target = target
        self._directory = directory
        self._capsys = capsys

    @property
    def hold_path(self) -> Path:
        return self._directory / "hold"

    def __call__(
        self, state: str, *, port: int | None = None, password: str = PASSWORD, **options: Any
    ) -> dict[str, Any]:
        arguments = self.arguments(state, **options)
        if "target" in arguments:
            arguments["target"] = {
                **arguments["target"],
                "login_password": password,
                "login_port": port or self._target.port,
            }
        self._capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            database_fingerprint.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return {"failed": False, "msg": "", **result}

    def arguments(self, state: str, **options: Any) -> dict[str, Any]:
        servers = {
            "held": {"target": server(self._target)},
            "read": {"target": server(self._target)},
            "compared": {"source": server(self._source), "target": server(self._target)},
            "released": {},
        }
        return {
            "state": state,
            **servers[state],
            "hold_path": str(self.hold_path),
            "bin_directory": str(self._source.binaries),
            "_ansible_remote_tmp": str(self._directory),
            "_ansible_tmpdir": None,
            **options,
        }

    def copy_and_hold(self, *databases: str) -> dict[str, Any]:
        """database_copy, which takes the snapshots as its last act."""
        arguments = self.arguments("compared", databases=list(databases), owner="wa", marker=MARKER)
        del arguments["state"]
        self._capsys.readouterr()
        with patch_module_args({**arguments, "replace_marker": MARKER}), pytest.raises(SystemExit):
            database_copy.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert not result.get("failed"), result
        return result

    def left_behind(self) -> list[str]:
        """Files of the module and sessions of its tools."""
        question = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'waba.migration%'"
        sessions = [line for cluster in (self._source, self._target) for line in cluster.sql(question)]
        files = [path.name for path in self._directory.rglob("*") if path.name.startswith("waba-migration-")]
        return [*sessions, *files, *(["hold"] if self.hold_path.exists() else [])]

    @staticmethod
    def hash_with(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hash as between servers that have only this in common."""
        chosen = {"hash": method, "extra_float_digits": 3}
        monkeypatch.setitem(_fingerprint_compare.CHOOSE_METHOD, "postgresql", lambda source, target: chosen)


def server(cluster: Cluster) -> dict[str, Any]:
    return {
        "login_host": "127.0.0.1",
        "login_port": cluster.port,
        "login_user": "postgres",
        "login_password": PASSWORD,
        "ssl_mode": "disable",
    }
