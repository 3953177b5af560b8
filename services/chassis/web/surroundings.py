"""What the chassis knows while it serves a request: the service's parts, who calls, and the chain it belongs to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app, g, request

from chassis.context import Context, new_uuid7, utc_now
from chassis.messaging.envelope import Cause, NewId
from chassis.permissions import Principal
from chassis.randomness import random_bytes
from chassis.storage.store import Store

EXTENSION = "chassis"
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an app was made of; the same for all its requests."""

    service: str
    store: Store
    now: Callable[[], datetime] = utc_now
    new_id: NewId = new_uuid7


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One request's parts, caller and cause."""

    parts: Parts
    principal: Principal | None
    cause: Cause

    @property
    def store(self) -> Store:
        return self.parts.store

    def context(self) -> Context:
        """What a use case is told of the world, with the time as it is now."""
        return Context(self.parts.now(), self.cause, self.principal, self.parts.new_id)


def parts() -> Parts:
    """Of the app that serves."""
    return cast(Parts, current_app.extensions[EXTENSION])


def surroundings() -> Surroundings:
    """Of the request that is being served."""
    return Surroundings(parts(), g.get("principal"), cause())


def request_context() -> Context:
    """The use case's surroundings for this request, with the time as it is now."""
    return surroundings().context()


def cause() -> Cause:
    """The chain this request belongs to: from X-Correlation-Id (a UUID) and traceparent (W3C), else newly begun."""
    try:
        return cast(Cause, g.cause)
    except AttributeError:
        environ = request.environ
        g.cause = begun = Cause(
            correlation_id=_correlation_id(environ.get("HTTP_X_CORRELATION_ID")),
            traceparent=_traceparent(environ.get("HTTP_TRACEPARENT")),
        )
        return begun


def _correlation_id(given: str | None) -> str:
    try:
        return str(uuid.UUID(given)) if given else new_uuid7()
    except ValueError:
        return new_uuid7()


def _traceparent(given: str | None) -> str:
    """The trace that the caller is in, with a span of our own; a new, sampled trace when there is none."""
    span = random_bytes(8).hex()
    if given and _TRACEPARENT.fullmatch(given):
        version, trace, _, flags = given.split("-")
        return f"{version}-{trace}-{span}-{flags}"
    return f"00-{random_bytes(16).hex()}-{span}-01"
