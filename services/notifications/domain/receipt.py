"""A gateway's word on what became of a message it had accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """`price_vnd`: đồng, as charged."""

    delivery_id: str
    arrived: bool
    gateway_id: str | None = None
    price_vnd: int | None = None
