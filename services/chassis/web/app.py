"""Makes a service's web application: every route authenticated, every refusal a problem, everything documented."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import current_app, g, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from chassis.context import new_uuid7, utc_now
from chassis.messaging.envelope import NewId
from chassis.runtime.readiness import Readiness
from chassis.storage.store import Store
from chassis.web import openapi_document
from chassis.web.authentication import Authenticator, bearer_token, is_public, public
from chassis.web.observed import observe
from chassis.web.open_pages import open_pages
from chassis.web.refusals import tell_refusals
from chassis.web.routes import Example, Routes, accepts_up_to, blueprint, example
from chassis.web.surroundings import EXTENSION, Parts

__all__ = ["Example", "Routes", "accepts_up_to", "blueprint", "create_app", "example", "public"]

BODY_LIMIT = 1_000_000
"""Bytes; a route that takes uploads says more with `accepts_up_to`."""


def create_app(
    *,
    service: str,
    title: str,
    description: str,
    store: Store,
    authenticator: Authenticator,
    readiness: Readiness,
    blueprints: Iterable[Routes] = (),
    version: str = "1.0.0",
    server: str = "/",
    now: Callable[[], datetime] = utc_now,
    new_id: NewId = new_uuid7,
    trusted_proxies: int = 0,
) -> OpenAPI:
    """The application of `service`.

    title, description  what the API's page says, in Vietnamese
    readiness           what /readyz asks
    server              the API's base URL as users see it
    trusted_proxies     how many proxies in front set X-Forwarded-For
    """
    app = OpenAPI(
        service,
        info=Info(title=title, version=version),
        security_schemes=openapi_document.SECURITY_SCHEMES,
        doc_ui=False,
    )
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = Parts(service, store, now, new_id)
    observe(app)
    tell_refusals(app)
    app.before_request(_admit(authenticator))
    listed = list(blueprints)

    def document() -> dict[str, Any]:
        return openapi_document.document(
            title=title, version=version, description=description, server=server, blueprints=listed
        )

    app.register_blueprint(open_pages(title, document, readiness))
    for each in listed:
        app.register_blueprint(each)
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies)  # type: ignore[method-assign]  # as Flask's docs do
    return app


def _admit(authenticator: Authenticator) -> Callable[[], None]:
    """Lets a request through to its route: signed in, unless the route is public; with the body it may have."""

    def admit() -> None:
        if request.url_rule is None:
            return  # no route: answered 404 or 405
        view = _view()
        limit = getattr(view, "body_limit", None)
        if limit is not None:
            request.max_content_length = limit
        if not is_public(view):
            g.principal = authenticator.authenticate(bearer_token())

    return admit


def _view() -> Callable[..., Any]:
    return current_app.view_functions[request.endpoint or ""]
