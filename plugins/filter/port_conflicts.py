# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which ports cannot be published on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: port_conflicts
short_description: Say which ports cannot be published on a host
version_added: 1.0.0
author:
  - waba.migration contributors (@waba-migration)
description:
  - Finds ports that two services would publish, that somebody on the host listens on, or whose address the host does
    not have. An engine would find out when the containers start.
options:
  _input:
    description: What P(waba.migration.published_ports#filter) returns.
    type: list
    elements: dictionary
    required: true
  listeners:
    description: Lines of C(ss -Hltun) on that host.
    type: list
    elements: string
    required: true
  addresses:
    description: Lines of C(ip -o addr) on that host.
    type: list
    elements: string
    required: true
  own:
    description: Ports that may be taken, as C(ports) of M(waba.migration.client_containers_info) has them.
    type: list
    elements: dictionary
    default: []
seealso:
  - plugin: waba.migration.published_ports
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Stop when a port is taken
  ansible.builtin.assert:
    that: ports | waba.migration.port_conflicts(listeners.stdout_lines, addresses.stdout_lines) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each, without a full stop.
  type: list
  elements: string
"""

from typing import Callable, Sequence

from ansible_collections.waba.migration.plugins.module_utils._ports import Json, conflicts


def port_conflicts(
    planned: Sequence[Json], listeners: Sequence[str], addresses: Sequence[str], own: Sequence[Json] = ()
) -> list[str]:
    """Return a sentence for each conflict."""
    return conflicts(planned, listeners, addresses, own)


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"port_conflicts": port_conflicts}
