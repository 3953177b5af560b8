"""The composition root: which adapter stands behind which port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask_openapi3.openapi import OpenAPI
from pymongo.database import Database

from chassis.context import utc_now
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.messaging.progress import caught_up
from chassis.runtime.readiness import Readiness, mongo_answers, once
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.mongo_clock import MongoClock
from chassis.storage.store import Store
from chassis.web.access_log import ACCESS_LOG
from chassis.web.asgi import InThreads
from chassis.web.authentication import Authenticator, Standing, VerificationKey
from chassis.web.idempotency import IDEMPOTENCY
from chassis.web.token_claims import Rights
from contracts.grammar import grammar
from notifications.adapters.delivery_counts import MongoCounter
from notifications.adapters.esms_gateway import EsmsGateway
from notifications.adapters.mail_skeleton import Sender
from notifications.adapters.mongo_alarm import NoticeAlarm
from notifications.adapters.mongo_queue import MongoQueue
from notifications.adapters.receipt_box import ReceiptBox
from notifications.adapters.smtp_mailer import SmtpMailer
from notifications.adapters.template_files import TemplateFiles
from notifications.application.announce import Desk, Policy
from notifications.application.proofs import Proofs
from notifications.application.read_models import ACCOUNTS, READ_MODELS, SIGNING_KEYS
from notifications.application.receipts import RECEIPTS, put_by
from notifications.application.receive_reply import REPLIES
from notifications.application.refusals import REFUSALS
from notifications.domain.delivery import DELIVERIES, Channel
from notifications.domain.notice import AUDIENCES, NOTICES
from notifications.domain.quiet_hours import QuietHours
from notifications.domain.receipt import Receipt
from notifications.settings import Settings
from notifications.web.app import Edge, notifications_app
from notifications.web.receiver import Receiver
from notifications.workers.deliverer import Deliverer, Pace
from notifications.workers.handlers import READ_MODEL_TOPICS

SERVICE = "notifications"

KINDS: tuple[Kind[Any], ...] = (
    *READ_MODELS,
    NOTICES,
    DELIVERIES,
    AUDIENCES,
    REFUSALS,
    RECEIPTS,
    REPLIES,
    ACCESS_LOG,
    IDEMPOTENCY,
    *MESSAGING_KINDS,
)
"""Every collection of the service; `migrate` makes them."""


def database_of(settings: Settings) -> Database[dict[str, Any]]:
    """Call it after a fork, never before."""
    return open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=SERVICE)


def policy_of(settings: Settings) -> Policy:
    return Policy(
        quiet=QuietHours.parse(settings.quiet_hours),
        valid_for=timedelta(hours=settings.valid_for_hours),
        contact_wait=timedelta(seconds=settings.contact_wait_seconds),
        tell_within=timedelta(hours=settings.tell_within_hours),
        price_per_part=settings.sms_price_vnd_per_part,
        diacritics=settings.sms_diacritics,
    )


def desk_of(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Desk:
    return Desk(TemplateFiles(diacritics=settings.sms_diacritics), policy_of(settings), clock)


def consuming_desk_of(settings: Settings) -> Desk:
    """With the clock of the queue that its messages go to."""
    return desk_of(settings, MongoClock(database_of(settings)))


def receipt_proofs(settings: Settings) -> Proofs:
    return Proofs(settings.sms_gateway_secret_key.get_secret_value(), "receipts")


def refusal_proofs(settings: Settings) -> Proofs:
    return Proofs(settings.sms_gateway_secret_key.get_secret_value(), "e-mail refusals")


def web_app(settings: Settings) -> OpenAPI:
    """The web application, with a database of its own: built in each worker, after the fork."""
    database = database_of(settings)
    store = MongoStore(database)
    edge = Edge(
        desk=desk_of(settings),
        counter=MongoCounter(database),
        receipts=receipt_proofs(settings),
        refusals=refusal_proofs(settings),
        gateway_key=settings.sms_gateway_secret_key.get_secret_value(),
        clock=MongoClock(database),
    )
    return notifications_app(
        store,
        authenticator_over(store, settings.token_issuer),
        Readiness(
            {
                "mongo": mongo_answers(database),
                "read models have caught up": once(lambda: caught_up(store, READ_MODEL_TOPICS)),
            }
        ),
        edge,
        server=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
    )


def receiver_app(settings: Settings) -> Receiver:
    """What the gateway calls, with the web application behind it: built in each worker, after the fork."""
    app = web_app(settings)
    database = database_of(settings)
    store, clock = MongoStore(database), MongoClock(database)

    def keep(receipts: Sequence[Receipt]) -> None:
        store.commit(put_by(receipts, clock()))

    box = ReceiptBox(keep, ThreadPoolExecutor(1, "receipts"))
    rest = InThreads(app, threads=settings.web_threads, receive_seconds=settings.web_receive_seconds)
    return Receiver(app, rest, receipt_proofs(settings), box)


def authenticator_over(store: Store, issuer: str) -> Authenticator:
    """Verifies tokens against what members told of its keys and accounts."""

    def keys() -> list[VerificationKey]:
        return [VerificationKey(key.id, key.jwk, key.not_before, key.expires) for key in store.find(SIGNING_KEYS, {})]

    def standing(account_id: str) -> Standing | None:
        account = store.get(ACCOUNTS, account_id)
        return None if account is None else Standing(account.tokens_valid_from, account.disabled)

    rules = grammar()
    rights = Rights(
        posts={name: post.permissions for name, post in rules.posts.items()},
        everyone=rules.everyone,
        partner_scopes=rules.partner_scopes,
    )
    return Authenticator(keys=keys, revocations=standing, issuer=issuer, rights=rights)


@contextmanager
def deliverers(settings: Settings) -> Iterator[list[Deliverer]]:
    """The deliverers of the channels that the settings name, with their alarm; closed at the end."""
    database = database_of(settings)
    store, queue, policy = MongoStore(database), MongoQueue(database), policy_of(settings)
    made: list[Deliverer] = []
    gateway, mailer = gateway_of(settings), mailer_of(settings)
    if settings.deliver_channels in ("both", "sms"):
        pace = Pace(settings.deliver_batch, settings.deliver_sms_threads, settings.deliver_lease_seconds)
        made.append(Deliverer(Channel.SMS, gateway, queue, store, policy, pace=pace))
    if settings.deliver_channels in ("both", "email"):
        pace = Pace(settings.deliver_batch, settings.deliver_mail_threads, settings.deliver_lease_seconds)
        made.append(Deliverer(Channel.EMAIL, mailer, queue, store, policy, pace=pace))

    def wake() -> None:
        for one in made:
            one.wake()

    alarm = NoticeAlarm(database, wake).start()
    try:
        yield made
    finally:
        alarm.close()
        gateway.close()
        mailer.close()
        database.client.close()


def gateway_of(settings: Settings) -> EsmsGateway:
    return EsmsGateway(
        settings.sms_gateway_url,
        api_key=settings.sms_gateway_api_key.get_secret_value(),
        secret_key=settings.sms_gateway_secret_key.get_secret_value(),
        brandname=settings.sms_brandname,
        callback_url=settings.callback_url,
        proofs=receipt_proofs(settings),
        timeout_seconds=settings.gateway_timeout_seconds,
    )


def mailer_of(settings: Settings) -> SmtpMailer:
    password = settings.smtp_password
    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        sender=Sender(settings.mail_from_name, settings.mail_from),
        unsubscribe_url=settings.public_url.rstrip("/") + "/v1/unsubscriptions",
        proofs=refusal_proofs(settings),
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=None if password is None else password.get_secret_value(),
        timeout_seconds=settings.gateway_timeout_seconds + 5.0,
    )
