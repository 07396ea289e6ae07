#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# apt.sh WHAT PACKAGE... - installs Debian packages when we may, else says in one sentence what is missing.
set -euo pipefail

what=$1
shift

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "${what} is missing. Install it (on Debian or Ubuntu: apt-get install $*) and run make again." >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "${log}"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "Installing $* with apt-get ..." >&2
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >"${log}" 2>&1 </dev/null; then
    tail -n 20 "${log}" >&2
    echo "${what} is missing, and apt-get could not install $* (its last lines are above)." >&2
    exit 1
fi
