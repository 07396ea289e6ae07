#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs ansible-test sanity on what the collection ships, as a real directory: ansible-test takes no symlinked checkout,
# and nothing below a directory that git ignores.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "${tree}"' EXIT
collection=${tree}/ansible_collections/waba/migration
mkdir -p "${collection}"
cd "${checkout}"
git ls-files -z --cached --others --exclude-standard -- LICENSE README.md changelogs galaxy.yml meta playbooks plugins roles |
    rsync --archive --from0 --files-from=- --ignore-missing-args ./ "${collection}/"
home=$(.venv/bin/python tests/tools/sanity_home.py)
version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "${collection}"
status=0
HOME=${home} ansible-test sanity --venv --python "${version}" --color no </dev/null 2>&1 | tee "${tree}/log" || status=$?
ran=$(grep -c '^Running sanity test ' "${tree}/log" || true)
failed=$(sed -nE 's/^ERROR: The ([0-9]+) sanity test.* failed.*/\1/p' "${tree}/log")
echo "$((ran - ${failed:-0})) passed, ${failed:-0} failed"
exit "${status}"
