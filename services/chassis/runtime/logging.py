"""Logs: one JSON object per line on standard output, with the ids of the chain and without contact data."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from pymongo.errors import OperationFailure

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.:-])(?:\+84|0084|84|0)(?:[ .-]?\d){8,10}(?![\w:-])")  # Vietnamese, however spaced
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_REDACTED = "[contact]"
_FRAMES = 12
_HARMLESS = frozenset({int, float, bool, type(None)})
_NO_CHAIN: Mapping[str, str] = {}
_chain_ids: ContextVar[Mapping[str, str]] = ContextVar("chain_ids", default=_NO_CHAIN)
# structlog's own context looks through every variable of the context, three times for each request.


def configure_logging(service: str, process: str, level: str = "INFO") -> None:
    """Set up structlog and the standard library's logging once for this process."""
    threshold = getattr(logging, level)
    structlog.configure(
        processors=[
            _chained,
            _explained,
            redact_contacts,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _named(service, process),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(threshold, logging.INFO))
    for noisy in ("kafka", "pymongo", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def in_chain(**ids: str) -> None:
    """From now on each line of this thread bears these ids, and no others."""
    _chain_ids.set(ids)


def redact_contacts(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: whatever looks like a phone number or an e-mail address does not reach the log."""
    for name, value in event.items():
        if type(value) not in _HARMLESS:
            event[name] = _redacted(value)
    return event


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _redacted_text(value)
    if isinstance(value, dict):
        return {_redacted(name): _redacted(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted(inner) for inner in value]
    if type(value) in _HARMLESS:
        return value
    return _redacted_text(str(value))


def _redacted_text(text: str) -> str:
    if _ID.fullmatch(text):
        return text  # most of what is logged; looking through it is what costs
    if "@" in text:
        text = _EMAIL.sub(_REDACTED, text)
    return _PHONE.sub(_REDACTED, text)


def _chained(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in _chain_ids.get().items():
        event.setdefault(name, value)
    return event


def _explained(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as its kinds and places in the code; its words only where they can't quote a document."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = list(_chain(error))
    return event


def _chain(error: BaseException) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = traceback.extract_tb(each.__traceback__)
        yield {
            "type": type(each).__name__,
            "said": _said(each),
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-_FRAMES:]],
        }
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _said(error: BaseException) -> str:
    if isinstance(error, ValidationError):  # its own words quote the values
        return "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['type']}"
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        )
    if isinstance(error, OperationFailure):  # a duplicate key's words quote the key
        return f"code {error.code}"
    return str(error)


def _named(service: str, process: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["process"] = service, process
        return event

    return add


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Lines:
    """Writes each line at once and in one piece: whatever ends the process, what was logged is out.

    The operating system keeps lines apart: into a file always, into a pipe those of up to 4 KB, and longer ones unless
    it is full. A lock of our own around the writing would be one that every thread of a busy web process queues for.
    """

    _one_at_a_time = threading.Lock()

    def __init__(self, *_: Any) -> None: ...

    def msg(self, line: str) -> None:
        out = sys.stdout
        try:
            descriptor = out.fileno()
        except OSError:  # no file, but something of this process
            with self._one_at_a_time:
                out.write(line + "\n")
                out.flush()
            return
        left = memoryview((line + "\n").encode())
        while left:
            left = left[os.write(descriptor, left) :]

    debug = info = warning = error = critical = exception = log = msg


class _Forward(logging.Handler):
    """What libraries say through the standard library goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger(record.name)
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
        except Exception:
            print(f"log record of {record.name} could not be written", file=sys.stderr)  # noqa: T201  # nothing else is left
