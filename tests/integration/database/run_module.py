# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module, database_copy unless another is named, as Ansible would: in a process of its own.

Its arguments come as JSON on standard input.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from ansible.module_utils.testing import patch_module_args

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "database_copy"
    with patch_module_args(json.load(sys.stdin)):
        import_module(f"ansible_collections.waba.migration.plugins.modules.{name}").main()
