"""The API's peers under the same gunicorn: Flask and pymongo, and nothing that keeps a promise.

`python -m tests.bench.bare_web insert` stores the body; `transaction` writes three documents as the real one must: the
idempotency row, the meeting, the outbox row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, request
from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.context import new_uuid7
from chassis.runtime.settings import ServiceSettings
from chassis.runtime.web_server import run_gunicorn
from chassis.storage.mongo import open_database

Row = dict[str, Any]
OUTBOX_PAYLOAD = b"x" * 700
"""As long as MeetingScheduled with seven invitees."""


def bare(database: Database[Row], write: Callable[[Database[Row], Row], None]) -> Flask:
    app = Flask("bare")

    @app.post("/v1/meetings")
    @app.post("/v1/briefings")
    def convene() -> tuple[Row, int]:
        id = new_uuid7()
        write(database, {"_id": id, **request.get_json()})
        return {"id": id}, 201

    @app.get("/v1/meetings")
    def listed() -> Row:
        where = {"unit_id": request.args["unit_id"]}
        return {"items": list(database["meetings"].find(where).sort("starts_at", -1).limit(20))}

    @app.get("/v1/meetings/<id>")
    def read(id: str) -> Row:
        return database["meetings"].find_one({"_id": id}) or {}

    @app.get("/livez")
    def live() -> Row:
        return {}

    return app


def insert(database: Database[Row], row: Row) -> None:
    database["meetings"].insert_one(row)


def transaction(database: Database[Row], row: Row) -> None:
    key = request.headers["Idempotency-Key"]
    outbox = {"_id": new_uuid7(), "aggregateid": row["_id"], "payload": OUTBOX_PAYLOAD, "state": "pending"}
    answer = {"_id": key, "body": orjson.dumps(row), "status": 201, "at": datetime.now(UTC)}

    def work(session: ClientSession) -> None:
        database["idempotency"].insert_one(answer, session=session)
        database["meetings"].insert_one(row, session=session)
        database["outbox"].insert_one(outbox, session=session)

    with database.client.start_session() as session:
        session.with_transaction(work)


def main() -> None:
    settings = ServiceSettings()
    write = {"insert": insert, "transaction": transaction}[sys.argv[1]]

    def factory() -> Flask:
        database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app="bare")
        database["meetings"].create_index([("unit_id", 1), ("starts_at", -1)])
        for name in ("idempotency", "outbox"):
            database[name].create_index([("at", 1)])
        return bare(database, write)

    run_gunicorn("bare", factory, settings)


if __name__ == "__main__":
    main()
