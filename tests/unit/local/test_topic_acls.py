"""Access control follows from the list of topics."""

from __future__ import annotations

from deploy.local.access import SERVICES
from deploy.local.access_control import Grant, Operation, Resource, TopicAccess, topic_acls, topics_of

CONTACTS = TopicAccess("members.contacts.v1", "members", ("notifications",))


def may(grants: list[Grant], user: str, operation: Operation, name: str) -> bool:
    return any((one.user, one.operation, one.name) == (user, operation, name) for one in grants)


def test_only_the_owner_may_write() -> None:
    grants = topic_acls([CONTACTS])
    writers = {one.user for one in grants if one.operation is Operation.WRITE}
    assert writers == {"members"}


def test_only_named_readers_may_read() -> None:
    grants = topic_acls([CONTACTS])
    assert may(grants, "notifications", Operation.READ, CONTACTS.name)
    assert not may(grants, "scheduling", Operation.READ, CONTACTS.name)
    assert not may(grants, "members", Operation.READ, CONTACTS.name)


def test_each_service_has_the_group_of_its_own_name_and_no_other() -> None:
    groups = [one for one in topic_acls([], prefix="t1.") if one.resource is Resource.GROUP]
    assert {(one.user, one.name) for one in groups} == {(service, f"t1.{service}") for service in SERVICES}


def test_a_prefix_stands_before_every_name() -> None:
    assert all(one.name.startswith("t1.") for one in topic_acls(topics_of(), prefix="t1."))


def test_every_listed_topic_has_its_owner_among_the_services() -> None:
    assert {topic.owner for topic in topics_of()} <= set(SERVICES)
    assert all(set(topic.readers) <= set(SERVICES) for topic in topics_of())
