# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run database_copy as Ansible would: a process of its own. Its arguments come as JSON on standard input."""

from __future__ import annotations

import json
import sys

from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.modules.database_copy import main

if __name__ == "__main__":
    with patch_module_args(json.load(sys.stdin)):
        main()
