"""What the web chain costs: `python -m tests.bench.bench_web_overhead`.

First in this process, without a server or a database: microseconds per request of bare Flask and of the whole chain
(token, strict JSON, idempotency, rendering, metrics, log line). Then under the same gunicorn on a real mongod with 16
connections: the same three writes in one transaction, once by Flask and pymongo alone, once by the chain.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request
from pydantic import BaseModel

from chassis.context import Context, new_uuid7
from chassis.outcome import Outcome
from chassis.runtime.logging import configure_logging
from chassis.runtime.readiness import ALWAYS_READY
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.web_server import run_gunicorn
from chassis.storage.changes import Changes
from chassis.storage.documents import Document, Kind
from chassis.storage.memory import MemoryStore
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from chassis.web.app import blueprint, create_app
from chassis.web.commands import Reply, run_command, run_query
from chassis.web.fields import Instant
from chassis.web.identifiers import Id
from tests.bench.tables import tell
from tests.support.eventually import eventually
from tests.support.web import TokenOffice, post

BODY = orjson.dumps(
    {
        "unit_id": "0190a1b2-0000-7000-8000-0000000000aa",
        "title": "Giao ban quý I",
        "at": "2026-03-26T19:30:00+07:00",
        "notes": "Mang theo sổ chi đoàn; báo vắng trước một ngày.",
    }
)
CONNECTIONS = 16
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
KEY_FILE = "BENCH_KEY"


class Meeting(Document):
    unit_id: str
    title: str
    at: Any
    notes: str


class Said(Document):
    payload: bytes


class NewMeeting(BaseModel):
    unit_id: Id
    title: str
    at: Instant
    notes: str = ""


class MeetingView(BaseModel):
    id: str
    title: str


MEETINGS: Kind[Meeting] = Kind("meetings", Meeting)
SAID: Kind[Said] = Kind("said", Said)


def chain(store: Store, office: TokenOffice) -> Flask:
    """The app as services make it."""
    routes = blueprint("meetings", "/v1/meetings")

    def convene(context: Context, body: NewMeeting) -> Outcome[Meeting]:
        meeting = Meeting(id=context.new_id(), **body.model_dump())
        said = Said(id=context.new_id(), payload=meeting.model_dump_json().encode())
        return Outcome(meeting, Changes().insert(MEETINGS, meeting).insert(SAID, said))

    @routes.post("", summary="x", responses={201: MeetingView})
    def create(body: NewMeeting) -> Response:
        return run_command(
            lambda context: convene(context, body),
            lambda meeting: Reply(MeetingView(id=meeting.id, title=meeting.title), 201, version=1),
        )

    @routes.get("", summary="x", responses={200: MeetingView})
    def read() -> Response:
        return run_query(lambda _: Reply(MeetingView(id="x", title="Giao ban quý I"), version=1))

    return create_app(
        service="bench",
        title="bench",
        description="",
        store=store,
        authenticator=office.authenticator(),
        readiness=ALWAYS_READY,
        blueprints=[routes],
    )


def bare(write: Callable[[list[tuple[str, dict[str, Any]]]], None]) -> Flask:
    """Flask and pymongo, and nothing that keeps a promise."""
    app = Flask("bare")

    @app.post("/v1/meetings")
    def create() -> tuple[dict[str, Any], int]:
        body = request.get_json()
        id = new_uuid7()
        write(
            [
                ("idempotency", {"_id": request.headers["Idempotency-Key"], "body": b"x" * 60}),
                ("meetings", {"_id": id, **body}),
                ("said", {"_id": new_uuid7(), "payload": orjson.dumps(body)}),
            ]
        )
        return {"id": id, "title": body["title"]}, 201

    @app.get("/v1/meetings")
    def read() -> dict[str, Any]:
        return {"id": "x", "title": "Giao ban quý I"}

    return app


def microseconds(app: Flask, method: str, token: str, rounds: int = 3000) -> float:
    """CPU time per request, through the WSGI interface alone."""
    best = float("inf")
    for _ in range(6):
        began = time.process_time()
        for _ in range(rounds // 3):
            environ = {
                "REQUEST_METHOD": method,
                "PATH_INFO": "/v1/meetings",
                "QUERY_STRING": "",
                "SERVER_NAME": "x",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(BODY if method == "POST" else b""),
                "wsgi.errors": sys.stderr,
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(BODY) if method == "POST" else 0),
                "HTTP_AUTHORIZATION": f"Bearer {token}",
                "HTTP_IDEMPOTENCY_KEY": new_uuid7(),
            }
            b"".join(app(environ, lambda *_: None))  # type: ignore[arg-type]  # nothing is written through it
        best = min(best, (time.process_time() - began) / (rounds // 3))
    return best * 1e6


class Nowhere(MemoryStore):
    """Commits cost nothing: what is measured is the chain."""

    def commit(self, changes: Changes) -> None: ...


def in_process(office: TokenOffice, token: str) -> dict[str, dict[str, float]]:
    apps = {"bare Flask": bare(lambda _: None), "the chain": chain(Nowhere(), office)}
    return {
        name: {method: microseconds(app, method, token) for method in ("GET", "POST")} for name, app in apps.items()
    }


def serve(which: str, settings: ServiceSettings) -> None:
    """One of the two apps under gunicorn."""
    office = TokenOffice()
    office.key = orjson.loads(Path(os.environ[KEY_FILE]).read_bytes())

    def factory() -> Flask:
        database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app="bench")
        if which == "chain":
            return chain(MongoStore(database), office)

        def write(rows: list[tuple[str, dict[str, Any]]]) -> None:
            def within(session: Any) -> None:
                for name, row in rows:
                    database[name].insert_one(row, session=session)

            with database.client.start_session() as session:
                session.with_transaction(within)

        return bare(write)

    run_gunicorn("bench", factory, settings)


@contextmanager
def served(which: str, environment: dict[str, str]) -> Iterator[int]:
    import socket
    import subprocess

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "tests.bench.bench_web_overhead", "serve", which]
    with subprocess.Popen(command, env=environment | {"PORT": str(port)}, stdout=subprocess.DEVNULL) as process:

        def up() -> bool:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
                connection.request("GET", "/v1/meetings")
                return connection.getresponse().status > 0
            except OSError:
                return False

        try:
            eventually(up, within=20)
            yield port
        finally:
            process.terminate()


def load(port: int, method: str, token: str, seconds: float) -> float:
    """Requests per second of 16 connections kept alive."""
    counts, until = [0] * CONNECTIONS, time.perf_counter() + seconds

    def one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while time.perf_counter() < until:
            said = headers | {"Idempotency-Key": new_uuid7()}
            connection.request(method, "/v1/meetings", BODY if method == "POST" else None, said)
            answer = connection.getresponse()
            answer.read()
            assert answer.status < 300, answer.status
            counts[number] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def under_gunicorn(office: TokenOffice, token: str) -> None:
    from deploy.local.embedded_platform import embedded_mongod
    from deploy.local.process_family import ProcessFamily
    from deploy.local.secret_store import SecretStore

    with tempfile.TemporaryDirectory(prefix="nhipdoan-bench-") as folder:
        where = Path(folder)
        (where / "key").write_bytes(orjson.dumps(office.key))
        with ProcessFamily(where / "log") as family:
            mongod = embedded_mongod(family, where / "data", SecretStore(where / "secrets.json"))
            mongod.start()
            access = mongod.give_database("bench", "bench", "bench")
            environment = os.environ | access.environment() | {KEY_FILE: str(where / "key")}
            rates: dict[str, dict[str, list[float]]] = {name: {"GET": [], "POST": []} for name in ("bare", "chain")}
            for _ in range(3):
                for which, by_method in rates.items():
                    with served(which, dict(environment)) as port:
                        load(port, "POST", token, 1)
                        for method in ("GET", "POST"):
                            by_method[method].append(load(port, method, token, SECONDS))
    tell("under gunicorn, 16 threads and connections (requests per second, three runs)")
    for method in ("GET", "POST"):
        floor, ours = (sorted(rates[which][method]) for which in ("bare", "chain"))
        tell(
            f"  {method:5} bare {' '.join(f'{rate:6.0f}' for rate in floor)}   "
            f"chain {' '.join(f'{rate:6.0f}' for rate in ours)}   median ratio {ours[1] / floor[1]:.0%}",
        )


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], ServiceSettings())
        return
    office = TokenOffice()
    token = office.token(person="p1", grants=[post("secretary", "u1")])
    if sys.argv[1:2] != ["gunicorn"]:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            configure_logging("bench", "web")
            spent = in_process(office, token)
        tell("in process, without database (µs of CPU per request, best of six)")
        for name, by_method in spent.items():
            tell(f"  {name:11} GET {by_method['GET']:6.0f}   POST {by_method['POST']:6.0f}")
    if sys.argv[1:2] != ["process"]:
        under_gunicorn(office, token)


if __name__ == "__main__":
    main()
