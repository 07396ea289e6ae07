# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip script that ansible-test downloads from a host of its own.

Python brings pip along, so the download is not needed; sanity tests then run wherever pip can install packages.
"""

from __future__ import annotations

import ensurepip
import runpy
import sys

ensurepip.bootstrap(default_pip=True)
# get-pip understands these two, pip does not.
packages = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", *packages]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
