"""What members does with the records it reads: the service's table of contents on the consuming side."""

from __future__ import annotations

from chassis.messaging.handlers import Handler, Reaction
from contracts.notifications_events import OptedOut
from members.application.record_refusal import record_refusal

HANDLERS: tuple[Handler, ...] = (
    # Who refuses a channel by answering an SMS or by a link in an e-mail has refused it for the whole system.
    Reaction(OptedOut, record_refusal),
)
