"""One message to one person on one channel, and how it may go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from chassis.storage.documents import Document, Index, Kind


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class State(StrEnum):
    """The life of a delivery. Solid ground are the states without a due time."""

    QUEUED = "queued"  # waits for its time
    SENDING = "sending"  # claimed by a deliverer under a lease; the attempt is recorded
    UNKNOWN = "unknown"  # an attempt was made and nobody knows what became of it
    ASKING = "asking"  # claimed again after an attempt of unknown outcome: the gateway is asked first
    ACCEPTED = "accepted"  # the gateway or mail server took it
    DELIVERED = "delivered"  # the gateway reported that it reached the phone
    FAILED = "failed"  # it will not reach the person
    SKIPPED = "skipped"  # there was no way or no reason to send it
    STOPPED = "stopped"  # overtaken by a newer message before it was sent
    EXPIRED = "expired"  # its time ran out before it could be sent


TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.STOPPED}),
    State.SENDING: frozenset(
        {
            State.QUEUED,
            State.UNKNOWN,
            State.ASKING,
            State.ACCEPTED,
            State.FAILED,
            State.SKIPPED,
            State.STOPPED,
            State.EXPIRED,
        }
    ),
    State.UNKNOWN: frozenset({State.ASKING}),
    State.ASKING: frozenset(
        {
            State.QUEUED,
            State.UNKNOWN,
            State.ACCEPTED,
            State.DELIVERED,
            State.FAILED,
            State.SKIPPED,
            State.STOPPED,
            State.EXPIRED,
        }
    ),
    State.ACCEPTED: frozenset({State.ASKING, State.DELIVERED, State.FAILED}),
    State.FAILED: frozenset({State.DELIVERED}),  # a late receipt knows better
    State.DELIVERED: frozenset(),
    # What ended in doubt may turn out to have arrived.
    State.SKIPPED: frozenset({State.DELIVERED}),
    State.STOPPED: frozenset({State.DELIVERED}),
    State.EXPIRED: frozenset({State.DELIVERED}),
}

CLAIMED = frozenset({State.SENDING, State.ASKING})
TOLD = frozenset({State.UNKNOWN, State.ACCEPTED, State.DELIVERED})
"""The person has, or may have, read it. Of a claimed delivery nobody can say yet."""
WILL_NOT_ARRIVE = frozenset({State.FAILED, State.SKIPPED, State.EXPIRED})

LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Delivery(Document):
    """A row of the queue and of the history; it holds no address and no name, which are read when it is sent.

    due           when a deliverer should look at it: its time, the next try, or the end of a lease; None: done
    answer_until  until when a reply by SMS counts as the answer to this invitation
    unit_path     the convening unit's path and the person's branches: who may read it with `unit_and_below`
    unit_ids      the convening unit and the person's branches: who may read it with `unit` or `portfolio`
    code          what a reply must name; empty where the phone has no other open invitation
    claim         the deliverer that holds it
    in_doubt      an attempt was made and nobody knows what became of it: whatever comes after, it may have been read
    price_vnd     đồng; by the price list when sent, by the gateway's word when it reports
    """

    notice_id: str
    about: str
    person_id: str
    channel: Channel
    state: State = State.QUEUED
    reason: str | None = None
    due: datetime | None = None
    created: datetime
    answer_until: datetime | None = None
    unit_path: tuple[str, ...]
    unit_ids: tuple[str, ...]
    code: str = ""
    attempts: int = 0
    claim: str | None = None
    in_doubt: bool = False
    gateway_id: str | None = None
    parts: int | None = None
    price_vnd: int | None = None
    sent_at: datetime | None = None
    done_at: datetime | None = None


DELIVERIES: Kind[Delivery] = Kind(
    "deliveries",
    Delivery,
    (
        Index((("about", 1), ("person_id", 1), ("_id", 1))),
        Index((("person_id", 1), ("answer_until", 1))),
        Index((("channel", 1), ("due", 1), ("_id", 1)), only={"due": {"$gt": LONG_AGO}}),
    ),
)


def as_told(state: State, *, in_doubt: bool) -> State:
    """The state for whoever asks whether the person was told: doubt outlives the end of a delivery."""
    return State.UNKNOWN if in_doubt and state not in TOLD | CLAIMED else state


def delivery_id(event_id: str, person_id: str, channel: Channel) -> str:
    """The same for the same event, person and channel, always: 32 hex digits.

    It is the gateway's idempotency key (eSMS RequestId, at most 50 characters) and the local part of the Message-ID.
    """
    return blake2b(f"{event_id}\n{person_id}\n{channel.value}".encode(), digest_size=16).hexdigest()
