"""Writes what is derived from the contracts: JSON Schemas, the AsyncAPI document, a page per event.

    python -m contracts.generate           writes them
    python -m contracts.generate release   also takes today's schemas into schemas.lock: from then on only additions

Run from the repository root with ``services`` on PYTHONPATH; `make contracts` does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from contracts.catalogue import CATALOGUE, Contract, topics

HERE = Path(__file__).parent
PAGES = HERE.parent.parent / "docs" / "events"
PREFIX = "vn.nhipdoan."


def short_name(model: type[Contract]) -> str:
    """``scheduling.meeting.scheduled.v1``: the type without the reversed domain."""
    return model.TYPE.removeprefix(PREFIX)


def _contracts() -> list[type[Contract]]:
    """All of them, in the order in which their modules have them, whichever was imported first."""
    return sorted(CATALOGUE.values(), key=lambda model: model.__module__)


def schema(model: type[Contract]) -> dict[str, Any]:
    """The JSON Schema 2020-12 of one event or state."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://nhipdoan.vn/schemas/{short_name(model)}.json",
        **model.model_json_schema(mode="serialization"),
    }


def schemas() -> dict[str, dict[str, Any]]:
    return {short_name(model): schema(model) for model in _contracts()}


def example(model: type[Contract]) -> dict[str, Any]:
    text = (HERE / "examples" / f"{short_name(model)}.valid.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: each topic a channel, its owner sends, its readers receive."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in topics().values():
        carried = [model for model in _contracts() if topic.name == model.TOPIC]
        channels[topic.name] = {
            "address": topic.name,
            "description": topic.about,
            "messages": {
                short_name(model): {"$ref": f"#/components/messages/{short_name(model)}"} for model in carried
            },
            "bindings": {"kafka": {"partitions": topic.partitions}},
        }
        users = [(topic.owner, "send"), *((reader, "receive") for reader in topic.readers)]
        for service, action in users:
            operations[f"{service}.{action}.{topic.name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "title": f"{service} {'publishes' if action == 'send' else 'reads'} {topic.name}",
            }
    messages = {short_name(model): _message(model) for model in _contracts()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Nhịp Đoàn: events and states",
            "version": "1",
            "description": "CloudEvents 1.0 in Kafka's binary mode; JSON payloads; the key is the aggregate's id.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEventHeaders": _headers()}},
    }


def _message(model: type[Contract]) -> dict[str, Any]:
    return {
        "name": model.TYPE,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"$ref": f"schemas/{short_name(model)}.json"},
        "examples": [{"payload": example(model)}],
    }


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    required = ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_sequence"]
    optional = ["ce_correlationid", "ce_causationid", "ce_traceparent", "content-type"]
    return {"type": "object", "required": required, "properties": dict.fromkeys(required + optional, text)}


def page(model: type[Contract]) -> str:
    """The reader's page of one event or state."""
    topic = topics()[model.TOPIC]
    described = schema(model)
    required = set(described.get("required", []))
    rows = [
        f"| `{name}` | {_type_of(field)} | {'yes' if name in required else 'no'} |"
        for name, field in described["properties"].items()
    ]
    readers = ", ".join(topic.readers) or f"none of ours — {topic.no_reader_because}"
    return "\n".join(
        [
            f"# {model.__name__}",
            "",
            (model.__doc__ or "").strip().replace("\n    ", "\n"),
            "",
            "| | |",
            "|---|---|",
            f"| type | `{model.TYPE}` |",
            f"| topic | `{topic.name}` ({topic.kind}, key = {topic.key}) |",
            f"| published by | {topic.owner} |",
            f"| read by | {readers} |",
            f"| schema | `services/contracts/schemas/{short_name(model)}.json` |",
            "",
            "| field | type | always there |",
            "|---|---|---|",
            *rows,
            "",
            "```json",
            json.dumps(example(model), ensure_ascii=False, indent=2),
            "```",
            "",
        ]
    )


def _type_of(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    if "anyOf" in field:
        return " or ".join(_type_of(one) for one in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type_of(field['items'])}"
    return str(field.get("format") or field.get("type") or "object")


def index() -> str:
    """The list of all pages, by topic."""
    lines = [
        "# Events and states",
        "",
        "Written by `make contracts` from `services/contracts`; not edited by hand.",
        "",
    ]
    for topic in topics().values():
        lines += [f"## `{topic.name}`", "", topic.about, ""]
        lines += [
            f"* [{model.__name__}]({short_name(model)}.md) — {(model.__doc__ or '').strip().splitlines()[0]}"
            for model in _contracts()
            if topic.name == model.TOPIC
        ]
        lines.append("")
    return "\n".join(lines)


def derived() -> dict[Path, str]:
    """Every derived file and what it must hold; a test compares."""
    files = {
        HERE / "schemas" / f"{name}.json": json.dumps(one, ensure_ascii=False, indent=2) + "\n"
        for name, one in schemas().items()
    }
    files[HERE / "asyncapi.yaml"] = yaml.safe_dump(asyncapi(), allow_unicode=True, sort_keys=False, width=110)
    files |= {PAGES / f"{short_name(model)}.md": page(model) for model in _contracts()}
    files[PAGES / "README.md"] = index()
    return files


def main(arguments: list[str]) -> None:
    for path, text in derived().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if arguments == ["release"]:
        lock = json.dumps(schemas(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (HERE / "schemas.lock").write_text(lock, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
