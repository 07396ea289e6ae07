#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the newest Python >= 3.11 that can make a virtual environment.
# On Debian or Ubuntu, as root, installs the distribution's when there is none.
set -euo pipefail

# Newest first. The ones in PATH come before pyenv's: some in PATH are pyenv's shims that only say "not found".
versions=(3.14 3.13 3.12 3.11)

usable() {
    "$1" -c 'import ensurepip, ssl, sys, venv; sys.exit(sys.version_info[:2] != tuple(map(int, sys.argv[1].split("."))))' "$2" \
        >/dev/null 2>&1
}

find_python() {
    local version candidate
    for version in "${versions[@]}"; do
        for candidate in "$(command -v "python${version}" || true)" \
            "${PYENV_ROOT:-${HOME}/.pyenv}"/versions/"${version}"*/bin/"python${version}"; do
            if [[ -x ${candidate} ]] && usable "${candidate}" "${version}"; then
                # The interpreter itself, not a shim that chooses by directory and environment.
                "${candidate}" -c 'import sys; print(sys.executable)'
                return
            fi
        done
    done
    return 1
}

if find_python; then
    exit
fi
here=$(dirname "${BASH_SOURCE[0]}")
"${here}/apt.sh" "Python 3.11 or newer with its venv module" python3-venv
if ! find_python; then
    echo "This distribution's python3 is older than 3.11. Install Python 3.11 or newer, with its venv module, and run make again." >&2
    exit 1
fi
