#!/usr/bin/env bash
# Formats the data directory once, with one SCRAM user per service, and becomes the broker.
set -euo pipefail
umask 077
properties=/tmp/server.properties
scram=org.apache.kafka.common.security.scram.ScramLoginModule
plain=org.apache.kafka.common.security.plain.PlainLoginModule
controller=$(head -c 24 /dev/urandom | base64 | tr -dc A-Za-z0-9)
cp /etc/nhipdoan/server.properties "$properties"
{
  echo "listener.name.clients.scram-sha-512.sasl.jaas.config=$scram required username=\"admin\" password=\"$KAFKA_ADMIN_PASSWORD\";"
  echo "listener.name.controller.plain.sasl.jaas.config=$plain required username=\"controller\" password=\"$controller\" user_controller=\"$controller\";"
} >>"$properties"
users=()
for user in admin members scheduling notifications; do
  password_variable="KAFKA_${user^^}_PASSWORD"
  users+=(--add-scram "SCRAM-SHA-512=[name=$user,password=${!password_variable}]")
done
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted \
  -t "N$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-21)" -c "$properties" "${users[@]}"
exec /opt/kafka/bin/kafka-server-start.sh "$properties"
