#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the scenarios, all of them or the named ones, two at a time on a lab each. The labs are removed afterwards.
# One molecule for each, since molecule itself runs no other after one that has failed.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
labs=${LAB_NAME:-waba-test}
slots=(0 1)
cd "${checkout}/extensions"

# Hosts that spare themselves what no scenario is about.
export LAB_KEEPS_BYTECODE=1
# What molecule remembers of a scenario, so that none takes an earlier run's word for being prepared.
export MEMORY=${checkout}/.cache/molecule/${labs}
rm -rf "${MEMORY}"
mkdir -p "${MEMORY}"

remove_labs() {
    for slot in "${slots[@]}"; do
        LAB_NAME=${labs}-${slot} "${checkout}/tests/lab/lab" down >&2
    done
}
trap remove_labs EXIT

act() {
    MOLECULE_EPHEMERAL_DIRECTORY=${MEMORY}/${LAB_NAME}/$2 molecule "$1" --scenario-name "$2" --no-shared-state
}

# Its output is shown in one piece, when it is complete.
run_scenario() {
    export LAB_NAME=${LABS}-${SLOT}
    local log=${MEMORY}/$1.log started=${SECONDS} verdict=passed
    act test "$1" >"${log}" 2>&1 </dev/null || verdict=FAILED
    flock "${MEMORY}/screen" cat "${log}"
    echo "scenario $1 ${verdict} in $((SECONDS - started)) s"
}
export -f act run_scenario

# The error that it ended with, on one line.
reason() {
    sed 's/\x1b\[[0-9;]*m//g; s/^ *│ *//' "${MEMORY}/$1.log" | tr --squeeze-repeats '[:space:]' ' ' |
        grep --only-matching --perl-regexp '\[ERROR\]: .*?(?= Origin:)' | tail --lines 1 | cut --characters 1-400
}
export LABS=${labs}

# Its output is shown when it fails.
create_lab() {
    export LAB_NAME=${LABS}-$1
    act create default >"${MEMORY}/$1.log" 2>&1 </dev/null || { cat "${MEMORY}/$1.log" && false; }
}
export -f create_lab
printf '%s\n' "${slots[@]}" | xargs --max-args=1 --max-procs="${#slots[@]}" bash -euo pipefail -c 'create_lab "$1"' lab
if ((!$#)); then
    # The long ones first, so that none of them is left for the end, with the other lab idle.
    set -- rollback fence live live_failures way_back full live_mysql resume
    for directory in molecule/*/molecule.yml; do
        name=$(basename "$(dirname "${directory}")")
        [[ ${name} == default || " $* " == *" ${name} "* ]] || set -- "$@" "${name}"
    done
fi
printf '%s\n' "$@" |
    xargs --max-args=1 --max-procs="${#slots[@]}" --process-slot-var=SLOT bash -euo pipefail -c 'run_scenario "$1"' scenario |
    tee "${MEMORY}/all.log"
failed=0
for name; do
    grep --quiet "^scenario ${name} passed in" "${MEMORY}/all.log" && continue
    failed=$((failed + 1))
    echo "FAILED ${name}: $(reason "${name}")"
done
echo "$(($# - failed)) passed, ${failed} failed"
((!failed))
