"""Identifiers as they stand in addresses and bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[
    str,
    Field(
        pattern=UUID_PATTERN,
        min_length=36,
        max_length=36,
        examples=["0190a1b2-0000-7000-8000-000000000001"],
        description="A UUID in lower case; new ones are of version 7",
    ),
]
"""The id of a thing. Anything else in a path is answered 404: nothing has such an id."""


class IdPath(BaseModel):
    """The path parameter of `/v1/things/<id>`."""

    id: Id
