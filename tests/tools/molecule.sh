#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios, all of them or the named ones, on a lab of their own, which is removed afterwards.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LAB_NAME=${LAB_NAME:-waba-test}
trap '"${checkout}/tests/lab/lab" down >&2' EXIT
cd "${checkout}/extensions"
status=0
if (($#)); then
    for scenario in "$@"; do
        molecule test --scenario-name "${scenario}" || status=1
    done
else
    molecule test --all --report || status=1
fi
exit "${status}"
