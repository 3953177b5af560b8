"""Reads a request into the models that a route's function declares: path, query, header, body, form, raw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

import orjson
from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import Headers, MultiDict

from chassis.web.json_bodies import clean_text, escaped, is_fine, load_json
from chassis.web.languages import Sentence
from chassis.web.parameters import Parameter, parameters_of
from chassis.web.problems import FieldError, ProblemRaised
from chassis.web.validation_messages import field_errors

M = TypeVar("M", bound=BaseModel)

PLACES = ("header", "path", "query", "form", "body", "raw")


@dataclass(frozen=True, slots=True)
class Declared:
    """The models that a route's function declares, prepared once."""

    models: Mapping[str, type[BaseModel]]
    parameters: Mapping[str, tuple[Parameter, ...]]

    def read(self, path_values: dict[str, Any]) -> dict[str, Any]:
        """The function's arguments. Raises ProblemRaised 400, 404 (path), 415 or 422."""
        arguments: dict[str, Any] = {}
        rest = dict(path_values)
        for place, model in self.models.items():
            if place == "path":
                arguments[place] = _path(model, rest)
            elif place == "raw":
                arguments[place] = request
            elif place == "body":
                arguments[place] = _body(model)
            elif place == "form":
                arguments[place] = _form(model, self.parameters[place])
            else:
                given: MultiDict[str, str] | Headers = request.args if place == "query" else request.headers
                arguments[place] = _named(model, self.parameters[place], given, place)
        return arguments | rest


def declared_by(function: Callable[..., Any]) -> Declared:
    """What the annotations of a route's function declare."""
    hints = get_type_hints(function)
    models = {place: hints[place] for place in PLACES if place in hints}
    by_name: dict[str, tuple[Parameter, ...]] = {
        place: parameters_of(models[place]) for place in ("header", "query", "form") if place in models
    }
    return Declared(models, by_name)


def _path(model: type[M], values: dict[str, Any]) -> M:
    given = {name: values.pop(name) for name in list(values) if name in model.model_fields}
    try:
        return model.model_validate({name: clean_text(value, f"/path/{name}") for name, value in given.items()})
    except (ValidationError, ProblemRaised) as error:
        raise ProblemRaised(
            404, "not-found", vi="Không có gì ở địa chỉ này.", en="There is nothing at this address."
        ) from error


def _named(model: type[M], parameters: tuple[Parameter, ...], given: MultiDict[str, str] | Headers, place: str) -> M:
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name.replace("_", "-") if place == "header" else parameter.name
        written = [clean_text(value, f"/{place}/{parameter.name}") for value in given.getlist(name)]
        if not written:
            continue
        if not parameter.many and len(written) > 1:
            raise invalid([FieldError(f"/{place}/{parameter.name}", "repeated", _ONCE)])
        read = [parameter.value(value) for value in written]
        values[parameter.name] = read if parameter.many else read[0]
    if place == "query" and model.model_config.get("extra") != "ignore":
        _no_others(parameters, given)
    return _strictly(model, orjson.dumps(values), f"/{place}")


def _no_others(parameters: tuple[Parameter, ...], given: MultiDict[str, str] | Headers) -> None:
    """A parameter that a list does not have is a misspelt one: ignoring it would show the wrong list.

    Where an outside system decides what it sends, the model says so with `extra="ignore"`.
    """
    known = {parameter.name for parameter in parameters}
    unknown = [name for name in given.keys() if name not in known]  # noqa: SIM118  # Headers iterate over pairs
    if unknown:
        raise invalid([FieldError(f"/query/{escaped(name)}", "extra-forbidden", _UNKNOWN) for name in unknown])


def _body(model: type[M]) -> M:
    if not request.is_json:
        raise ProblemRaised(
            415,
            "unsupported-media-type",
            vi="Nội dung phải là JSON (Content-Type: application/json).",
            en="The body must be JSON (Content-Type: application/json).",
        )
    raw = request.get_data(cache=True)
    return _strictly(model, raw if is_fine(raw) else orjson.dumps(load_json(raw)), "")


def _strictly(model: type[M], value: bytes, within: str) -> M:
    try:
        # Strict: in JSON a number is not a text and a text is no number; dates and enums are read from text.
        return model.model_validate_json(value, strict=True)
    except ValidationError as error:
        raise invalid(field_errors(error, within)) from error


def _form(model: type[M], parameters: tuple[Parameter, ...]) -> M:
    if request.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise ProblemRaised(
            415,
            "unsupported-media-type",
            vi="Nội dung phải là biểu mẫu (multipart/form-data).",
            en="The body must be a form (multipart/form-data).",
        )
    values: dict[str, Any] = {}
    for parameter in parameters:
        given: list[Any] = list(request.files.getlist(parameter.name))
        given += [clean_text(value, f"/{parameter.name}") for value in request.form.getlist(parameter.name)]
        if not given:
            continue
        if not parameter.many and len(given) > 1:
            raise invalid([FieldError(f"/{parameter.name}", "repeated", _ONCE)])
        values[parameter.name] = given if parameter.many else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(field_errors(error)) from error


def invalid(errors: tuple[FieldError, ...] | list[FieldError]) -> ProblemRaised:
    """422 with every field that is not right."""
    count = len(errors)
    return ProblemRaised(
        422,
        "invalid",
        vi=f"Có {count} chỗ chưa đúng; xem từng mục trong errors.",
        en=f"{count} fields are not right: see errors." if count != 1 else "One field is not right: see errors.",
        errors=errors,
    )


_UNKNOWN = Sentence("Không có tham số này; hãy kiểm tra tên.", "There is no such parameter; check its name.")
_ONCE = Sentence("Chỉ được gửi một lần.", "It may be given once only.")
