"""`/v1/clients`: partner systems that sign in with a secret of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.context import Context
from chassis.outcome import Outcome
from chassis.web.app import blueprint, example
from chassis.web.commands import Reply, rendered, run_command, run_query
from chassis.web.conditions import expected_version
from chassis.web.identifiers import Id, IdPath
from chassis.web.paging import Listing, PageQuery, page
from members.application.collections import CLIENTS
from members.application.register_client import (
    WithSecret,
    clients_wanted,
    read_client,
    register_client,
    renew_secret,
    set_client_disabled,
)
from members.domain.account import Client
from members.web.parts import CLIENT, COMMUNE, Body, Line, NoBody, store

clients = blueprint("clients", "/v1/clients", tag="clients", about="Ứng dụng đối tác")


class ClientView(BaseModel):
    """A partner's client. What it may do, it may do on its unit and below."""

    id: Id
    version: int
    name: str
    unit_id: str
    scopes: list[str]
    disabled: bool

    @classmethod
    def of(cls, client: Client) -> Self:
        return cls(**client.model_dump(include=set(cls.model_fields)))


class SecretView(ClientView):
    """A client with its new secret: shown this once. It is null where the same request was sent again."""

    secret: str | None


class ClientBody(Body):
    name: Line
    unit_id: Id
    scopes: list[str] = Field(min_length=1, max_length=20, description="Of `partner_scopes` in GET /v1/grammar")


class ClientsQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    under: Id | None = Field(default=None, description="Of this unit and everything below it")


CLIENT_EXAMPLE = ClientView(
    id=CLIENT,
    version=1,
    name="Cổng thông tin xã Nông Sơn",
    unit_id=COMMUNE,
    scopes=["units.read", "meetings.read"],
    disabled=False,
)
_NO_SECRET = "dIiX1fcCDRhcWV5kmaT2R7gCYTRVOoE9s6CnLOSCM3o"  # noqa: S105  an example that opens nothing
_SECRET_EXAMPLE = SecretView(**CLIENT_EXAMPLE.model_dump(), secret=_NO_SECRET)


@clients.post("", summary="Register a partner's client", responses={201: SecretView})
@example(
    request={"name": "Cổng thông tin xã Nông Sơn", "unit_id": COMMUNE, "scopes": ["units.read", "meetings.read"]},
    response=_SECRET_EXAMPLE,
)
def register(body: ClientBody) -> Response:
    """Its id and secret get tokens at POST /v1/token with `grant_type=client_credentials`.

    The secret is not kept, not even for a repeated request: who missed it asks for a new one.
    """
    return _with_secret(
        lambda context: register_client(context, store(), name=body.name, unit_id=body.unit_id, scopes=body.scopes),
        status=201,
    )


@clients.get("", summary="Partner clients, by name", responses={200: Listing[ClientView]})
@example(response=Listing[ClientView](items=[CLIENT_EXAMPLE]))
def list_clients(query: ClientsQuery) -> Response:
    """Of the units whose clients the caller manages."""

    def answer(context: Context) -> Reply:
        where = clients_wanted(context, query.under)
        found = page(
            store(), CLIENTS, where, sort=(("sort_key", 1), ("_id", 1)), limit=query.limit, cursor=query.cursor
        )
        return Reply(found.listed(Listing[ClientView], ClientView.of))

    return run_query(answer)


@clients.get("/<id>", summary="One partner client", responses={200: ClientView})
@example(response=CLIENT_EXAMPLE)
def read(path: IdPath) -> Response:
    """Without its secret, which nobody knows but its owner."""
    return run_query(lambda context: _told(read_client(context, store(), path.id)))


@clients.post("/<id>/secret", summary="Give a client a new secret", responses={200: SecretView})
@example(request={}, response=_SECRET_EXAMPLE)
def give_secret(path: IdPath, body: NoBody) -> Response:
    """The old secret and all tokens issued with it are void."""
    return _with_secret(lambda context: renew_secret(context, store(), path.id, expected_version()), status=200)


@clients.post("/<id>/disable", summary="Close a client", responses={200: ClientView})
@example(request={}, response=CLIENT_EXAMPLE)
def disable(path: IdPath, body: NoBody) -> Response:
    """Its tokens are void in all services within seconds."""
    return run_command(
        lambda context: set_client_disabled(context, store(), path.id, disabled=True, expected=expected_version()),
        _told,
    )


@clients.post("/<id>/enable", summary="Open a closed client again", responses={200: ClientView})
@example(request={}, response=CLIENT_EXAMPLE)
def enable(path: IdPath, body: NoBody) -> Response:
    """With the secret it had."""
    return run_command(
        lambda context: set_client_disabled(context, store(), path.id, disabled=False, expected=expected_version()),
        _told,
    )


def _with_secret(decide: Callable[[Context], Outcome[WithSecret]], *, status: int) -> Response:
    """Answer with the secret, but keep the answer for repeated requests without it."""
    shown: list[Reply] = []

    def respond(made: WithSecret) -> Reply:
        client = made.client
        location = f"/v1/clients/{client.id}" if status == 201 else None
        view = SecretView(**ClientView.of(client).model_dump(), secret=made.secret)
        shown[:] = [Reply(view, status=status, location=location, version=client.version)]
        return replace(shown[0], body=view.model_copy(update={"secret": None}))

    kept = run_command(decide, respond)
    response = kept if "Idempotent-Replayed" in kept.headers else rendered(shown[0])
    response.headers["Cache-Control"] = "no-store"
    return response


def _told(client: Client) -> Reply:
    return Reply(ClientView.of(client), version=client.version)
