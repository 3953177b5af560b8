"""What goes wrong at the sinks, on demand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Rate = Field(default=0.0, ge=0.0, le=1.0)


class Faults(BaseModel):
    """Set with POST /api/faults (what is left out goes back to its default) or, at the start, as JSON in
    SMS_SINK_FAULTS. Rates are shares of requests, 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_ms: int = Field(default=0, ge=0)
    """Before every answer."""
    error_rate: float = Rate
    """HTTP 500, nothing accepted."""
    too_many_rate: float = Rate
    """HTTP 429 with Retry-After, nothing accepted."""
    retry_after_seconds: int = Field(default=1, ge=0)
    lost_answer_rate: float = Rate
    """Accepted, but the connection is closed without an answer after `lost_answer_seconds`."""
    lost_answer_seconds: float = Field(default=0.0, ge=0)
    strange_answer_rate: float = Rate
    """HTTP 200 with something that is no answer, nothing accepted."""
    double_answer_rate: float = Rate
    """The same answer comes twice on the connection, the second one unasked."""
    delivery_ms: int = Field(default=800, ge=0)
    """From acceptance to the phone."""
    delivery_spread_ms: int = Field(default=0, ge=0)
    """At most so much longer, each message by chance: receipts then come in another order than the messages went."""
    double_receipt_rate: float = Rate
    """The receipt comes twice."""
    no_receipt_rate: float = Rate
    """The receipt never comes; the state can still be asked for."""
    undelivered_rate: float = Rate
    """The receipt says SendFailed=1."""
    receipt_pause_ms: int = Field(default=1000, ge=0)
    """Before the second try of a receipt or reply; doubled for each further one, five tries in all."""
    has_balance: bool = True
    """Without it every send is refused with 103."""
    templates: list[str] = []
    """Regular expressions of the registered texts; where there are any, another text is refused with 146."""

    mail_hangup_rate: float = Rate
    """The mail server keeps the mail and hangs up instead of saying so."""

    @property
    def disturb_answers(self) -> bool:
        rates = (self.error_rate, self.too_many_rate, self.lost_answer_rate, self.strange_answer_rate)
        return bool(self.latency_ms or any(rates) or self.double_answer_rate)
