#!/bin/bash
# Creates the cluster on first start, then becomes the server. Arguments are the server's.
#   POSTGRES_USER, POSTGRES_PASSWORD   superuser of a new cluster
#   /etc/lab/database/password         the same password from a file, when the variable is not set
#   /etc/lab/tls/server.{key,crt}      when there, TLS is on and plain TCP connections are refused
set -euo pipefail
user=${POSTGRES_USER:-postgres}
install -d -o postgres -g postgres -m 0700 "$PGDATA"
install -d -o postgres -g postgres -m 0755 /run/postgresql
as_postgres=(setpriv --reuid postgres --regid postgres --init-groups)
tls=()
connection=host
if [ -f /etc/lab/tls/server.key ]; then
  install -d -o postgres -g postgres -m 0700 /run/postgresql-tls
  install -o postgres -g postgres -m 0600 /etc/lab/tls/server.key /run/postgresql-tls/server.key
  tls=(-c ssl=on -c ssl_cert_file=/etc/lab/tls/server.crt -c ssl_key_file=/run/postgresql-tls/server.key)
  connection=hostssl
fi
if [ ! -f "$PGDATA/PG_VERSION" ]; then
  password_file=$(mktemp)
  chown postgres "$password_file"
  printf '%s\n' "${POSTGRES_PASSWORD:-$(cat /etc/lab/database/password)}" > "$password_file"
  "${as_postgres[@]}" initdb --pgdata "$PGDATA" --username "$user" --pwfile "$password_file" \
    --auth-local peer --auth-host scram-sha-256 --encoding UTF8 --locale C.UTF-8 > /dev/null
  rm -f "$password_file"
  cat > "$PGDATA/pg_hba.conf" <<RULES
local all all peer map=lab
$connection all all all scram-sha-256
RULES
  printf 'lab postgres %s\n' "$user" > "$PGDATA/pg_ident.conf"
fi
exec "${as_postgres[@]}" postgres -D "$PGDATA" -c listen_addresses='*' "${tls[@]}" "$@"
