"""What a gateway or mail server can answer, as a deliverer understands it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken over; not yet delivered. `gateway_id` is the other side's name for it."""

    gateway_id: str | None = None


@dataclass(frozen=True, slots=True)
class Temporary:
    """Not now. Certain not to have been sent. `asked`: seconds to wait at least (Retry-After)."""

    reason: str
    asked: float | None = None
    counts: bool = True
    """False: the other side was not reached or has no working account, which is no fault of this message."""


@dataclass(frozen=True, slots=True)
class Permanent:
    """Never, for this message."""

    reason: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may or may not have been taken: the answer did not come."""

    reason: str = "no_answer"


@dataclass(frozen=True, slots=True)
class Arrived:
    """The gateway says that it reached the phone."""

    gateway_id: str | None = None
    price_vnd: int | None = None


@dataclass(frozen=True, slots=True)
class NeverSeen:
    """The gateway, asked, does not know this message: it was not taken."""


Answer = Accepted | Temporary | Permanent | InDoubt
Standing = Accepted | Arrived | Permanent | NeverSeen | InDoubt
"""What the gateway answers when asked about an earlier attempt."""
