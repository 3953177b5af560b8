"""Logs: one JSON object per line on standard output, with the ids of the chain and without contact data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|(?<![\w.:-])(?:\+84|0084|84|0)(?:[ .-]?\d){8,10}(?![\w:-])"  # a Vietnamese phone number, however spaced
)
_REDACTED = "[contact]"


def configure_logging(service: str, process: str, level: str = "INFO") -> None:
    """Set up structlog and the standard library's logging once for this process."""
    threshold = getattr(logging, level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(),
            _named(service, process),
            redact_contacts,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(threshold, logging.INFO))
    for noisy in ("kafka", "pymongo", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redact_contacts(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: whatever looks like a phone number or an e-mail address does not reach the log."""
    for name, value in event.items():
        if name != "timestamp":
            event[name] = _redacted(value)
    return event


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTACT.sub(_REDACTED, value)
    if isinstance(value, dict):
        return {_redacted(name): _redacted(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted(inner) for inner in value]
    if isinstance(value, (int, float, bool)) or value is None:
        return value
    return _CONTACT.sub(_REDACTED, str(value))


def _named(service: str, process: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["process"] = service, process
        return event

    return add


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Forward(logging.Handler):
    """What libraries say through the standard library goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger(record.name)
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
        except Exception:
            print(f"log record of {record.name} could not be written", file=sys.stderr)  # noqa: T201  # nothing else is left
