"""The pages that need no token: health, metrics, and the API's own page (Swagger UI, from this machine alone)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound

from chassis.runtime.metrics import exposition
from chassis.runtime.readiness import Readiness
from chassis.web.authentication import public

_UI_FILES = {
    "css/swagger-ui.css": "text/css; charset=utf-8",
    "js/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "js/swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "images/swagger.svg": "image/svg+xml",
}

_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/openapi/ui/images/swagger.svg">
<link rel="stylesheet" href="/openapi/ui/css/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/openapi/ui/js/swagger-ui-bundle.js"></script>
<script src="/openapi/ui/js/swagger-ui-standalone-preset.js"></script>
<script src="/openapi/start.js"></script>
</body>
</html>
"""

_START = """
function newKey(request) {
  if (request.method !== "GET" && request.headers && !request.headers["Idempotency-Key"]) {
    request.headers["Idempotency-Key"] = crypto.randomUUID();
  }
  return request;
}
window.ui = SwaggerUIBundle({
  url: "/openapi/openapi.json", dom_id: "#page", deepLinking: true, persistAuthorization: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset.slice(1)], requestInterceptor: newKey,
  layout: "BaseLayout"
});
"""

_UI_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'"
)


def open_pages(title: str, document: Callable[[], dict[str, Any]], readiness: Readiness) -> Blueprint:
    """/livez, /readyz, /metrics, /openapi and /openapi/openapi.json."""
    pages = Blueprint("open_pages", __name__)
    written = cache(lambda: orjson.dumps(document()))

    @pages.get("/livez")
    @public
    def livez() -> Response:
        return _json(b'{"status":"alive"}')

    @pages.get("/readyz")
    @public
    def readyz() -> Response:
        waiting = readiness.waiting_for()
        body = orjson.dumps({"status": "waiting" if waiting else "ready", "waiting_for": waiting})
        return _json(body, status=503 if waiting else 200)

    @pages.get("/metrics")
    @public
    def metrics() -> Response:
        return Response(exposition(), content_type=CONTENT_TYPE_LATEST)

    @pages.get("/openapi/openapi.json")
    @public
    def openapi_json() -> Response:
        return _json(written())

    @pages.get("/openapi")
    @public
    def openapi() -> Response:
        return _page(_PAGE.format(title=title), "text/html; charset=utf-8")

    @pages.get("/openapi/start.js")
    @public
    def openapi_start() -> Response:
        return _page(_START, "text/javascript; charset=utf-8")

    @pages.get("/openapi/ui/<kind>/<name>")
    @public
    def openapi_file(kind: str, name: str) -> Response:
        content_type = _UI_FILES.get(f"{kind}/{name}")
        if content_type is None:
            raise NotFound
        response = Response(_ui_file(kind, name), content_type=content_type)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    return pages


@cache
def _ui_file(kind: str, name: str) -> bytes:
    return (files("flask_openapi3_swagger") / "templates" / "swagger" / kind / name).read_bytes()


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status=status, content_type="application/json")


def _page(text: str, content_type: str) -> Response:
    response = Response(text, content_type=content_type)
    response.headers["Content-Security-Policy"] = _UI_POLICY
    return response
