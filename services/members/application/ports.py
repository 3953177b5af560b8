"""What the use cases need of the outside; adapters give it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.web.token_claims import TokenClaims
from members.domain.import_columns import Line


@dataclass(frozen=True)
class Sheet:
    """One visible sheet of a workbook: its lines from the first row on, without blank ones at the end."""

    title: str
    lines: list[Line]


class Workbooks(Protocol):
    """Opens uploads."""

    def __call__(self, content: bytes) -> list[Sheet]:
        """The sheets. Raises Refusal on what is not a plain, whole workbook within the limits."""


class Reports(Protocol):
    """Writes tables for officers."""

    def __call__(self, title: str, table: Iterable[Sequence[str | int | float | None]]) -> bytes:
        """A workbook whose first line is a heading."""


class Passwords(Protocol):
    """Keeps passwords as hashes."""

    def hashed(self, password: str) -> str:
        """Slow on purpose."""

    def match(self, password: str, stored: str | None) -> bool:
        """Whether the password is the one. As slow when `stored` is None, so that time does not tell who exists."""


class KeySafe(Protocol):
    """Makes signing keys, keeps their private part sealed, and signs with them."""

    def new_key(self, key_id: str) -> tuple[dict[str, Any], str]:
        """The public JWK and the sealed private one."""

    def sign(self, claims: TokenClaims, sealed: str) -> str:
        """The signed token. Raises ValueError when the seal does not open with this deployment's secret."""
