#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios, all of them or the named ones, on a lab of their own, which is removed afterwards.
# One by one, since molecule itself runs none after one that has failed.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LAB_NAME=${LAB_NAME:-waba-test}
trap '"${checkout}/tests/lab/lab" down >&2' EXIT
cd "${checkout}/extensions"

# What molecule remembers of a scenario, so that none takes an earlier run's word for being prepared.
memory=${checkout}/.cache/molecule/${LAB_NAME}
run() {
    MOLECULE_EPHEMERAL_DIRECTORY=${memory}/$2 molecule "$1" --scenario-name "$2" --no-shared-state
}

rm -rf "${memory}"
run create default
if ((!$#)); then
    for directory in molecule/*/molecule.yml; do
        set -- "$@" "$(basename "$(dirname "${directory}")")"
    done
fi
passed=0 failed=0
for scenario in "$@"; do
    [[ ${scenario} != default ]] || continue
    started=${SECONDS}
    if run test "${scenario}"; then
        passed=$((passed + 1)) verdict=passed
    else
        failed=$((failed + 1)) verdict=FAILED
    fi
    echo "scenario ${scenario} ${verdict} in $((SECONDS - started)) s"
done
echo "${passed} passed, ${failed} failed"
((!failed))
