"""Parameters of an address or a header: text outside, JSON values inside, by what their field declares.

Pydantic alone would read " 7", "7.0" and "1_0" as numbers, "yes" as true and "0" as the first of January 1970.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field that is read by name: `name` as it is written outside, and whether it may be repeated.

    `value` turns its text into the JSON value it stands for; text that stands for none stays as it is, and is then
    refused as a value of the wrong kind.
    """

    name: str
    many: bool
    value: Callable[[str], Any]


def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The parameters that a model declares."""
    return tuple(_parameter(field.alias or name, field.annotation) for name, field in model.model_fields.items())


def _parameter(name: str, annotation: Any) -> Parameter:
    kinds = list(_kinds(annotation))
    lists = [kind for kind in kinds if (get_origin(kind) or kind) in (list, tuple, set, frozenset)]
    inner = [each for kind in lists for part in get_args(kind) for each in _kinds(part)] if lists else kinds
    return Parameter(name, bool(lists), _reader(inner))


def _kinds(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without None and without what only decorates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    if origin is Literal:
        return [type(value) for value in get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [type(member.value) for member in annotation]
    return [] if annotation in (None, type(None), Ellipsis) else [annotation]


def _reader(kinds: list[Any]) -> Callable[[str], Any]:
    if kinds and all(kind is bool for kind in kinds):
        return lambda text: _BOOLEANS.get(text, text)
    if kinds and all(kind is int for kind in kinds):
        return lambda text: int(text) if _WHOLE.fullmatch(text) else text
    if kinds and all(kind in (int, float) for kind in kinds):
        return lambda text: float(text) if _NUMBER.fullmatch(text) else text
    return str
