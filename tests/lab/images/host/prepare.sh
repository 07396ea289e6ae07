#!/bin/bash
# Makes a container fit to be a Docker host. Runs at each start, which is the lab's reboot.
set -euo pipefail

# Without --privileged the engine finds the kernel's settings read-only.
if [ ! -w /proc/sys/net/ipv4/ip_forward ]; then
  mount -o remount,rw /proc/sys
fi

# On cgroup v2 controllers can be handed down only from a group without processes.
if [ -f /sys/fs/cgroup/cgroup.controllers ] && [ -w /sys/fs/cgroup/cgroup.subtree_control ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2> /dev/null || true
  sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
fi

# A container that was killed leaves them, and the engine then believes that it still runs.
rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid
mkdir -p /run/sshd
chmod 0700 /root /root/.ssh

# The outer engine sets ndots, with which the inner one would not pass names without a dot on to it.
resolver=$(grep -v '^options' /etc/resolv.conf)
printf '%s\n' "$resolver" > /etc/resolv.conf
