"""The web application of members: all routes, in the order of the API's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask_openapi3.openapi import OpenAPI

from chassis.context import utc_now
from chassis.runtime.readiness import Readiness
from chassis.storage.store import Store
from chassis.web.app import create_app
from chassis.web.authentication import Authenticator
from chassis.web.dead_letters import dead_letter_routes
from members.web.access_log import access_log
from members.web.accounts import accounts
from members.web.clients import clients
from members.web.imports import imports
from members.web.me import grammar_routes, me
from members.web.parts import EXTENSION, Outside
from members.web.people import people, people_search
from members.web.portfolios import portfolios
from members.web.posts import posts
from members.web.tokens import jwks, tokens
from members.web.units import units

TITLE = "Nhịp Đoàn – Tổ chức và đoàn viên"
DESCRIPTION = """
Đơn vị, đoàn viên và thanh niên, chức vụ, phân công phụ trách, tài khoản.

**Bắt đầu:** `POST /v1/token` với tên đăng nhập và mật khẩu, rồi dán `access_token` vào nút *Authorize*.
Mỗi yêu cầu `POST` cần tiêu đề `Idempotency-Key` riêng (trang này tự thêm); gửi lại cùng mã thì việc chỉ được làm một
lần. Muốn sửa đúng phiên bản đã xem, gửi `If-Match` với `ETag` đã nhận.
""".strip()

BLUEPRINTS = (
    tokens,
    jwks,
    me,
    units,
    people,
    people_search,
    imports,
    posts,
    portfolios,
    accounts,
    clients,
    access_log,
    grammar_routes,
)


def members_app(
    store: Store,
    authenticator: Authenticator,
    readiness: Readiness,
    outside: Outside,
    *,
    server: str = "/",
    trusted_proxies: int = 0,
    now: Callable[[], datetime] = utc_now,
) -> OpenAPI:
    """The application over a store. `outside` is what it needs besides."""
    app = create_app(
        service="members",
        title=TITLE,
        description=DESCRIPTION,
        store=store,
        authenticator=authenticator,
        readiness=readiness,
        blueprints=(*BLUEPRINTS, dead_letter_routes()),
        server=server,
        trusted_proxies=trusted_proxies,
        now=now,
    )
    app.extensions[EXTENSION] = outside
    return app
