# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of the lab's hosts."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from types import ModuleType

import pytest

from labctl.layout import IMAGES_DIRECTORY


@pytest.fixture
def init() -> ModuleType:
    specification = importlib.util.spec_from_file_location("lab_init", IMAGES_DIRECTORY / "common" / "init.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["lab_init"] = module
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folder", ["host", "db"])
def test_every_service_file_can_be_read(init: ModuleType, folder: str) -> None:
    document = json.loads((IMAGES_DIRECTORY / folder / "services.json").read_text(encoding="utf-8"))
    services = init.read_services(document)
    assert [service.name for service in services][-1] == "sshd"
    assert services[0].stop_signal == (signal.SIGINT if folder == "db" else signal.SIGTERM)


def test_a_service_that_is_held_down_is_not_wanted(
    init: ModuleType, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "RUN_DIRECTORY", tmp_path)
    service = init.Service("postgresql", ["true"])
    assert service.wanted()
    (init.RUN_DIRECTORY / "postgresql.down").touch()
    assert not service.wanted()


def test_a_service_that_ended_comes_back_after_a_moment(
    init: ModuleType, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "RUN_DIRECTORY", tmp_path)
    service = init.Service("sshd", ["true"], pid=7)
    service.ended(0)
    assert service.pid is None
    assert not service.wanted()
    service.not_before = 0
    assert service.wanted()
