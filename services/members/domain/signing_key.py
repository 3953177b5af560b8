"""Keys that sign tokens: they follow one another with an overlap, so that a token never meets an unknown key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from chassis.storage.documents import Document

SIGNS_FOR = timedelta(days=30)
MADE_AHEAD = timedelta(days=2)
"""A new key is published this long before it signs: every service has it by then."""
VERIFIES_AFTER = timedelta(hours=1)
"""Longer than a token lives."""


class SigningKey(Document):
    """A key pair. `sealed` is the private JWK, encrypted; `public` verifies until `expires`."""

    public: dict[str, Any]
    sealed: str
    signs_from: datetime
    signs_until: datetime
    not_before: datetime
    expires: datetime


def key_that_signs(keys: Iterable[SigningKey], now: datetime) -> SigningKey | None:
    """The newest key whose time to sign has come."""
    usable = [key for key in keys if key.signs_from <= now < key.signs_until]
    return max(usable, key=lambda key: (key.signs_from, key.id), default=None)


def next_span(keys: Iterable[SigningKey], now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when the next key is to sign; None while one is ready for long enough."""
    last = max((key.signs_until for key in keys), default=now)
    if last > now + MADE_AHEAD:
        return None
    starts = max(last, now)
    return starts, starts + SIGNS_FOR
