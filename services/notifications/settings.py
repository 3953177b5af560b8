"""What the notifications service is told by its environment."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from chassis.runtime.settings import ServiceSettings
from notifications.domain.quiet_hours import QuietHours


class Settings(ServiceSettings):
    """The shared settings and those of the edge; the environment's names are these in capitals."""

    sms_gateway_url: str = "http://127.0.0.1:8190/gateway/esms"
    """Base URL of an eSMS-like gateway; the real one is https://rest.esms.vn."""
    sms_gateway_api_key: SecretStr
    sms_gateway_secret_key: SecretStr
    """Also the key from which the addresses of receipts and of e-mail refusals are signed."""
    sms_brandname: str = Field(default="", max_length=11)
    sms_price_vnd_per_part: int = Field(default=850, ge=0)
    """đồng; eSMS's sample price of a CSKH message (developers.esms.vn, 2026). The receipt's price replaces it."""
    sms_diacritics: bool = False
    """Send SMS with Vietnamese accents: twice the parts, twice the price."""
    callback_url: str = "http://127.0.0.1:8103"
    """Base URL of this service as the gateway reaches it."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=8125, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str = "thongbao@nhipdoan.vn"
    mail_from_name: str = "Nhịp Đoàn"

    quiet_hours: str = Field(default_factory=lambda: "" if os.environ.get("QUIET_HOURS") == "" else "22:00-07:00")
    """Local time in which nothing is sent but one-time codes and disaster messages; empty: none."""
    valid_for_hours: int = Field(default=48, ge=1)
    """How long a message that is not about a meeting may wait."""
    contact_wait_seconds: int = Field(default=600, ge=0)
    """How long the contact of an unknown person is waited for."""
    tell_within_hours: int = Field(default=23, ge=1)
    """Of what happened longer ago nobody is told: eSMS knows a repeated RequestId for 24 hours and not longer. Raise it
    to make up for a longer outage, when nothing can have been sent before."""

    deliver_channels: Literal["both", "sms", "email"] = "both"
    deliver_batch: int = Field(default=250, ge=1, le=2000)
    deliver_sms_threads: int = Field(default=96, ge=1, le=512)
    deliver_mail_threads: int = Field(default=16, ge=1, le=128)
    deliver_lease_seconds: float = Field(default=9.0, ge=2.0)
    gateway_timeout_seconds: float = Field(default=10.0, gt=0)

    @field_validator("quiet_hours")
    @classmethod
    def _readable(cls, written: str) -> str:
        QuietHours.parse(written)
        return written
