"""From a service's handlers to what is done with one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chassis.failures import Malformed, UnknownType
from chassis.messaging.cloudevents import Record, read
from chassis.messaging.envelope import Incoming
from chassis.messaging.handlers import Handler, Projection, Reaction


@dataclass(slots=True)
class Route:
    """All that a service does with one type of record."""

    model: type[Any]
    projections: list[Projection[Any, Any]] = field(default_factory=list)
    reactions: list[Reaction[Any]] = field(default_factory=list)


class Arrival(NamedTuple):
    """A record that was understood. `value` None is a tombstone."""

    record: Record
    incoming: Incoming
    route: Route
    value: Any

    @property
    def reacts(self) -> bool:
        return bool(self.route.reactions) and self.value is not None


class Routes:
    """The handlers by the type they handle."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        self._by_type: dict[str, Route] = {}
        for handler in handlers:
            model = handler.state if isinstance(handler, Projection) else handler.event
            route = self._by_type.setdefault(model.TYPE, Route(model))
            if isinstance(handler, Projection):
                route.projections.append(handler)
            else:
                route.reactions.append(handler)

    @property
    def topics(self) -> frozenset[str]:
        """What a consumer must subscribe to."""
        return frozenset(str(route.model.TOPIC) for route in self._by_type.values())

    def arrival(self, record: Record) -> Arrival:
        """Understand a record. Raises UnknownType or Malformed, neither quoting what it read."""
        incoming = read(record)
        route = self._by_type.get(incoming.type)
        if route is None:
            raise UnknownType(incoming.type)
        if incoming.payload is None:
            return Arrival(record, incoming, route, None)
        try:
            value = route.model.from_bytes(incoming.payload)
        except ValueError as error:
            raise Malformed(f"the payload is no {route.model.__name__}: {_where(error)}") from None
        return Arrival(record, incoming, route, value)


def _where(error: ValueError) -> str:
    """Which fields are wrong and how, never what stood in them."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return type(error).__name__
    found = errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'all of it'}: {one['type']}" for one in found[:5])
