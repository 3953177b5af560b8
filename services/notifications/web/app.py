"""The web application of notifications."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask_openapi3.openapi import OpenAPI

from chassis.context import utc_now
from chassis.runtime.readiness import Readiness
from chassis.storage.store import Store
from chassis.web.access_log_routes import access_log_routes
from chassis.web.app import create_app
from chassis.web.authentication import Authenticator
from chassis.web.dead_letters import dead_letter_routes
from notifications.web.deliveries import deliveries, messages
from notifications.web.gateways import gateways
from notifications.web.parts import EDGE, Edge
from notifications.web.previews import costs, previews, templates
from notifications.web.replies import replies
from notifications.web.unsubscriptions import unsubscriptions

__all__ = ["Edge", "notifications_app"]


def notifications_app(
    store: Store,
    authenticator: Authenticator,
    readiness: Readiness,
    edge: Edge,
    *,
    server: str = "/",
    trusted_proxies: int = 0,
    now: Callable[[], datetime] = utc_now,
) -> OpenAPI:
    app = create_app(
        service="notifications",
        title="Nhịp Đoàn – Thông báo",
        description="Ai được báo gì, bằng kênh nào, đã tới chưa và vì sao chưa; tin trả lời; chi phí.",
        store=store,
        authenticator=authenticator,
        readiness=readiness,
        blueprints=[
            deliveries,
            messages,
            previews,
            templates,
            costs,
            replies,
            gateways,
            unsubscriptions,
            dead_letter_routes(),
            access_log_routes(),
        ],
        server=server,
        trusted_proxies=trusted_proxies,
        now=now,
    )
    app.extensions[EDGE] = edge
    return app
