"""mongod as a replica set of one, which is what transactions and change streams ask for."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.access import MongoAccess
from deploy.local.ports import LOOPBACK, answers, preferred_port
from deploy.local.process_family import ChildProcess, ProcessFamily
from deploy.local.refusal import CannotStart

ROOT = "root"
REPLICA_SET = "nhipdoan"
LEAST_VERSION = 6
START_SECONDS = 60.0
STOP_SECONDS = 20.0
USER_ALREADY_EXISTS = 51003
TRANSACTION_LIFETIME_SECONDS = 25
"""So long mongod keeps a transaction open with which nobody goes on; by its own default 60 s.

A process that is killed between a transaction's first write and its commit leaves it open, since a session outlives its
connection, and nobody else can write the same documents until mongod ends it: at this age or up to half as much later,
as it looks. No service goes on with a transaction for longer than 20 s, so that none at work is ever ended by this.
Said to every mongod that is configured here; a test holds them to it.
"""

Client = MongoClient[dict[str, Any]]


class EmbeddedMongod:
    """A database server with access control: each user reads and writes the database given to him alone.

    Data stays in `directory`; a later start with the same root password goes on with it, on another
    port if need be.
    """

    def __init__(
        self, family: ProcessFamily, directory: Path, root_password: str, port: int = 0, name: str = "mongod"
    ) -> None:
        self._family = family
        self._directory = directory
        self._root_password = root_password
        self._name = name
        self._child: ChildProcess | None = None
        self.port = port

    @property
    def root_uri(self) -> str:
        return self._uri(ROOT, self._root_password)

    @property
    def child(self) -> ChildProcess:
        """The running process, to be frozen and thawed."""
        if self._child is None:
            raise RuntimeError("mongod has not been started")
        return self._child

    def start(self) -> None:
        """Starts the server and waits until it is primary (1–2 s)."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Starts the server without waiting."""
        data = self._directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.port = self.port or self._port_of_last_time()
        command: list[str | Path] = [mongod_program(), "--dbpath", data, "--keyFile", self._key_file()]
        command += ["--bind_ip", LOOPBACK, "--port", str(self.port), "--nounixsocket", "--quiet"]
        command += ["--replSet", REPLICA_SET, "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5"]
        for parameter in (
            "diagnosticDataCollectionEnabled=false",
            "shutdownTimeoutMillisForSignaledShutdown=100",
            f"transactionLifetimeLimitSeconds={TRANSACTION_LIFETIME_SECONDS}",
        ):
            command += ["--setParameter", parameter]
        self._child = self._family.start(self._name, command)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Returns when the server is primary and has its root user."""
        deadline = time.monotonic() + seconds
        self._wait_for(lambda: answers(self.port), deadline)
        if self._is_new():
            self._initiate(deadline)
        else:
            self._join_again(deadline)

    def stop(self) -> None:
        """An orderly end."""
        self.child.stop(STOP_SECONDS)

    def kill(self) -> None:
        """As by a power cut."""
        self.child.kill()

    def give_database(self, user: str, password: str, database: str) -> MongoAccess:
        """Makes `user`, or gives him a new password: `readWrite` on `database` and nothing else."""
        roles = [{"role": "readWrite", "db": database}]
        with self._client(authenticated=True) as client:
            try:
                client.admin.command("createUser", user, pwd=password, roles=roles)
            except OperationFailure as error:
                if error.code != USER_ALREADY_EXISTS:
                    raise
                client.admin.command("updateUser", user, pwd=password, roles=roles)
        return MongoAccess(self._uri(user, password), database)

    def take_database(self, user: str, database: str) -> None:
        """Drops the database and the user, where they exist."""
        with self._client(authenticated=True) as client:
            client.drop_database(database)
            if client.admin.command("usersInfo", user)["users"]:
                client.admin.command("dropUser", user)

    def _is_new(self) -> bool:
        return not (self._directory / "initiated").exists()

    def _initiate(self, deadline: float) -> None:
        """The localhost exception lets the first user in; with him it ends."""
        with self._client(authenticated=False) as client:
            if not self._hello(client).get("setName"):
                client.admin.command("replSetInitiate", self._members())
            self._wait_for(lambda: self._hello(client)["isWritablePrimary"], deadline)
            try:
                client.admin.command("createUser", ROOT, pwd=self._root_password, roles=["root"])
            except OperationFailure as error:  # a start that was broken off after this point
                if error.code not in (USER_ALREADY_EXISTS, 13):
                    raise
        (self._directory / "initiated").touch()

    def _join_again(self, deadline: float) -> None:
        """On another port than last time the set does not know itself and must be told."""
        with self._client(authenticated=True) as client:
            config = client.admin.command("replSetGetConfig")["config"]
            wanted = self._members()["members"]
            if config["members"][0]["host"] != wanted[0]["host"]:
                config["members"][0]["host"] = wanted[0]["host"]
                config["version"] += 1
                client.admin.command("replSetReconfig", config, force=True)
            self._wait_for(lambda: self._hello(client)["isWritablePrimary"], deadline)

    def _members(self) -> Mapping[str, Any]:
        return {"_id": REPLICA_SET, "members": [{"_id": 0, "host": f"{LOOPBACK}:{self.port}"}]}

    @staticmethod
    def _hello(client: Client) -> Mapping[str, Any]:
        return client.admin.command("hello")

    def _client(self, *, authenticated: bool) -> Client:
        login: dict[str, Any] = {"username": ROOT, "password": self._root_password} if authenticated else {}
        return MongoClient(
            LOOPBACK, self.port, directConnection=True, serverSelectionTimeoutMS=5000, tz_aware=True, **login
        )

    def _wait_for(self, condition: Any, deadline: float) -> None:
        while not self._holds(condition):
            if not self.child.is_running or time.monotonic() > deadline:
                tail = self.child.log_tail(5)
                self.child.kill()
                raise CannotStart(f"mongod did not start; its last words in {self.child.log}:\n{tail}")
            time.sleep(0.02)  # an election tells nobody that it is over

    @staticmethod
    def _holds(condition: Any) -> bool:
        try:
            return bool(condition())
        except PyMongoError:
            return False

    def _uri(self, user: str, password: str) -> str:
        login = f"{quote_plus(user)}:{quote_plus(password)}"
        return f"mongodb://{login}@{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}&authSource=admin"

    def _port_of_last_time(self) -> int:
        memory = self._directory / "port.json"
        port = preferred_port(json.loads(memory.read_text()) if memory.exists() else 0)
        memory.write_text(json.dumps(port))
        return port

    def _key_file(self) -> Path:
        path = self._directory / "keyfile"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(96).replace("-", "+").replace("_", "/"))
        return path


def mongod_program() -> Path:
    """A mongod of version 6 or later on the PATH, else the one in the wheel. Raises CannotStart."""
    installed = shutil.which("mongod")
    if installed is not None and _major_version(installed) >= LEAST_VERSION:
        return Path(installed)
    package = importlib.util.find_spec("fiftyone")
    for location in (package.submodule_search_locations or []) if package else []:
        program = Path(location) / "db" / "bin" / "mongod"
        if program.is_file():
            return program
    raise CannotStart("No mongod was found: run `make setup`, or install mongod 6 or later.")


def _major_version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"db version v(\d+)", said)
    return int(match.group(1)) if match else 0
