"""The composition root: which parts scheduling is made of, and how each of its processes is put together."""

from __future__ import annotations

from typing import Any

from flask_openapi3.openapi import OpenAPI

from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.progress import caught_up
from chassis.runtime.readiness import ALWAYS_READY, Readiness, mongo_answers, once
from chassis.runtime.settings import ServiceSettings
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from chassis.web.access_log import ACCESS_LOG
from chassis.web.app import create_app
from chassis.web.authentication import Authenticator
from chassis.web.dead_letters import dead_letter_routes
from chassis.web.idempotency import IDEMPOTENCY
from scheduling.adapters.policy_file import read_policy
from scheduling.adapters.token_trust import rights, standing_of, verification_keys
from scheduling.application import read_models, records
from scheduling.domain.policy import Policy
from scheduling.settings import Settings
from scheduling.web.concerns import concerns
from scheduling.web.invitations import of_meeting, own
from scheduling.web.meetings import assignment_meetings, briefings, meetings
from scheduling.web.model_calendar import calendar
from scheduling.web.parts import POLICY
from scheduling.web.proposals import proposals
from scheduling.web.rotations import rotations
from scheduling.web.tasks import tasks
from scheduling.workers.handlers import READ_MODEL_TOPICS

SERVICE = "scheduling"

OWN_KINDS: tuple[Kind[Any], ...] = (
    records.MEETINGS,
    records.INVITATIONS,
    records.TASKS,
    records.CONCERNS,
    records.ROTATIONS,
    records.PROPOSALS,
    records.SEQUENCES,
    records.DAY_OVERRIDES,
    records.IGNORED_REPLIES,
)
SEEN_KINDS: tuple[Kind[Any], ...] = (
    read_models.UNITS,
    read_models.PEOPLE,
    read_models.POSTS,
    read_models.PORTFOLIOS,
    read_models.ACCOUNTS,
    read_models.SIGNING_KEYS,
)
KINDS = (*OWN_KINDS, *SEEN_KINDS, *MESSAGING_KINDS, IDEMPOTENCY, ACCESS_LOG)
"""Every collection of the database; `migrate` makes them."""

BLUEPRINTS = (
    briefings,
    assignment_meetings,
    meetings,
    of_meeting,
    own,
    concerns,
    tasks,
    rotations,
    proposals,
    calendar,
)

_ABOUT = """Nhịp của mô hình “2 giao, 1 liên kết”: giao ban, giao nhiệm vụ và sinh hoạt liên chi đoàn.

Every POST carries an `Idempotency-Key`: sent again with the same key, it has its effect once. `ETag` and `If-Match`
keep two officers from overwriting each other. What one may not see answers 404. Instants are UTC."""


def web_app(settings: Settings) -> OpenAPI:
    """The web process's application. Called in each gunicorn worker, after the fork."""
    database = open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=SERVICE)
    store = MongoStore(database)
    readiness = Readiness(
        {
            "mongo": mongo_answers(database),
            "read models have caught up": once(lambda: caught_up(store, READ_MODEL_TOPICS)),
        }
    )
    return app_on(
        store, authenticator_on(store, settings), read_policy(settings.policy_file), settings, readiness=readiness
    )


def app_on(
    store: Store,
    authenticator: Authenticator,
    policy: Policy,
    settings: ServiceSettings,
    *,
    readiness: Readiness = ALWAYS_READY,
    **surroundings: Any,
) -> OpenAPI:
    """The application on any store. `surroundings` (`now`, `new_id`) are `create_app`'s."""
    app = create_app(
        service=SERVICE,
        title="Nhịp Đoàn: lịch họp, nhiệm vụ, kiến nghị, liên chi đoàn",
        description=_ABOUT,
        store=store,
        authenticator=authenticator,
        readiness=readiness,
        blueprints=(*BLUEPRINTS, dead_letter_routes()),
        server=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        **surroundings,
    )
    app.extensions[POLICY] = policy
    return app


def authenticator_on(store: Store, settings: ServiceSettings) -> Authenticator:
    """Believes the tokens that members signs, by what this service has read of its keys and accounts."""
    return Authenticator(
        keys=lambda: verification_keys(store),
        revocations=lambda account_id: standing_of(store, account_id),
        issuer=settings.token_issuer,
        rights=rights(),
    )
