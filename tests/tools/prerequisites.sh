#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sees to the programs that the targets call on this machine.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
declare -A package=([git]=git [rsync]=rsync [ssh]=openssh-client [ssh-keygen]=openssh-client [openssl]=openssl [ps]=procps)
missing=()
for program in "${!package[@]}"; do
    command -v "${program}" >/dev/null || missing+=("${program}")
done
if ((${#missing[@]})); then
    packages=()
    for program in "${missing[@]}"; do
        packages+=("${package[${program}]}")
    done
    "${here}/apt.sh" "$(IFS=,; echo "${missing[*]}")" "${packages[@]}"
fi
