"""What crosses a boundary stays readable: schemas, examples, topics and documents agree, and only grow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from contracts.catalogue import CATALOGUE, Contract, topics
from contracts.generate import HERE, asyncapi, derived, schemas, short_name
from contracts.grammar import grammar

EVERY_CONTRACT = pytest.mark.parametrize("model", CATALOGUE.values(), ids=short_name)


def example_of(model: type[Contract], quality: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (HERE / "examples" / f"{short_name(model)}.{quality}.json").read_text(encoding="utf-8")
    )
    return loaded


def validator_of(model: type[Contract]) -> Draft202012Validator:
    written = json.loads((HERE / "schemas" / f"{short_name(model)}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written, format_checker=FormatChecker())


@EVERY_CONTRACT
def test_the_valid_example_fits_the_schema_and_the_model_without_a_field_too_many(model: type[Contract]) -> None:
    valid = example_of(model, "valid")
    assert list(validator_of(model).iter_errors(valid)) == []
    model.model_validate_json(json.dumps(valid), extra="forbid")


@EVERY_CONTRACT
def test_the_invalid_example_is_refused_by_both(model: type[Contract]) -> None:
    invalid = example_of(model, "invalid")
    assert list(validator_of(model).iter_errors(invalid))
    with pytest.raises(ValueError):
        model.from_bytes(json.dumps(invalid).encode())


@EVERY_CONTRACT
def test_what_is_written_fits_the_schema_and_reads_back_as_the_same(model: type[Contract]) -> None:
    value = model.model_validate(example_of(model, "valid"))
    assert list(validator_of(model).iter_errors(json.loads(value.to_bytes()))) == []
    assert model.from_bytes(value.to_bytes()) == value


@EVERY_CONTRACT
def test_an_unknown_field_from_a_newer_producer_does_not_break_a_reader(model: type[Contract]) -> None:
    value = example_of(model, "valid")
    assert model.model_validate({**value, "field_of_tomorrow": 1}) == model.model_validate(value)


@EVERY_CONTRACT
def test_a_type_is_named_by_its_owner_and_travels_on_a_listed_topic(model: type[Contract]) -> None:
    topic = topics()[model.TOPIC]
    assert model.TYPE.startswith(f"vn.nhipdoan.{topic.owner}.")
    assert (".state.v" in model.TYPE) is (topic.kind == "state")


@EVERY_CONTRACT
def test_events_carry_no_field_that_holds_personal_data(model: type[Contract]) -> None:
    if topics()[model.TOPIC].kind == "event":
        names = json.dumps(schemas()[short_name(model)])
        for forbidden in ("full_name", "phone", "address", "email", '"answer"', "birth"):
            assert forbidden not in names


def test_every_topic_has_an_owner_that_writes_to_it_and_a_reader_or_a_reason() -> None:
    for topic in topics().values():
        assert any(topic.name == model.TOPIC for model in CATALOGUE.values()), topic.name
        assert topic.readers or topic.no_reader_because, topic.name
        assert topic.owner not in topic.readers
        assert (topic.retention_days is None) is (topic.kind == "state")
        assert (topic.max_compaction_lag_hours is None) is (topic.kind == "event")


@pytest.mark.parametrize("path", derived(), ids=lambda path: path.name)
def test_derived_files_are_what_make_contracts_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == derived()[path]


def test_no_derived_file_is_left_from_a_contract_that_is_gone() -> None:
    there = {*(HERE / "schemas").glob("*.json"), *(HERE.parent.parent / "docs" / "events").glob("*.md")}
    assert there <= set(derived())
    named = {f"{short_name(model)}.{quality}.json" for model in CATALOGUE.values() for quality in ("valid", "invalid")}
    assert {path.name for path in (HERE / "examples").iterdir()} == named


def test_released_schemas_only_grow() -> None:
    """A field may be added if it may be absent; nothing that was released may go, change or become required."""
    released: dict[str, Any] = json.loads((HERE / "schemas.lock").read_text(encoding="utf-8"))
    now = schemas()
    for name, before in released.items():
        assert name in now, f"{name} was released and is gone; publish a v2 beside it"
        objects = {"": (before, now[name])}
        objects |= {
            part: (definition, now[name].get("$defs", {}).get(part, {}))
            for part, definition in before.get("$defs", {}).items()
        }
        for part, (old, new) in objects.items():
            assert additive(old, new) == [], f"{name} {part}"


def additive(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What makes `new` more than an addition to `old`."""
    faults = []
    for field, described in old.get("properties", {}).items():
        meaning = {key: value for key, value in described.items() if key not in ("description", "title")}
        today = new.get("properties", {}).get(field)
        if today is None:
            faults.append(f"{field} is gone")
        elif {key: value for key, value in today.items() if key not in ("description", "title")} != meaning:
            faults.append(f"{field} changed its meaning")
    if set(new.get("required", [])) != set(old.get("required", [])):
        faults.append("what is required changed")
    if old.get("enum", []) != new.get("enum", []):
        faults.append("the values changed")
    return faults


def test_the_additive_rule_sees_a_field_gone_changed_or_newly_required() -> None:
    old = {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert additive(old, {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}) == []
    assert additive(old, {"properties": {}, "required": ["a"]}) == ["a is gone"]
    assert additive(old, {"properties": {"a": {"type": "integer"}}, "required": ["a"]}) == ["a changed its meaning"]
    assert additive(old, {**old, "required": []}) == ["what is required changed"]


def test_the_asyncapi_document_refers_only_to_what_exists() -> None:
    document = asyncapi()
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            assert message["$ref"].rpartition("/")[2] in document["components"]["messages"]
    for message in document["components"]["messages"].values():
        assert (HERE / message["payload"]["$ref"]).is_file()


def test_every_permission_of_the_grammar_is_a_verb_and_a_known_scope() -> None:
    scopes = {"self", "portfolio", "unit", "unit_and_below"}
    lists = [grammar().everyone, *grammar().permissions.values()]
    assert {permission.partition("@")[2] for listed in lists for permission in listed} <= scopes
    assert set(grammar().partner_scopes) <= grammar().verbs
