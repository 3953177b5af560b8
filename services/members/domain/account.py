"""Accounts of people and partner clients: who may sign in, and from when on their tokens count."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chassis.failures import Refusal
from chassis.storage.documents import Document
from members.domain.names import folded
from members.domain.spans import revised

USERNAME = re.compile(r"^[a-z0-9][a-z0-9._-]{2,39}$")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
"""Characters; NIST SP 800-63B §3.1.1 asks for eight or more and forbids rules of composition."""

ACCESS_TOKEN_SECONDS = 600
REFRESH_TOKEN_SECONDS = 14 * 24 * 3600


class StandingGrant(BaseModel):
    """A post's permissions that an account has without a person holding the post: the first administrator."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit_id: str
    post: str


class Account(Document):
    """An account that signs in with a password. `unit_path` and `unit_ids` are its person's, for lists."""

    kind: Literal["person", "administrator"] = "person"
    username: str
    person_id: str | None = None
    password_hash: str
    tokens_valid_from: datetime
    """Access tokens issued before do not count."""
    sessions_valid_from: datetime
    """Refresh tokens issued before do not count: raised by a new password and by revoking, not by an ended post."""
    disabled: bool = False
    standing_grants: tuple[StandingGrant, ...] = ()
    unit_ids: tuple[str, ...] = ()
    unit_path: tuple[str, ...] = ()


class Client(Document):
    """A partner system: signs in with its id and secret, within `scopes`, on its unit and below."""

    name: str
    unit_id: str
    unit_path: tuple[str, ...]
    scopes: tuple[str, ...]
    secret_hash: str
    tokens_valid_from: datetime
    disabled: bool = False
    sort_key: str


class RefreshToken(Document):
    """One link of a rotating chain; its id is the SHA-256 of the token. Using it twice ends its whole family."""

    account_id: str
    family: str
    issued: datetime
    expires: datetime
    state: Literal["fresh", "used", "revoked"] = "fresh"


def read_username(text: str) -> str:
    """The username in its one form. Raises Refusal when it is not one."""
    username = folded(text)
    if not USERNAME.match(username) or username != text.strip().lower():
        raise Refusal(
            "username-malformed",
            vi="Tên đăng nhập gồm 3–40 chữ cái không dấu, chữ số, dấu chấm, gạch nối hoặc gạch dưới.",
            en="A username has 3–40 letters without diacritics, digits, dots, hyphens or underscores.",
            pointer="/username",
        )
    return username


def check_password(password: str, username: str, pointer: str = "/password") -> None:
    """Raises Refusal when a password is too short, too long or the username itself."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refusal(
            "password-length",
            vi=f"Mật khẩu cần từ {SHORTEST_PASSWORD} đến {LONGEST_PASSWORD} ký tự.",
            en=f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
            pointer=pointer,
        )
    if folded(password) == username:
        raise Refusal(
            "password-is-username",
            vi="Mật khẩu không được trùng tên đăng nhập.",
            en="The password must not be the username.",
            pointer=pointer,
        )


def tokens_void(account: Account, now: datetime) -> Account:
    """Access tokens issued before now no longer count; sessions go on and get tokens with the rights of today."""
    return revised(account, tokens_valid_from=max(now, account.tokens_valid_from))


def signed_out(account: Account, now: datetime, **fields: object) -> Account:
    """Neither access nor refresh tokens issued before now count."""
    later = max(now, account.tokens_valid_from)
    return revised(account, tokens_valid_from=later, sessions_valid_from=later, **fields)
