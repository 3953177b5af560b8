"""Blueprints whose routes are read, refused and documented the same way everywhere.

    routes = blueprint("meetings", "/v1/meetings")

    @routes.get("/<id>", summary="Một cuộc họp", responses={200: MeetingView})
    @example(response=MEETING)
    def read(path: IdPath) -> Response: ...

Parameter names say where a value comes from: `path`, `query`, `header`, `body` (JSON), `form` (uploads), `raw`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ParametersTuple
from pydantic import BaseModel

from chassis.web.requests import Declared, declared_by

F = TypeVar("F", bound=Callable[..., Any])
Responses = Mapping[int | str, type[BaseModel] | dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Example:
    """One call as it may look: JSON values (or models) of the request body and of the successful answer."""

    name: str
    request: Any = None
    response: Any = None


@dataclass(frozen=True, slots=True)
class Route:
    """One operation as it was declared."""

    rule: str
    method: str
    function: Callable[..., Any]
    declared: Declared
    responses: Responses
    details: Mapping[str, Any] = field(default_factory=dict)


def example(*, request: Any = None, response: Any = None, name: str = "example") -> Callable[[F], F]:
    """Show a call in the API's page. Stands below the route's decorator; may stand several times with other names.

    `request` and `response` are JSON values or pydantic models; a test checks them against the schemas.
    """

    def attach(view: F) -> F:
        shown: list[Example] = getattr(view, "examples", [])
        view.examples = [Example(name, _json(request), _json(response)), *shown]  # type: ignore[attr-defined]  # read by the document
        return view

    return attach


def accepts_up_to(size: int) -> Callable[[F], F]:
    """Let this route's body be larger than the usual limit: `size` bytes. Stands below the route's decorator."""

    def attach(view: F) -> F:
        view.body_limit = size  # type: ignore[attr-defined]  # read by the app for each route
        return view

    return attach


class Routes(APIBlueprint):
    """A blueprint that remembers how its routes were declared, for reading requests and for the document."""

    def __init__(self, name: str, prefix: str, *, tag: str | None, about: str | None) -> None:
        super().__init__(
            name,
            __name__,
            url_prefix=prefix,
            abp_tags=[Tag(name=tag or name, description=about)] if tag or name else [],
        )
        self.declared: list[Route] = []

    def _collect_openapi_info(self, rule: str, func: Callable[..., Any], **details: Any) -> ParametersTuple:
        route = Route(
            rule=(self.url_prefix or "") + rule,
            method=str(details.pop("method", "GET")),
            function=func,
            declared=declared_by(func),
            responses=details.pop("responses", None) or {},
            details=details,
        )
        self.declared.append(route)
        return None, None, None, None, None, None, None

    @staticmethod
    def create_view_func(func: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Response]:
        """The view: reads the request once, with what was prepared once."""
        declared = declared_by(func)

        @wraps(func)
        def view(**path_values: Any) -> Response:
            response: Response = func(**declared.read(path_values))
            return response

        func.view = view  # type: ignore[attr-defined]  # `public` uses it to see that it stands in the wrong place
        return view


def blueprint(name: str, prefix: str, *, tag: str | None = None, about: str | None = None) -> Routes:
    """A blueprint for the routes under `prefix` (like `/v1/meetings`), shown under `tag` in the API's page."""
    return Routes(name, prefix, tag=tag, about=about)


def _json(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
