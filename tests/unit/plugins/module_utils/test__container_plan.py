# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docker commands that each plan consists of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils import _container_plan as plans
from ansible_collections.waba.migration.plugins.module_utils import _containers as containers
from ansible_collections.waba.migration.plugins.module_utils._fence_record import remember
from ansible_collections.waba.migration.plugins.module_utils._selection import select

MC = ("mc-waweb-1", "mc-wacore1-1", "mc-master1-1", "mc-master2-1")


def client(inspected: list[dict[str, Any]], project: str = "mc", names: Any = ()) -> list[dict[str, Any]]:
    return select(inspected, project, names).mine


def commands(steps: list[plans.Step], mine: list[dict[str, Any]]) -> list[str]:
    """The steps with names in the place of ids."""
    text = "\n".join(" ".join(step.arguments) for step in steps)
    for container in mine:
        text = text.replace(container["Id"], containers.first_name_of(container))
    return text.splitlines()


def record_of(mine: list[dict[str, Any]]) -> dict[str, Any]:
    network = {
        "Driver": "bridge",
        "IPAM": {"Config": [{"Subnet": "10.77.0.0/24", "Gateway": "10.77.0.1"}]},
        "Labels": {"com.docker.compose.network": "default", "com.docker.compose.project": "mc"},
    }
    return remember(None, "R2", mine, {"mc_default": network}, [c["Id"] for c in mine])


def test_fence(recorded: Any) -> None:
    mine = client(recorded("multiconnect"))

    steps = plans.plan_fence(mine, "R2", 30)

    assert commands(steps, mine) == [
        "update --restart no mc-waweb-1 mc-wacore1-1 mc-master1-1 mc-master2-1",
        "stop -t 30 mc-waweb-1",
        "stop -t 30 mc-wacore1-1",
        "stop -t 30 mc-master1-1 mc-master2-1",
        *(f"network disconnect --force mc_default {name}" for name in MC),
        *(f"rename {name} {name}-fenced-R2" for name in MC),
    ]
    assert [step.stops for step in steps][:5] == [False, True, True, True, False]


def test_fence_of_a_fenced_client_is_empty(recorded: Any) -> None:
    assert plans.plan_fence(client(recorded("multiconnect_fenced")), "R3", 30) == []


def test_interrupted_fence_goes_on(recorded: Any) -> None:
    """Two of four containers are done, one was started again by hand."""
    fenced, standing = client(recorded("multiconnect_fenced")), client(recorded("multiconnect"))
    mine = [fenced[0], fenced[1], standing[2], standing[3]]
    mine[0]["State"]["Running"] = True

    assert commands(plans.plan_fence(mine, "R2", 5), mine) == [
        "update --restart no mc-master1-1 mc-master2-1",
        "stop -t 5 mc-waweb-1",
        "stop -t 5 mc-master1-1 mc-master2-1",
        "network disconnect --force mc_default mc-master1-1",
        "network disconnect --force mc_default mc-master2-1",
        "rename mc-master1-1 mc-master1-1-fenced-R2",
        "rename mc-master2-1 mc-master2-1-fenced-R2",
    ]


def test_each_of_several_networks_is_left(recorded: Any) -> None:
    mine = client(recorded("multiconnect_fenced"))[:1]
    mine[0]["NetworkSettings"]["Networks"] = {"two": {"Aliases": None}, "one": {"Aliases": None}}

    steps = plans.plan_fence(mine, "R2", 5)

    assert commands(steps, mine) == [f"network disconnect --force {name} mc-waweb-1" for name in ("one", "two")]
    assert [step.changes[mine[0]["Id"]]["networks"] for step in steps] == [["two"], []]


def test_unfence(recorded: Any) -> None:
    record = record_of(client(recorded("multiconnect")))
    mine = client(recorded("multiconnect_fenced"))

    assert commands(plans.plan_unfence(mine, record, [], ["mc_default"]), mine) == [
        "network connect --alias mc-waweb-1 --alias waweb --ip 10.77.0.10 mc_default mc-waweb-1",
        "network connect --alias mc-wacore1-1 --alias wacore1 mc_default mc-wacore1-1",
        "network connect --alias mc-master1-1 --alias master1 mc_default mc-master1-1",
        "network connect --alias mc-master2-1 --alias master2 mc_default mc-master2-1",
        *(f"rename {name} {name}" for name in MC),
        "update --restart always mc-wacore1-1",
        "update --restart on-failure:3 mc-master1-1 mc-master2-1",
        "update --restart unless-stopped mc-waweb-1",
    ]


def test_unfence_makes_a_pruned_network_again(recorded: Any) -> None:
    record = record_of(client(recorded("multiconnect")))

    step = plans.plan_unfence(client(recorded("multiconnect_fenced")), record, [], [])[0]

    assert step.sentence == "create the network mc_default again, which is gone"
    assert " ".join(step.arguments) == (
        "network create --driver bridge --subnet 10.77.0.0/24 --gateway 10.77.0.1 "
        "--label com.docker.compose.network=default --label com.docker.compose.project=mc mc_default"
    )


def test_unfence_on_the_default_bridge_names_no_aliases(recorded: Any) -> None:
    mine = client(recorded("default_bridge"), "delta", ["delta_waweb_1"])
    record = remember(None, "R2", mine, {}, [mine[0]["Id"]])
    mine[0]["NetworkSettings"]["Networks"] = {}
    mine[0]["Name"] += "-fenced-R2"

    assert commands(plans.plan_unfence(mine, record, [], []), mine) == [
        "network connect bridge delta_waweb_1",
        "rename delta_waweb_1 delta_waweb_1",
    ]


@pytest.mark.parametrize("done", range(1, 12))
def test_interrupted_unfence_goes_on(recorded: Any, done: int) -> None:
    """What the first steps changed is not planned again."""
    record = record_of(client(recorded("multiconnect")))
    mine = client(recorded("multiconnect_fenced"))
    whole = plans.plan_unfence(mine, record, [], ["mc_default"])

    for identifier, values in plans.picture_after(plans.picture(mine), whole[:done]).items():
        container = next(c for c in mine if c["Id"] == identifier)
        policy, _colon, retries = values["restart_policy"].partition(":")
        container["HostConfig"]["RestartPolicy"] = {"Name": policy, "MaximumRetryCount": int(retries or 0)}
        container["Name"] = values["name"]
        container["NetworkSettings"]["Networks"] = {name: {} for name in values["networks"]}

    left = plans.plan_unfence(mine, record, [], ["mc_default"])
    assert [step.arguments for step in left] == [step.arguments for step in whole[done:]]


def test_unfence_of_a_client_that_is_not_fenced_is_empty(recorded: Any) -> None:
    mine = client(recorded("multiconnect"))

    assert plans.plan_unfence(mine, record_of(mine), [], ["mc_default"]) == []


def test_unfence_without_a_record_of_a_container(recorded: Any) -> None:
    record = record_of(client(recorded("multiconnect"))[1:])

    with pytest.raises(
        plans.PlanError, match=r"mc-waweb-1-fenced-R2 is fenced, but the fence's record does not know it"
    ):
        plans.plan_unfence(client(recorded("multiconnect_fenced")), record, [], ["mc_default"])


def test_unfence_when_a_name_was_taken_meanwhile(recorded: Any) -> None:
    record = record_of(client(recorded("multiconnect")))

    with pytest.raises(plans.PlanError, match=r"taken the names mc-waweb-1 since .* only one of the two may run"):
        plans.plan_unfence(client(recorded("multiconnect_fenced")), record, ["mc-waweb-1"], ["mc_default"])


def test_start_and_stop_orders(recorded: Any) -> None:
    mine = client(recorded("multiconnect"))

    assert commands(plans.plan_start(mine, None), mine) == []
    assert commands(plans.plan_stop(mine, None, 7), mine) == [
        "stop -t 7 mc-waweb-1",
        "stop -t 7 mc-wacore1-1",
        "stop -t 7 mc-master1-1 mc-master2-1",
    ]
    for container in mine:
        container["State"]["Running"] = False
    assert commands(plans.plan_stop(mine, None, 7), mine) == []
    assert commands(plans.plan_start(mine, None), mine) == [
        "start mc-master1-1 mc-master2-1",
        "start mc-wacore1-1",
        "start mc-waweb-1",
    ]


@pytest.mark.parametrize(
    "plan", [lambda mine: plans.plan_start(mine, "always"), lambda mine: plans.plan_stop(mine, "always", 1)]
)
def test_policy_comes_before_a_start_and_a_stop(recorded: Any, plan: Any) -> None:
    mine = client(recorded("multiconnect"))

    assert commands(plan(mine), mine)[0] == "update --restart always mc-waweb-1 mc-master1-1 mc-master2-1"


def test_remove_takes_no_volume_along(recorded: Any) -> None:
    mine = client(recorded("multiconnect_fenced"))

    assert commands(plans.plan_remove(mine, 1), mine) == [f"rm {name}" for name in MC]


def test_remove_stops_first(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")

    assert commands(plans.plan_remove(mine, 1), mine) == [
        "stop -t 1 biz-waweb-1",
        "stop -t 1 biz-wacore-1",
        "rm biz-waweb-1",
        "rm biz-wacore-1",
    ]


def test_picture_that_a_fence_leads_to_is_that_of_a_fenced_client(recorded: Any) -> None:
    standing, fenced = client(recorded("multiconnect")), client(recorded("multiconnect_fenced"))

    after = plans.picture_after(plans.picture(standing), plans.plan_fence(standing, "R2", 1))

    assert after == plans.picture(fenced)
    assert plans.picture_after(after, plans.plan_remove(fenced, 1)) == {}


def test_sentences_are_for_people(recorded: Any) -> None:
    mine = client(recorded("single"), "biz")

    assert [step.sentence for step in plans.plan_fence(mine, "R2", 1)] == [
        "set restart policy no on biz-waweb-1, biz-wacore-1",
        "stop biz-waweb-1",
        "stop biz-wacore-1",
        "disconnect biz-waweb-1 from biz_default",
        "disconnect biz-wacore-1 from biz_default",
        "rename biz-waweb-1 to biz-waweb-1-fenced-R2",
        "rename biz-wacore-1 to biz-wacore-1-fenced-R2",
    ]
