#!/usr/bin/env bash
# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# docker.sh start - sees to a Docker engine: takes the one that answers, else installs and starts one when we may.
# docker.sh stop  - stops the engine again if it was this script that started it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(cd "${here}/../.." && pwd)/.cache/docker
# Names the process, or the units of systemd, that were started here.
started=${state}/started
log=${state}/dockerd.log

answers() {
    docker info >/dev/null 2>&1
}

# Until it answers, or the process of the given id has ended.
wait_for_it() {
    for _ in $(seq 120); do
        if answers; then
            return
        fi
        if [[ -n ${1-} && ! -d /proc/$1 ]]; then
            break
        fi
        sleep 0.5
    done
    if [[ -f ${log} ]]; then
        tail -n 20 "${log}" >&2
    fi
    echo "The Docker engine was started, but does not answer (what it said last is above, or in its journal)." >&2
    exit 1
}

install() {
    command -v dockerd >/dev/null || "${here}/apt.sh" "Docker Engine" docker.io iptables
    # Newer releases of Debian have it in a package of its own.
    command -v docker >/dev/null || "${here}/apt.sh" "The docker command" docker-cli
}

start() {
    if answers; then
        return
    fi
    if [[ $(id -u) -ne 0 ]]; then
        echo "No Docker engine answers $(id -un). Install Docker Engine 20.10 or newer, start it, and let this user use it (group docker)." >&2
        exit 1
    fi
    local units="docker.service docker.socket"
    if [[ ! -d /run/systemd/system ]] || ! systemctl --quiet is-active containerd.service; then
        units+=" containerd.service"
    fi
    install
    mkdir -p "${state}"
    echo "Starting a Docker engine ..." >&2
    if [[ -d /run/systemd/system ]]; then
        echo "${units}" >"${started}"
        systemctl start docker
        wait_for_it
    elif pid=$(cat /var/run/docker.pid 2>/dev/null) && [[ -d /proc/${pid} ]]; then
        # Its package has just started it.
        echo "${pid}" >"${started}"
        wait_for_it "${pid}"
    else
        setsid dockerd >"${log}" 2>&1 </dev/null &
        echo "$!" >"${started}"
        wait_for_it "$!"
    fi
}

stop() {
    [[ -f ${started} ]] || return 0
    local what
    what=$(<"${started}")
    echo "Stopping the Docker engine that was started here ..." >&2
    if [[ ${what} == *.service* ]]; then
        # shellcheck disable=SC2086 # names of units
        systemctl stop ${what}
    elif [[ $(cat "/proc/${what}/comm" 2>/dev/null) == dockerd ]]; then
        kill "${what}"
        for _ in $(seq 120); do
            [[ -d /proc/${what} && -e /var/run/docker.pid ]] || break
            sleep 0.5
        done
    fi
    rm -f "${started}"
}

case ${1-} in
    start | stop) "$1" ;;
    *)
        echo "usage: docker.sh start|stop" >&2
        exit 2
        ;;
esac
