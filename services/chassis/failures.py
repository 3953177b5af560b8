"""What can go wrong, named for what must be done about it.

The first four decide what a consumer does with a record; the rest what a caller is told.
"""

from __future__ import annotations

from typing import Literal


class Unavailable(Exception):
    """Mongo, Kafka or a gateway does not answer now: back off and try again, never skip, never dead-letter."""


class Malformed(Exception):
    """Bytes that no retry will make readable: dead-letter at once."""


class UnknownType(Exception):
    """A type or version this consumer was not written for: count it and ignore it."""


class Unready(Exception):
    """Data that this record refers to has not come yet: park it as a work row until it comes.

    ``waits_for`` names what is missing as ``kind:id``, e.g. ``people:0190…``; it is what an operator sees.
    """

    def __init__(self, waits_for: str) -> None:
        super().__init__(f"waits for {waits_for}")
        self.waits_for = waits_for


class VersionConflict(Exception):
    """Another writer changed the document since it was read: read it again and decide again."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} {id} was changed by another writer")
        self.kind, self.id = kind, id


class AlreadyExists(Exception):
    """A document with this id, or this value of a unique index, is there already."""

    def __init__(self, kind: str, id: str = "") -> None:
        super().__init__(f"{kind} {id} exists already".replace("  ", " "))
        self.kind, self.id = kind, id


class Refusal(Exception):
    """A rule says no. It reaches the caller as problem+json; ``code`` is stable and part of the API.

    vi / en     one sentence each for the person who must act: what was wrong, where, what to do
    because     ``invalid`` 422, ``conflict`` 409, ``missing`` 404, ``forbidden`` 403
    pointer     JSON pointer of the offending field, e.g. ``/starts_at``
    """

    def __init__(
        self,
        code: str,
        *,
        vi: str,
        en: str,
        because: Literal["invalid", "conflict", "missing", "forbidden"] = "invalid",
        pointer: str | None = None,
    ) -> None:
        super().__init__(en)
        self.code, self.vi, self.en, self.because, self.pointer = code, vi, en, because, pointer


def missing(what_vi: str, what_en: str) -> Refusal:
    """The answer for what does not exist and for what one may not see: the same 404, so that neither is told."""
    return Refusal("not-found", vi=f"Không tìm thấy {what_vi}.", en=f"No such {what_en}.", because="missing")
