"""People as the services' read models and members' register store them: copies of one document that a service made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from chassis.storage.bson_form import to_bson
from notifications.application.read_models import as_contact
from notifications.domain.sms_text import without_accents
from scheduling.application.read_models import as_person
from tests.bench.district import (
    branch_of,
    contact_states,
    name_of,
    person_id,
    person_states,
    phone_of,
)

NAMES = 728
"""How many different names `name_of` gives, over and over."""
_BATCH = 5_000


def people_seen(people: range, communes: int) -> Iterator[dict[str, Any]]:
    """As scheduling has them."""
    (state,) = person_states(1, communes)
    model = to_bson(as_person(state))
    (membership,) = model["memberships"]
    keys = [(name, " ".join(reversed(name.lower().split()))) for name in map(name_of, range(NAMES))]
    for number in people:
        name, key = keys[number % NAMES]
        belongs = [{**membership, "unit_id": branch_of(number, communes)}]
        yield {**model, "_id": person_id(number), "full_name": name, "sort_key": key, "memberships": belongs}


def contacts_seen(people: range, communes: int) -> Iterator[dict[str, Any]]:
    """As notifications has them."""
    (state,) = contact_states(1, communes)
    model = to_bson(as_contact(state))
    names = [(name, without_accents(name)) for name in map(name_of, range(NAMES))]
    for number in people:
        name, plain = names[number % NAMES]
        yield {
            **model,
            "_id": person_id(number),
            "full_name": name,
            "plain_name": plain,
            "sms": phone_of(number),
            "unit_ids": [branch_of(number, communes)],
        }


def insert_all(database: Database[dict[str, Any]], name: str, rows: Iterable[dict[str, Any]]) -> None:
    """Past every service, in large batches and without waiting for the journal."""
    collection, rows = database.get_collection(name, write_concern=WriteConcern(1)), iter(rows)
    while batch := list(islice(rows, _BATCH)):
        collection.insert_many(batch, ordered=False)
