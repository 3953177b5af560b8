"""One list of processes, one list of topics: make run, compose and kubernetes follow them."""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.messaging.mongo import told_documents
from chassis.storage.mongo import MongoStore
from contracts.catalogue import topics
from deploy.compose.passwords import NAMES
from deploy.local.access import SERVICES
from deploy.local.embedded_mongod import TRANSACTION_LIFETIME_SECONDS
from deploy.local.processes import MIGRATIONS, PROCESSES, RECEIVE, WEB
from deploy.manifests import generated_files
from notifications.adapters.mongo_queue import MongoQueue

DEPLOY = Path(__file__).parents[3] / "deploy"
SERVICES_ROOT = DEPLOY.parent / "services"
BASE = DEPLOY / "kubernetes" / "base"
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8"))
ALL_PROCESSES = {(process.service, process.process) for process in (*PROCESSES, *MIGRATIONS)}


def manifests() -> Iterator[dict[str, Any]]:
    for name in yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]:
        yield from yaml.safe_load_all((BASE / name).read_text(encoding="utf-8"))


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [manifest for manifest in manifests() if manifest["kind"] in kinds]


def pod(manifest: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


def test_compose_runs_the_processes_of_make_run() -> None:
    commands = [tuple(one["command"]) for one in COMPOSE["services"].values() if one.get("image") == "nhip-doan"]
    assert sorted(commands) == sorted(ALL_PROCESSES)


def test_kubernetes_runs_the_processes_of_make_run() -> None:
    commands = [tuple(pod(one)["containers"][0]["args"]) for one in of_kind("Deployment", "Job")]
    assert sorted(commands) == sorted(ALL_PROCESSES)


@pytest.mark.parametrize("file", sorted(generated_files()), ids=lambda file: file.name)
def test_generated_manifests_are_what_the_lists_say(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == generated_files()[file], "run `python -m deploy.manifests`"


def test_every_topic_is_made_on_the_cluster_with_its_partitions() -> None:
    made = {one["metadata"]["name"]: one["spec"]["partitions"] for one in of_kind("KafkaTopic")}
    assert made == {name: topic.partitions for name, topic in topics().items()}


def test_on_the_cluster_only_owners_write_and_only_readers_read() -> None:
    for service in SERVICES:
        (user,) = [one for one in of_kind("KafkaUser") if one["metadata"]["name"] == service]
        acls = [one for one in user["spec"]["authorization"]["acls"] if one["resource"]["type"] == "topic"]
        may_write = {one["resource"]["name"] for one in acls if "Write" in one["operations"]}
        may_read = {one["resource"]["name"] for one in acls if "Read" in one["operations"]}
        assert may_write == {topic.name for topic in topics().values() if topic.owner == service}
        assert may_read == {topic.name for topic in topics().values() if service in topic.readers}


def test_every_process_on_the_cluster_is_probed_and_has_time_to_end() -> None:
    for deployment in of_kind("Deployment"):
        (container,) = pod(deployment)["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert pod(deployment)["terminationGracePeriodSeconds"] > 25


def test_no_process_runs_as_root_or_writes_its_own_image() -> None:
    for workload in of_kind("Deployment", "Job"):
        (container,) = pod(workload)["containers"]
        assert pod(workload)["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    dockerfile = (DEPLOY / "image" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
    assert re.search(r"pip install --require-hashes .*-r /build/requirements\.lock", dockerfile)


def test_every_web_process_is_reached_under_its_services_name() -> None:
    selected = {one["metadata"]["name"]: one["spec"]["selector"]["process"] for one in of_kind("Service")}
    assert selected == {**dict.fromkeys(SERVICES, WEB), "notifications-receive": RECEIVE}


def test_no_password_is_written_into_a_manifest() -> None:
    for workload in of_kind("Deployment", "Job"):
        for variable in pod(workload)["containers"][0]["env"]:
            is_secret = re.search(r"PASSWORD|SECRET|KEY|URI", variable["name"])
            assert not is_secret or "value" not in variable, variable["name"]


def test_make_up_makes_every_password_that_compose_asks_for() -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(NAMES)


def test_the_files_that_compose_mounts_are_there_and_can_run() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                file = DEPLOY / "compose" / source
                assert file.is_file()
                assert file.suffix != ".sh" or file.stat().st_mode & 0o111


@pytest.mark.parametrize("script", sorted((DEPLOY / "compose").glob("*.sh")), ids=lambda script: script.name)
def test_scripts_are_valid_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)


def test_compose_waits_for_migrations_and_for_access_control() -> None:
    services = COMPOSE["services"]
    for process in PROCESSES:
        assert services[process.name]["depends_on"] == {
            f"{process.service}-migrate": {"condition": "service_completed_successfully"}
        }
    for migration in MIGRATIONS:
        assert set(services[migration.name]["depends_on"]) == {"kafka-grants", "mongo-users"}
        assert services[migration.name]["environment"]["KAFKA_USERNAME"] == "admin"


def test_every_mongod_ends_a_transaction_at_the_same_age_that_nobody_goes_on_with() -> None:
    (on_the_cluster,) = of_kind("MongoDBCommunity")
    in_a_container = (DEPLOY / "compose" / "mongo-start.sh").read_text(encoding="utf-8")
    limit = f"transactionLifetimeLimitSeconds={TRANSACTION_LIFETIME_SECONDS}"
    assert re.search(rf"--setParameter {limit}$", in_a_container, re.MULTILINE)
    assert on_the_cluster["spec"]["additionalMongodConfig"]["setParameter"] == {
        "transactionLifetimeLimitSeconds": TRANSACTION_LIFETIME_SECONDS
    }


def test_no_service_goes_on_with_a_transaction_until_mongod_would_end_it() -> None:
    def longest(store: type[object]) -> float:
        seconds: float = inspect.signature(store).parameters["timeout_seconds"].default
        return seconds

    waits = (longest(MongoStore), longest(MongoQueue), told_documents._TIMEOUT_SECONDS)
    assert max(waits) < TRANSACTION_LIFETIME_SECONDS
    made_by = {
        str(file.relative_to(SERVICES_ROOT))
        for file in SERVICES_ROOT.rglob("*.py")
        if re.search(r"\b(with|start)_transaction\(", file.read_text(encoding="utf-8"))
    }
    assert made_by == {
        "chassis/storage/mongo.py",
        "chassis/messaging/mongo/told_documents.py",
        "notifications/adapters/mongo_queue.py",
    }, "another one makes transactions: hold its time limit to this, too"
