#!/bin/bash
# Creates the data directory on first start, then becomes the server: MySQL, or MariaDB in its image. Arguments are the server's.
#   /etc/lab/database/password     the password of root in a new data directory
#   /etc/lab/tls/server.{key,crt}  when there, the server's certificate
# The machine's user mysql has an account of the same name without a password, over the socket only.
set -euo pipefail
data=/var/lib/mysql/data
as_mysql=(setpriv --reuid mysql --regid mysql --init-groups)
server=$(type -P mariadbd || type -P mysqld)
install -d -o mysql -g mysql -m 0755 /run/mysqld
install -d -o mysql -g mysql -m 0700 /var/lib/mysql-files
tls=()
if [ -f /etc/lab/tls/server.key ]; then
  install -d -o mysql -g mysql -m 0700 /run/mysqld-tls
  install -o mysql -g mysql -m 0600 /etc/lab/tls/server.key /run/mysqld-tls/server.key
  tls=(--ssl-cert=/etc/lab/tls/server.crt --ssl-key=/run/mysqld-tls/server.key)
fi
if [ ! -d "$data" ]; then
  # Whatever an interrupted first start has left is not taken for a data directory.
  rm -rf "$data.new"
  install -d -o mysql -g mysql -m 0700 "$data.new"
  password=$(cat /etc/lab/database/password)
  accounts=$(mktemp)
  chown mysql "$accounts"
  if [[ $server == */mysqld ]]; then
    cat > "$accounts" <<ACCOUNTS
INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';
CREATE USER mysql@localhost IDENTIFIED WITH auth_socket;
GRANT ALL PRIVILEGES ON *.* TO mysql@localhost WITH GRANT OPTION;
ALTER USER root@localhost IDENTIFIED BY '$password';
CREATE USER root@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;
ACCOUNTS
    "${as_mysql[@]}" "$server" --no-defaults --initialize-insecure --datadir="$data.new" --init-file="$accounts"
  else
    # It takes no statements about accounts before it has read its own.
    cat > "$accounts" <<ACCOUNTS
FLUSH PRIVILEGES;
ALTER USER root@localhost IDENTIFIED BY '$password';
CREATE USER root@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;
ACCOUNTS
    "${as_mysql[@]}" mariadb-install-db --no-defaults --datadir="$data.new" --skip-test-db \
      --auth-root-authentication-method=socket --auth-root-socket-user=mysql --extra-file="$accounts" > /dev/null
  fi
  rm -f "$accounts"
  mv "$data.new" "$data"
fi
# Servers that follow each other need another number each, and both products begin with 1. MariaDB, unlike MySQL, writes no log by itself.
replication=(--server-id="$(cksum <<< "$HOSTNAME" | cut --delimiter=' ' --fields=1)")
[[ $server == */mysqld ]] || replication+=(--log-bin=binlog --binlog-format=ROW)
exec "${as_mysql[@]}" "$server" --no-defaults --datadir="$data" --socket=/run/mysqld/mysqld.sock "${tls[@]}" "${replication[@]}" "$@"
