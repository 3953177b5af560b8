"""What every route here uses: the store, what issues tokens and opens workbooks, kinds of fields, example ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, cast

from flask import current_app
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from chassis.context import Context
from chassis.storage.store import Store
from chassis.web.access_log import record_access
from chassis.web.languages import chosen_language
from chassis.web.rate_limits import RateLimit
from chassis.web.surroundings import surroundings
from members.application.authority import is_oneself
from members.application.issue_token import Issuer
from members.application.ports import Passwords, Reports, Workbooks
from members.domain.person import Person

EXTENSION = "members"
"""Where the app keeps its `Outside` among its extensions."""

CITY = "0190a1b2-0000-7000-8000-000000000001"
COMMUNE = "0190a1b2-0000-7000-8000-000000000010"
BRANCH = "0190a1b2-0000-7000-8000-000000000021"
CLUSTER = "0190a1b2-0000-7000-8000-000000000005"
PERSON = "0190a1b2-0000-7000-8000-000000000101"
IMPORT = "0190a1b2-0000-7000-8000-000000000201"
POST = "0190a1b2-0000-7000-8000-000000000301"
PORTFOLIO = "0190a1b2-0000-7000-8000-000000000401"
ACCOUNT = "0190a1b2-0000-7000-8000-000000000501"
CLIENT = "0190a1b2-0000-7000-8000-000000000601"
"""Ids in the examples of the API's page."""

Line = Annotated[str, Field(min_length=1, max_length=200)]
"""A name or another short text."""
Decision = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Number and date of the decision",
        examples=["112-QĐ/TĐTN ngày 28/6/2025"],
    ),
]
Password = Annotated[str, Field(min_length=1, max_length=128, description="8 to 128 characters")]
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_day(value: Any) -> Any:
    # Pydantic would also take "0" (a second count) and instants at midnight.
    if not isinstance(value, str):
        return value
    try:
        if _ISO_DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_parsing", "not a day as RFC 3339 writes it")


Day = Annotated[date, BeforeValidator(_read_day), Field(examples=["2026-03-26"])]
"""A calendar day, written like 2026-03-26."""


class Body(BaseModel):
    """What a request says; a field that is not known is a slip and refused."""

    model_config = ConfigDict(extra="forbid")


class NoBody(Body):
    """A command that needs no words."""


@dataclass(frozen=True)
class Outside:
    """What the app was given besides the store. `by_name` and `by_address` bound signing in."""

    issuer: Issuer
    workbooks: Workbooks
    reports: Reports
    by_name: RateLimit
    by_address: RateLimit

    @property
    def passwords(self) -> Passwords:
        return self.issuer.passwords


def outside() -> Outside:
    return cast(Outside, current_app.extensions[EXTENSION])


def store() -> Store:
    return surroundings().store


def said(vi: str, en: str) -> str:
    """A sentence in the language that the caller prefers."""
    return vi if chosen_language() == "vi" else en


def note_access(context: Context, verb: str, people: Sequence[Person]) -> None:
    """Write down whose personal data is about to be shown, under the unit that all of them stand under.

    Reading about oneself is nobody's business.
    """
    others = [person for person in people if not is_oneself(context, person.id)]
    if others:
        path = common_path(person.unit_path for person in others)
        unit = path[-1] if path else others[0].unit_path[0] if others[0].unit_path else others[0].id
        record_access(context, verb, unit, [person.id for person in others], unit_path=path or (unit,))


def common_path(paths: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The beginning that all paths share."""
    listed = list(paths)
    shared: list[str] = []
    for steps in zip(*listed, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return tuple(shared)
