"""Kafka's access control, derived from the list of topics.

Only a topic's owner may write it, only its named readers may read it, each under the consumer group
that bears its own name. The user `admin`, who makes the topics, stands above this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from deploy.local.access import SERVICES, KafkaAccess

if TYPE_CHECKING:
    from kafka.admin import ACL, KafkaAdminClient

TOPIC_LIST = Path(__file__).parents[2] / "services" / "contracts" / "topics.yaml"


class Operation(StrEnum):
    READ = "READ"
    WRITE = "WRITE"
    DESCRIBE = "DESCRIBE"


class Resource(StrEnum):
    TOPIC = "TOPIC"
    GROUP = "GROUP"


@dataclass(frozen=True)
class TopicAccess:
    """Who writes and who reads one topic."""

    name: str
    owner: str
    readers: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Grant:
    """`user` may do `operation` on the `resource` that bears exactly this `name`."""

    user: str
    operation: Operation
    resource: Resource
    name: str


def topics_of(topic_list: Path = TOPIC_LIST) -> list[TopicAccess]:
    """Owners and readers as contracts/topics.yaml states them."""
    declared = yaml.safe_load(topic_list.read_text(encoding="utf-8"))["topics"]
    return [TopicAccess(name, topic["owner"], tuple(topic["readers"])) for name, topic in declared.items()]


def topic_acls(topics: Iterable[TopicAccess], prefix: str = "", services: Sequence[str] = SERVICES) -> list[Grant]:
    """All that the services may do, and nothing else. `prefix` stands before topic and group names.

    The right to write idempotently comes with the right to write any topic (Kafka ≥ 2.8)."""
    grants = [Grant(service, Operation.READ, Resource.GROUP, prefix + service) for service in services]
    for topic in topics:
        name = prefix + topic.name
        grants.append(Grant(topic.owner, Operation.WRITE, Resource.TOPIC, name))
        grants += [Grant(reader, Operation.READ, Resource.TOPIC, name) for reader in topic.readers]
        grants += [Grant(user, Operation.DESCRIBE, Resource.TOPIC, name) for user in {topic.owner, *topic.readers}]
    return sorted(set(grants))


def grant(access: KafkaAccess, grants: Iterable[Grant]) -> None:
    """Adds grants; those that are there already stay. `access` is the admin's."""
    with _admin_client(access) as admin:
        _create(admin, grants)


def revoke(access: KafkaAccess, grants: Iterable[Grant]) -> None:
    """Takes grants back; those that are not there are no error."""
    with _admin_client(access) as admin:
        _delete(admin, grants)


def grant_exactly(access: KafkaAccess, grants: Iterable[Grant]) -> None:
    """Makes these the broker's only grants: what an older list of topics had allowed goes."""
    wanted = set(grants)
    with _admin_client(access) as admin:
        present = _present(admin)
        _create(admin, wanted - present)
        _delete(admin, present - wanted)


def present_grants(access: KafkaAccess) -> set[Grant]:
    """All grants that the broker holds."""
    with _admin_client(access) as admin:
        return _present(admin)


def _admin_client(access: KafkaAccess) -> KafkaAdminClient:
    from kafka import KafkaAdminClient

    return KafkaAdminClient(client_id="access-control", **access.client_settings())


def _create(admin: KafkaAdminClient, grants: Iterable[Grant]) -> None:
    acls = [_acl(grant) for grant in grants]
    if acls:
        failed = admin.create_acls(acls)["failed"]
        if failed:
            raise RuntimeError(f"Kafka refused {len(failed)} of {len(acls)} grants: {failed[0].__name__}")


def _delete(admin: KafkaAdminClient, grants: Iterable[Grant]) -> None:
    acls = [_acl(grant) for grant in grants]
    if acls:
        admin.delete_acls(acls)  # an ACL is also a filter that matches itself


def _present(admin: KafkaAdminClient) -> set[Grant]:
    from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ResourcePatternFilter, ResourceType
    from kafka.admin import ACLResourcePatternType as PatternType

    everything = ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, PatternType.ANY),
    )
    acls, _ = admin.describe_acls(everything)
    return {
        Grant(
            user=acl.principal.removeprefix("User:"),
            operation=Operation(acl.operation.name),
            resource=Resource(acl.resource_pattern.resource_type.name),
            name=acl.resource_pattern.resource_name,
        )
        for acl in acls
    }


def _acl(grant: Grant) -> ACL:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

    return ACL(
        principal=f"User:{grant.user}",
        host="*",
        operation=ACLOperation[grant.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[grant.resource], grant.name),
    )
