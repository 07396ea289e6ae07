#!/bin/bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs the named tool, or unpacks it into /opt/peer.
set -euo pipefail
peer=$1

apt-get update -qq
if [[ ${peer} == pgcopydb ]]; then
    apt-get install -y -qq --no-install-recommends pgcopydb >/dev/null
else
    if [[ ! -f /etc/apt/sources.list.d/unstable.list ]]; then
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: trixie' | head -n 1)
        echo "deb [check-valid-until=no] ${mirror} sid main" >/etc/apt/sources.list.d/unstable.list
        printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' >/etc/apt/preferences.d/unstable
        apt-get update -qq
    fi
    cd "$(mktemp -d)"
    apt-get download -qq mydumper/sid libmariadb3 libpcre3/sid libglib2.0-0t64
    for package in ./*.deb; do
        dpkg-deb --extract "${package}" /opt/peer
    done
fi
apt-get clean
rm -rf /var/lib/apt/lists/*
