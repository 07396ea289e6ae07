# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the ports of the old containers into those of the new ones."""

from __future__ import annotations

DOCUMENTATION = r"""
name: published_ports
short_description: Turn the ports of the old containers into those of the new ones
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Keeps the ports that the old containers publish, but for the API, whose port may be another one on the new host.
  - Of several Webapps the one that has that port already is the API, else the first. The others keep their ports.
options:
  _input:
    description: The C(containers) that M(waba.migration.client_containers_info) returns.
    type: list
    elements: dictionary
    required: true
  api_port:
    description: The port at which the API shall be published.
    type: string
    required: true
  addresses:
    description: An address of the new host for each address at which the old containers publish. Others stay.
    type: dictionary
    default: {}
  loopback:
    description: Whether to publish on 127.0.0.1 only. Of ports that differ by their address alone one is left.
    type: boolean
    default: false
  any_port:
    description: Whether C(text) leaves the choice of the port to the engine.
    type: boolean
    default: false
seealso:
  - plugin: waba.migration.port_conflicts
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what the new containers will publish
  ansible.builtin.debug:
    msg: "{{ found.client.containers | waba.migration.published_ports(api_port='9443') | map(attribute='text') }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary for each port, with C(service), C(container) (such as V(443/tcp)), C(host_ip) (empty for all
      addresses), C(host_port), and C(text), which is what compose takes.
  type: list
  elements: dictionary
"""

from typing import Any, Callable, Mapping, Sequence

from ansible_collections.waba.migration.plugins.module_utils._ports import Json, compose_text, plan


def published_ports(
    containers: Sequence[Json],
    api_port: Any,
    addresses: Mapping[str, str] | None = None,
    loopback: bool = False,
    any_port: bool = False,
) -> list[Json]:
    """Return the ports to publish."""
    planned = plan(containers, str(api_port), addresses or {}, loopback)
    return [{**port, "text": compose_text(port, any_port)} for port in planned]


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[Json]]]:
        """Return the filters by name."""
        return {"published_ports": published_ports}
