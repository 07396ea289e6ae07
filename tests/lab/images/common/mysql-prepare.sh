#!/bin/bash
# Runs at each start of a database server, before its services.
set -euo pipefail
mkdir -p /run/sshd
chmod 0700 /root /root/.ssh
install -d -o mysql -g mysql -m 2775 /var/log/mysql
