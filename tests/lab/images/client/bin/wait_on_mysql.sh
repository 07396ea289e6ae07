#!/bin/bash
# Waits until the database server accepts connections, then becomes the given program.
until timeout 3 bash -c ": < /dev/tcp/$WA_DB_HOSTNAME/$WA_DB_PORT" 2> /dev/null; do
  echo "waiting for the database at $WA_DB_HOSTNAME:$WA_DB_PORT"
  sleep 1
done
exec "$@"
