"""A request's headers, read cheaply: Werkzeug raises and catches an exception for each one that is not there."""

from __future__ import annotations

from typing import cast

from flask import request


def sent_header(name: str) -> str | None:
    """The header by its WSGI name (`HTTP_IF_MATCH`), or None."""
    return cast("str | None", request.environ.get(name))
