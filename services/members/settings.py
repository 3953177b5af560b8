"""What the members service is told by its environment."""

from __future__ import annotations

from pydantic import Field, SecretStr

from chassis.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """The shared settings and those of accounts; the environment's names are these in capitals."""

    key_encryption_secret: SecretStr = Field(min_length=16)
    """Seals the private signing keys at rest. Changing it makes the stored keys unreadable: drop them and migrate."""
    bootstrap_admin_password: SecretStr | None = None
    """When set, `migrate` founds the organisation: the root unit and its administrator's account `quantri`."""
    bootstrap_unit_name: str = "Thành Đoàn Đà Nẵng"
    bootstrap_unit_code: str | None = "48"
    """Official code of the province or city."""
    sign_in_tries_per_name: str = "10/minute"
    sign_in_tries_per_address: str = "300/minute"
    """A village's users may share one address."""
