"""Writes what follows from the list of topics and the list of processes.

`python -m deploy.manifests` writes the generated files of deploy/kubernetes/base and deploy/compose; a
test holds them to what it would write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from chassis.messaging.kafka.topics import configuration
from contracts.catalogue import Topic, topics
from deploy.local.access import ADMIN, SERVICES
from deploy.local.access_control import Grant, Resource, TopicAccess, topic_acls
from deploy.local.processes import MIGRATIONS, PROCESSES, WEB, ServiceProcess

DEPLOY = Path(__file__).parent
WRITTEN_BY = "# Written by `python -m deploy.manifests` from {source}; do not edit.\n"
CLUSTER = "nhipdoan"
WEB_PORT, HEALTH_PORT = 8000, 8001
REPLICAS = {"web": 2, "receive": 2, "consume": 2, "deliver": 3}  # relay and timers: one at work, held by a lease
USER_ID = 10001

Manifest = dict[str, Any]


def generated_files() -> Mapping[Path, str]:
    """Every generated file with its content."""
    base = DEPLOY / "kubernetes" / "base"
    all_topics = list(topics().values())
    return {
        base / "topics.yaml": _yaml("contracts/topics.yaml", map(kafka_topic, all_topics)),
        base / "users.yaml": _yaml("contracts/topics.yaml", kafka_users(all_topics)),
        base / "workloads.yaml": _yaml("deploy/local/processes.py", workloads()),
        DEPLOY / "compose" / "kafka-grants.sh": grants_script(all_topics),
    }


def kafka_topic(topic: Topic) -> Manifest:
    """As `ensure_topics` makes it, so that both may run."""
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": topic.name, "labels": {"strimzi.io/cluster": CLUSTER}},
        "spec": {"partitions": topic.partitions, "replicas": 3, "config": configuration(topic)},
    }


def kafka_users(all_topics: Iterable[Topic]) -> list[Manifest]:
    """One per service with what topics.yaml allows it, and the admin, who is a super user of the cluster."""
    grants = _grants(all_topics)
    users = [_kafka_user(ADMIN)]
    for service in SERVICES:
        acls = [
            {
                "resource": {"type": resource.lower(), "name": name, "patternType": "literal"},
                "operations": [grant.operation.capitalize() for grant in group],
            }
            for (resource, name), group in _by_resource(grant for grant in grants if grant.user == service)
        ]
        users.append(_kafka_user(service, {"authorization": {"type": "simple", "acls": acls}}))
    return users


def _kafka_user(name: str, further: Mapping[str, Any] | None = None) -> Manifest:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": name, "labels": {"strimzi.io/cluster": CLUSTER}},
        "spec": {"authentication": {"type": "scram-sha-512"}, **(further or {})},
    }


def workloads() -> list[Manifest]:
    """A Deployment per process, a Service per process that is called from outside, a Job per migration."""
    return [
        *(_job(process) for process in MIGRATIONS),
        *(_deployment(process) for process in PROCESSES),
        *(_service(process) for process in PROCESSES if process.is_served),
    ]


def _deployment(process: ServiceProcess) -> Manifest:
    labels = _labels(process)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": process.name, "labels": labels},
        "spec": {
            "replicas": REPLICAS.get(process.process, 1),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(process, _probes(process))},
        },
    }


def _job(process: ServiceProcess) -> Manifest:
    labels = _labels(process)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": process.name, "labels": labels},
        "spec": {
            "backoffLimit": 10,
            "template": {"metadata": {"labels": labels}, "spec": {**_pod(process, {}), "restartPolicy": "OnFailure"}},
        },
    }


def _service(process: ServiceProcess) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": process.service if process.process == WEB else process.name, "labels": _labels(process)},
        "spec": {"selector": _labels(process), "ports": [{"name": "http", "port": 80, "targetPort": WEB_PORT}]},
    }


def _pod(process: ServiceProcess, probes: Mapping[str, Any]) -> Manifest:
    container = {
        "name": process.process,
        "image": "nhip-doan",
        "args": [process.service, process.process],
        "envFrom": [{"configMapRef": {"name": "platform"}}, {"configMapRef": {"name": process.service}}],
        "env": _secrets(process),
        "ports": [{"name": "http", "containerPort": WEB_PORT if process.is_served else HEALTH_PORT}],
        **probes,
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own, for uploads
    }
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,  # processes end within 25 s
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _probes(process: ServiceProcess) -> Manifest:
    return {
        "startupProbe": {"httpGet": {"path": "/livez", "port": "http"}, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {"httpGet": {"path": "/livez", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 5},
    }


def _secrets(process: ServiceProcess) -> list[Manifest]:
    user = ADMIN if process in MIGRATIONS else process.service
    env: list[Manifest] = [
        {"name": "KAFKA_USERNAME", "value": user},
        _from_secret("KAFKA_PASSWORD", user, "password"),
        # The MongoDB operator writes this secret for each user of the MongoDBCommunity resource.
        _from_secret("MONGODB_URI", f"mongodb-admin-{process.service}", "connectionString.standard"),
        {"name": "MONGODB_DATABASE", "value": process.service},
    ]
    own = {
        "members": ("KEY_ENCRYPTION_SECRET", "BOOTSTRAP_ADMIN_PASSWORD"),
        "notifications": ("SMS_GATEWAY_API_KEY", "SMS_GATEWAY_SECRET_KEY"),
    }
    return env + [_from_secret(name, f"{process.service}-secrets", name) for name in own.get(process.service, ())]


def _from_secret(variable: str, secret: str, key: str) -> Manifest:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _labels(process: ServiceProcess) -> dict[str, str]:
    return {"app.kubernetes.io/part-of": "nhip-doan", "service": process.service, "process": process.process}


def grants_script(all_topics: Iterable[Topic]) -> str:
    """The access control of the compose broker, one call of kafka-acls.sh per user and set of operations."""
    lines = [
        "#!/usr/bin/env bash",
        WRITTEN_BY.format(source="contracts/topics.yaml").rstrip(),
        "set -euo pipefail",
        "grant() { /opt/kafka/bin/kafka-acls.sh --bootstrap-server kafka:9092 --command-config /tmp/admin.properties"
        ' --add --force --allow-principal "$@" >/dev/null; }',
        "umask 077",
        "cat >/tmp/admin.properties <<END",
        "security.protocol=SASL_PLAINTEXT",
        "sasl.mechanism=SCRAM-SHA-512",
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="admin" password="$KAFKA_ADMIN_PASSWORD";',
        "END",
    ]
    calls: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for user in SERVICES:
        own = (grant for grant in _grants(all_topics) if grant.user == user)
        for (resource, name), group in _by_resource(own):
            operations = tuple(grant.operation.capitalize() for grant in group)
            calls.setdefault((user, operations, resource.lower()), []).append(name)
    for (user, operations, option), names in calls.items():
        allowed = " ".join(f"--operation {operation}" for operation in operations)
        lines.append(f"grant User:{user} {allowed} " + " ".join(f"--{option} {name}" for name in names))
    return "\n".join(lines) + "\n"


def _grants(all_topics: Iterable[Topic]) -> list[Grant]:
    return topic_acls([TopicAccess(topic.name, topic.owner, topic.readers) for topic in all_topics])


def _by_resource(grants: Iterable[Grant]) -> list[tuple[tuple[Resource, str], list[Grant]]]:
    def resource(grant: Grant) -> tuple[Resource, str]:
        return grant.resource, grant.name

    return [(key, sorted(group)) for key, group in groupby(sorted(grants, key=resource), key=resource)]


class _PlainDumper(yaml.SafeDumper):
    """Without anchors: each manifest can be read by itself."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(source: str, manifests: Iterable[Manifest]) -> str:
    text = yaml.dump_all(list(manifests), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    return WRITTEN_BY.format(source=source) + text


def main() -> None:
    for file, content in generated_files().items():
        file.write_text(content, encoding="utf-8")
        file.chmod(0o755 if file.suffix == ".sh" else 0o644)


if __name__ == "__main__":
    main()
