# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container says of itself, on recordings of real engines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers


def made_of(**config: Any) -> dict[str, Any]:
    return {
        "Id": "a" * 64,
        "Name": "/one",
        "Config": {"Image": "docker.whatsapp.biz/coreapp:v2.57.2", "Env": [], "Labels": None, **config},
        "HostConfig": {},
        "State": {"Running": False},
        "NetworkSettings": {"Networks": {}},
    }


@pytest.mark.parametrize(
    ("image", "role"),
    [
        ("docker.whatsapp.biz/coreapp:v2.57.2", "coreapp"),
        ("docker.whatsapp.biz/web:v2.57.2", "webapp"),
        ("docker.whatsapp.biz/web@sha256:0123", "webapp"),
        ("whatsapp.biz/web", "webapp"),
        ("registry.example:5000/mirror/docker.whatsapp.biz/coreapp:v2.57.2", "coreapp"),
        ("registry.example/docker.whatsapp.biz/patched/coreapp:v2.57.2", "coreapp"),
        ("docker.whatsapp.biz/prometheus:v2.57.2", None),
        ("docker.whatsapp.biz/webhook:v1", None),
        ("notwhatsapp.biz/web:v1", None),
        ("example.org/coreapp:v2.57.2", None),
        ("postgres:13.8", None),
    ],
)
def test_role_by_image(image: str, role: str | None) -> None:
    assert containers.role_of(made_of(Image=image)) == role


@pytest.mark.parametrize(
    ("environment", "role"),
    [
        (["WA_MASTER_NODE=1"], "master"),
        (["WA_MASTER_NODE=0"], "coreapp"),
        (["WA_DB_UPGRADE=1"], "upgrade"),
        ([], "coreapp"),
    ],
)
def test_role_of_the_coreapp_image_by_environment(environment: list[str], role: str) -> None:
    assert containers.role_of(made_of(Env=environment)) == role


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.whatsapp.biz/web:v2.57.2", "2.57.2"),
        ("docker.whatsapp.biz/web:vv2.57.2", "2.57.2"),
        ("docker.whatsapp.biz/web:2.57.2@sha256:01", "2.57.2"),
        ("registry.example:5000/docker.whatsapp.biz/web", ""),
        ("docker.whatsapp.biz/web@sha256:01", ""),
    ],
)
def test_version(image: str, version: str) -> None:
    assert containers.version_of(made_of(Image=image)) == version


def test_values_with_equal_signs_stay_whole() -> None:
    assert containers.environment_of(made_of(Env=["A=b=c", "EMPTY="])) == {"A": "b=c", "EMPTY": ""}


def test_addresses_of_both_kinds() -> None:
    container = made_of()
    container["NetworkSettings"]["Networks"] = {
        "one": {"IPAddress": "10.77.0.3", "GlobalIPv6Address": "fd00::3"},
        "two": {"IPAddress": "10.77.0.2", "GlobalIPv6Address": ""},
        "none": None,
    }

    assert containers.addresses_of(container) == ["10.77.0.2", "10.77.0.3"]
    assert containers.addresses6_of(container) == ["fd00::3"]


def test_networks_hold_what_was_chosen(recorded: Any) -> None:
    by_service = {containers.service_of(c): c for c in recorded("multiconnect")}

    assert containers.networks_of(by_service["waweb"]) == {
        "mc_default": {"aliases": ["mc-waweb-1", "waweb"], "ip": "10.77.0.10", "ip6": None, "links": []}
    }
    assert containers.networks_of(by_service["wacore1"])["mc_default"]["ip"] is None


def test_the_short_id_that_docker_20_10_adds_is_no_alias(recorded: Any) -> None:
    (container,) = recorded("compose_v1_engine_20_10")

    assert container["Id"][:12] in container["NetworkSettings"]["Networks"]["hcont-net"]["Aliases"]
    assert containers.networks_of(container)["hcont-net"]["aliases"] == ["wacore"]


def test_policies_as_docker_update_takes_them(recorded: Any) -> None:
    policies = {containers.service_of(c): containers.policy_of(c) for c in recorded("multiconnect", "default_bridge")}

    assert policies == {
        "waweb": "unless-stopped",
        "wacore1": "always",
        "master1": "on-failure:3",
        "master2": "on-failure:3",
        "delta_waweb_1": "no",
        "delta_wacore_1": "no",
    }


def test_links_of_the_default_bridge(recorded: Any) -> None:
    links = {containers.name_of(c): containers.links_of(c) for c in recorded("default_bridge")}

    assert links == {"delta_waweb_1": ["/delta_wacore_1:/delta_waweb_1/wacore"], "delta_wacore_1": []}


@pytest.mark.parametrize(("recording", "fenced"), [("multiconnect", False), ("multiconnect_fenced", True)])
def test_fenced(recorded: Any, recording: str, fenced: bool) -> None:
    assert {containers.is_fenced(c) for c in recorded(recording)} == {fenced}


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["State"].update(Running=True),
        lambda c: c["HostConfig"].update(RestartPolicy={"Name": "always"}),
        lambda c: c["NetworkSettings"]["Networks"].update(bridge={}),
        lambda c: c.update(Name="/mc-waweb-1"),
    ],
)
def test_each_part_of_the_fence_is_needed(recorded: Any, change: Any) -> None:
    container = recorded("multiconnect_fenced")[0]
    change(container)

    assert not containers.is_fenced(container)


def test_names_and_services_outlive_the_fence(recorded: Any) -> None:
    before, after = recorded("multiconnect"), recorded("multiconnect_fenced")

    assert [containers.first_name_of(c) for c in after] == [containers.name_of(c) for c in before]
    assert [containers.service_of(c) for c in after] == [containers.service_of(c) for c in before]


def test_a_container_on_no_network_has_none() -> None:
    container = made_of()
    container["NetworkSettings"]["Networks"] = {"none": {"Aliases": None, "IPAMConfig": None, "Links": None}}

    assert containers.networks_of(container) == {}
