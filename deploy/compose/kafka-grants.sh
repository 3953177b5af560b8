#!/usr/bin/env bash
# Written by `python -m deploy.manifests` from contracts/topics.yaml; do not edit.
set -euo pipefail
grant() { /opt/kafka/bin/kafka-acls.sh --bootstrap-server kafka:9092 --command-config /tmp/admin.properties --add --force --allow-principal "$@" >/dev/null; }
umask 077
cat >/tmp/admin.properties <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$KAFKA_ADMIN_PASSWORD";
END
grant User:members --operation Read --group members
grant User:members --operation Describe --operation Write --topic members.accounts.v1 --topic members.contacts.v1 --topic members.events.v1 --topic members.people.v1 --topic members.portfolios.v1 --topic members.posts.v1 --topic members.signing-keys.v1 --topic members.units.v1
grant User:members --operation Describe --operation Read --topic notifications.events.v1
grant User:scheduling --operation Read --group scheduling
grant User:scheduling --operation Describe --operation Read --topic members.accounts.v1 --topic members.people.v1 --topic members.portfolios.v1 --topic members.posts.v1 --topic members.signing-keys.v1 --topic members.units.v1 --topic notifications.events.v1
grant User:scheduling --operation Describe --operation Write --topic scheduling.concern-answers.v1 --topic scheduling.events.v1
grant User:notifications --operation Read --group notifications
grant User:notifications --operation Describe --operation Read --topic members.accounts.v1 --topic members.contacts.v1 --topic members.signing-keys.v1 --topic members.units.v1 --topic scheduling.concern-answers.v1 --topic scheduling.events.v1
grant User:notifications --operation Describe --operation Write --topic notifications.events.v1
