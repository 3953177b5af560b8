#!/usr/bin/env bash
# Writes the replica set's key file, which must be its owner's alone, and becomes mongod.
set -euo pipefail
key_file=/data/configdb/keyfile
if [ ! -f "$key_file" ]; then
  openssl rand -base64 756 >"$key_file"
fi
chmod 400 "$key_file"
chown mongodb:mongodb "$key_file"
# The limit: see TRANSACTION_LIFETIME_SECONDS in deploy/local/embedded_mongod.py.
exec docker-entrypoint.sh mongod --replSet nhipdoan --keyFile "$key_file" --bind_ip_all --quiet \
  --setParameter transactionLifetimeLimitSeconds=25
