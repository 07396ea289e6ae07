# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a fence sets aside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._compose_files import (
    GUARD,
    GUARD_END,
    GUARD_START,
    STUB,
    choose_compose_files,
    choose_env_files,
    client_services,
    env_files_of,
    reduce_model,
    render_kept,
)

CLIENT = "services:\n  wacore:\n    image: docker.whatsapp.biz/coreapp:v1\n"
OTHER = "services:\n  grafana:\n    image: grafana\n"
OVERRIDE = "services:\n  wacore:\n    environment: {A: b}\n"


@pytest.mark.parametrize(
    ("texts", "labelled", "foreign", "chosen"),
    [
        ({"/biz/docker-compose.yml": CLIENT}, ["/biz/docker-compose.yml"], [], ["/biz/docker-compose.yml"]),
        ({}, ["/biz/docker-compose.yml"], [], []),
        ({"/biz/b.yml": OTHER, "/biz/a.yml": OTHER}, ["/biz/b.yml"], [], ["/biz/b.yml"]),
        ({"/biz/prod-compose.yml": CLIENT, "/biz/monitoring.yml": OTHER}, [], [], ["/biz/prod-compose.yml"]),
        ({"/biz/docker-compose.yml": OTHER}, [], [], []),
        ({"/biz/docker-compose.override.yml": OVERRIDE}, [], [], ["/biz/docker-compose.override.yml"]),
        ({"/biz/values.yml": OVERRIDE}, [], [], []),
        ({"/biz/beta.yml": CLIENT}, [], ["/biz/beta.yml"], []),
        ({"/biz/c.yml": "image: ${REGISTRY:-docker.whatsapp.biz}/web:v${V}"}, [], [], ["/biz/c.yml"]),
    ],
)
def test_compose_files(texts: dict[str, str], labelled: list[str], foreign: list[str], chosen: list[str]) -> None:
    assert choose_compose_files(texts, labelled, set(foreign), {"wacore", "waweb"}) == chosen


MODEL: dict[str, Any] = {
    "name": "biz",
    "services": {
        "db": {"image": "postgres:13.8", "env_file": ["postgres.env", {"path": "common.env", "required": True}]},
        "wacore": {"image": "docker.whatsapp.biz/coreapp:v${WA_API_VERSION:?say it}", "env_file": "db.env"},
        "waweb": {
            "image": "docker.whatsapp.biz/web:v${WA_API_VERSION}",
            "env_file": [{"path": "db.env"}, {"path": "./web.env"}, {"path": "common.env"}, {"path": ".env"}],
        },
        "spare": {"image": "${REGISTRY:-docker.whatsapp.biz}/coreapp:v1"},
        "monitor": {
            "image": "grafana",
            "depends_on": {"waweb": {"condition": "service_started"}, "db": {"condition": "service_started"}},
            "links": ["wacore:core"],
        },
    },
    "volumes": {"postgresData": {"name": "biz_postgresData"}},
}


def test_services_of_the_client_with_and_without_containers() -> None:
    assert client_services(MODEL, {"wacore"}) == {"wacore", "waweb", "spare"}
    assert client_services({"services": {"x": None}}, {"x"}) == {"x"}
    assert client_services({}, {"x"}) == set()


def test_reduced_model_has_the_other_services_and_nothing_that_leads_to_the_client() -> None:
    reduced = reduce_model(MODEL, {"wacore", "waweb", "spare"})

    assert reduced == {
        "name": "biz",
        "services": {
            "db": MODEL["services"]["db"],
            "monitor": {"image": "grafana", "depends_on": {"db": {"condition": "service_started"}}},
            "wacore": STUB,
            "waweb": STUB,
            "spare": STUB,
        },
        "volumes": MODEL["volumes"],
    }
    assert "depends_on" in MODEL["services"]["monitor"]


def test_nothing_is_left_of_a_project_with_only_the_client() -> None:
    assert reduce_model({"services": {"wacore": {}}}, {"wacore"}) is None


def test_kept_file_is_a_notice_and_json() -> None:
    text = render_kept({"name": "biz"}, "R1", "/root/biz/docker-compose.yml.fenced-R1")

    comment = [line for line in text.splitlines() if line.startswith("#")]
    assert "run R1" in comment[0]
    assert "docker-compose.yml.fenced-R1" in "".join(comment)
    assert json.loads("".join(line for line in text.splitlines() if not line.startswith("#"))) == {"name": "biz"}


@pytest.mark.parametrize(
    ("service", "files"),
    [
        ({}, set()),
        (None, set()),
        ({"env_file": "a.env"}, {"/biz/a.env"}),
        ({"env_file": {"path": "a.env"}}, {"/biz/a.env"}),
        ({"env_file": ["a.env", "/etc/b.env", {"path": "../c.env"}]}, {"/biz/a.env", "/etc/b.env", "/c.env"}),
        ({"env_file": ["${STAGE}.env"]}, set()),
    ],
)
def test_ways_to_write_env_files(service: Any, files: set[str]) -> None:
    assert env_files_of(service, "/biz") == files


def test_env_files_that_others_read_stay() -> None:
    chosen, remarks = choose_env_files(MODEL, {"wacore", "waweb"}, "/biz", {"/biz/beta.yml": "env_file: web.env"})

    assert chosen == ["/biz/db.env"]
    assert remarks == [
        "/biz/.env stays, other services use it",
        "/biz/common.env stays, other services use it",
        "/biz/web.env stays, /biz/beta.yml uses it",
    ]


def test_guard_is_no_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    text = GUARD.format(run_id="R1")

    assert text.encode().startswith(GUARD_START)
    assert text.encode().endswith(GUARD_END)
    with pytest.raises(yaml.YAMLError, match="cannot start any token"):
        yaml.safe_load(text + CLIENT)
