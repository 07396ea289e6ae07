# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that handle the client's containers."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  project:
    description: Name of the client's compose project.
    type: str
    required: true
  project_directory:
    description: Directory of the project's compose file.
    type: path
    required: true
  containers:
    description:
      - Names or ids of the client's containers, for a client that was not started by compose. When given, O(project)
        does not select.
    type: list
    elements: str
    default: []
  docker_cli:
    description: The docker command.
    type: str
    default: docker
"""
