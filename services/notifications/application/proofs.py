"""Addresses that only we can have made: they let a gateway or a recipient in without an account."""

from __future__ import annotations

import hmac

_SIGNED = 32


class Proofs:
    """Signs delivery ids with a key of the installation. `purpose` keeps one kind of address from opening another."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = hmac.digest(secret.encode(), f"nhipdoan {purpose}".encode(), "sha256")

    def of(self, delivery_id: str) -> str:
        """The last part of an address: the id and its signature, 64 hex digits."""
        return delivery_id + self._signature(delivery_id)

    def delivery(self, proof: str) -> str | None:
        """The delivery's id, if the proof is ours."""
        id, signature = proof[:-_SIGNED], proof[-_SIGNED:]
        return id if id and hmac.compare_digest(signature, self._signature(id)) else None

    def _signature(self, delivery_id: str) -> str:
        return hmac.digest(self._key, delivery_id.encode(), "sha256").hex()[:_SIGNED]
