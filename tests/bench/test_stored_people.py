"""What a benchmark stores or tells past the services is what they would have stored and told."""

from __future__ import annotations

from chassis.storage.bson_form import to_bson
from notifications.application.read_models import as_contact
from scheduling.application.read_models import as_person
from tests.bench.district import contact_states, person_states
from tests.bench.stored_people import contacts_seen, people_seen
from tests.bench.telling import told_contact, told_person

PEOPLE, COMMUNES = 1_500, 94


def test_copies_in_read_models_are_what_the_consumers_write() -> None:
    people, contacts = person_states(PEOPLE, COMMUNES), contact_states(PEOPLE, COMMUNES)
    assert list(people_seen(range(PEOPLE), COMMUNES)) == [to_bson(as_person(state)) for state in people]
    assert list(contacts_seen(range(PEOPLE), COMMUNES)) == [to_bson(as_contact(state)) for state in contacts]


def test_payloads_are_what_the_models_write() -> None:
    person, contact = told_person(COMMUNES), told_contact(COMMUNES)
    assert [person(number) for number in range(PEOPLE)] == [one.to_bytes() for one in person_states(PEOPLE, COMMUNES)]
    assert [contact(number) for number in range(PEOPLE)] == [one.to_bytes() for one in contact_states(PEOPLE, COMMUNES)]
