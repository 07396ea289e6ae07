#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes .venv from requirements.txt, unless the one that is there was made from this very file and still runs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "${here}/../.." && pwd)
venv=${checkout}/.venv
stamp=${venv}/made-from
requirements=${here}/requirements.txt

if cmp -s "${requirements}" "${stamp}" && "${venv}/bin/python" -c '' 2>/dev/null; then
    exit
fi

python=$("${here}/python.sh")
echo "Making the virtual environment .venv with ${python} ..." >&2
"${python}" -m venv --clear "${venv}"
# Without byte code, which Python writes itself for the few of the many files that it runs.
"${venv}/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --requirement "${requirements}"
cp "${requirements}" "${stamp}"
