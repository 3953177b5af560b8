"""The kinds that messaging keeps in a service's database; `migrate` makes them with the service's own."""

from __future__ import annotations

from typing import Any

from chassis.messaging.dead_letters import DEAD_LETTERS
from chassis.messaging.inbox import INBOX
from chassis.messaging.lease import LEASES
from chassis.messaging.outbox import OUTBOX
from chassis.messaging.parked import PARKED
from chassis.messaging.progress import CONSUMER_PROGRESS
from chassis.storage.documents import Kind

MESSAGING_KINDS: tuple[Kind[Any], ...] = (OUTBOX, INBOX, PARKED, DEAD_LETTERS, CONSUMER_PROGRESS, LEASES)
