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
pid_file=${state}/pid

answers() {
    docker info >/dev/null 2>&1
}

wait_for_it() {
    for _ in $(seq 120); do
        if answers; then
            return
        fi
        if [[ -n ${1-} ]] && ! kill -0 "$1" 2>/dev/null; then
            break
        fi
        sleep 0.5
    done
    [[ -f ${state}/dockerd.log ]] && tail -n 20 "${state}/dockerd.log" >&2
    echo "The Docker engine does not answer (its last lines are above, if it was started here)." >&2
    exit 1
}

start() {
    if answers; then
        return
    fi
    if [[ $(id -u) -ne 0 ]]; then
        echo "No Docker engine answers 'docker info' for $(id -un). Install Docker Engine 20.10 or newer, start it, and let this user use it (group docker)." >&2
        exit 1
    fi
    command -v dockerd >/dev/null && command -v iptables >/dev/null || "${here}/apt.sh" "Docker Engine" docker.io iptables
    if answers; then # its package has started it
        return
    fi
    if [[ -d /run/systemd/system ]]; then
        systemctl start docker
        wait_for_it
        return
    fi
    mkdir -p "${state}"
    echo "Starting a Docker engine ..." >&2
    setsid "$(command -v dockerd)" >"${state}/dockerd.log" 2>&1 </dev/null &
    echo "$!" >"${pid_file}"
    wait_for_it "$!"
}

stop() {
    [[ -f ${pid_file} ]] || return 0
    local pid
    pid=$(<"${pid_file}")
    if [[ -d /proc/${pid} && $(<"/proc/${pid}/comm") == dockerd ]]; then
        echo "Stopping the Docker engine that was started here ..." >&2
        kill "${pid}"
        for _ in $(seq 120); do
            [[ -d /proc/${pid} ]] || break
            sleep 0.5
        done
    fi
    rm -f "${pid_file}"
}

case ${1-} in
    start | stop) "$1" ;;
    *)
        echo "usage: docker.sh start|stop" >&2
        exit 2
        ;;
esac
