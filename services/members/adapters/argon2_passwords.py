"""Passwords as argon2id hashes, with the parameters of OWASP's cheat sheet (19 MiB, 2 passes, 1 lane)."""

from __future__ import annotations

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError


class Argon2Passwords:
    """`Passwords` with argon2-cffi. Safe for threads."""

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)

    def hashed(self, password: str) -> str:
        return self._hasher.hash(password)

    def match(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (Argon2Error, InvalidHashError):
            return False
        return bool(stored)

    @cached_property
    def _nobodys(self) -> str:
        """What is compared with where there is no account: the same work as for one that exists."""
        return self._hasher.hash("nobody's password")
