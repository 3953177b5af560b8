"""The composition root: which adapter stands behind which port."""

from __future__ import annotations

from typing import Any

from flask_openapi3.openapi import OpenAPI
from pymongo.database import Database

from chassis.context import Context
from chassis.messaging.kinds import MESSAGING_KINDS
from chassis.runtime.readiness import Readiness, mongo_answers
from chassis.storage.documents import Kind
from chassis.storage.mongo import MongoStore, open_database
from chassis.storage.store import Store
from chassis.web.access_log import ACCESS_LOG
from chassis.web.authentication import Authenticator
from chassis.web.idempotency import IDEMPOTENCY
from chassis.web.rate_limits import RateLimit, SharedCounts
from members.adapters.argon2_passwords import Argon2Passwords
from members.adapters.sealed_keys import SealedKeys
from members.adapters.token_trust import rights, standing_of, verification_keys
from members.adapters.xlsx_report import write_report
from members.adapters.xlsx_workbook import read_workbook
from members.application import collections
from members.application.found_organisation import found_organisation
from members.application.issue_token import Issuer
from members.application.rotate_signing_keys import rotate_signing_keys
from members.settings import Settings
from members.web.app import members_app
from members.web.parts import Outside

SERVICE = "members"

KINDS: tuple[Kind[Any], ...] = (*collections.KINDS, ACCESS_LOG, IDEMPOTENCY, *MESSAGING_KINDS)
"""Every collection of the service; `migrate` makes them."""


def database_of(settings: Settings) -> Database[dict[str, Any]]:
    """Call it after a fork, never before."""
    return open_database(settings.mongodb_uri.get_secret_value(), settings.mongodb_database, app=SERVICE)


def key_safe(settings: Settings) -> SealedKeys:
    return SealedKeys(settings.key_encryption_secret.get_secret_value())


def outside_of(settings: Settings, database: Database[dict[str, Any]]) -> Outside:
    tries = SharedCounts(database)
    return Outside(
        issuer=Issuer(passwords=Argon2Passwords(), keys=key_safe(settings), name=settings.token_issuer),
        workbooks=read_workbook,
        reports=write_report,
        by_name=RateLimit(settings.sign_in_tries_per_name, tries),
        by_address=RateLimit(settings.sign_in_tries_per_address, tries),
    )


def authenticator_over(store: Store, issuer: str) -> Authenticator:
    return Authenticator(
        keys=lambda: verification_keys(store),
        revocations=lambda account_id: standing_of(store, account_id),
        issuer=issuer,
        rights=rights(),
    )


def web_app(settings: Settings) -> OpenAPI:
    """The web application, with a database of its own: built in each worker, after the fork."""
    database = database_of(settings)
    store = MongoStore(database)
    readiness = Readiness({"mongo": mongo_answers(database), "a signing key": lambda: bool(verification_keys(store))})
    return members_app(
        store,
        authenticator_over(store, settings.token_issuer),
        readiness,
        outside_of(settings, database),
        server=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
    )


def found(settings: Settings, store: Store, context: Context) -> list[str]:
    """The first signing key and, when its administrator has a password, the organisation: what was made, in words."""
    made: list[str] = []
    key = rotate_signing_keys(context, store, key_safe(settings))
    store.commit(key.changes)
    if key.result is not None:
        made.append("a signing key")
    if settings.bootstrap_admin_password is not None:
        outcome = found_organisation(
            context,
            store,
            Argon2Passwords(),
            unit_name=settings.bootstrap_unit_name,
            unit_code=settings.bootstrap_unit_code,
            password=settings.bootstrap_admin_password.get_secret_value(),
        )
        store.commit(outcome.changes)
        if outcome.result:
            made.append("the root unit and the account quantri")
    return made
