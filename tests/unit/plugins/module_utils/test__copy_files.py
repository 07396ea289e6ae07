# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a run are private and go away; a server is verified with the CA given or with those of the host."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _copy_files
from ansible_collections.waba.migration.plugins.module_utils._copy_files import (
    PrivateDirectory,
    append_private,
    root_certificate,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server


def test_private_files(tmp_path: Path) -> None:
    with PrivateDirectory(str(tmp_path)) as private:
        append_private(private.path / "file", "one\n")
        append_private(private.path / "file", "two\n")
        assert (private.path / "file").read_text() == "one\ntwo\n"
        assert stat.S_IMODE((private.path / "file").stat().st_mode) == 0o600
        assert stat.S_IMODE(private.path.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_root_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setattr(_copy_files, "CA_BUNDLES", ("/nowhere", str(bundle)))
    assert root_certificate(Server("h", 1, "u", "p")) == str(bundle)
    assert root_certificate(Server("h", 1, "u", "p", ca_path=str(bundle))) == str(bundle)
    with pytest.raises(DatabaseError, match="CA file /missing for h:1 does not exist"):
        root_certificate(Server("h", 1, "u", "p", ca_path="/missing"))
    monkeypatch.setattr(_copy_files, "CA_BUNDLES", ())
    with pytest.raises(DatabaseError, match="No CA is known"):
        root_certificate(Server("h", 1, "u", "p"))
