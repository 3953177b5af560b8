"""Signing keys kept sealed: the private JWK as a JWE under a secret of the deployment, opened once per process."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chassis.web.token_claims import TokenClaims
from chassis.web.tokens import new_signing_key, public_part, sign

_ALGORITHMS = ["PBES2-HS256+A128KW", "A256GCM"]
_ROUNDS = 120_000
"""PBKDF2 iterations per sealing and opening: the secret may be a passphrase. About 50 ms, once per key and process."""
_KEPT_OPEN = 8


class SealedKeys:
    """`KeySafe` with joserfc. Safe for threads. Raises ValueError for a secret of fewer than 16 characters."""

    def __init__(self, secret: str) -> None:
        if len(secret) < 16:
            raise ValueError("KEY_ENCRYPTION_SECRET needs 16 characters or more")
        self._key = OctKey.import_key(secret.encode())
        self._open: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    def new_key(self, key_id: str) -> tuple[dict[str, Any], str]:
        private = new_signing_key(key_id)
        header = {"alg": _ALGORITHMS[0], "enc": _ALGORITHMS[1], "p2c": _ROUNDS}
        sealed = jwe.encrypt_compact(header, json.dumps(private).encode(), self._key, algorithms=_ALGORITHMS)
        return public_part(private), sealed

    def sign(self, claims: TokenClaims, sealed: str) -> str:
        return sign(claims, self._opened(sealed))

    def _opened(self, sealed: str) -> dict[str, Any]:
        with self._lock:
            if sealed not in self._open:
                self._open[sealed] = self._unsealed(sealed)
                while len(self._open) > _KEPT_OPEN:
                    self._open.popitem(last=False)
            return self._open[sealed]

    def _unsealed(self, sealed: str) -> dict[str, Any]:
        try:
            plaintext = jwe.decrypt_compact(sealed, self._key, algorithms=_ALGORITHMS).plaintext
        except (JoseError, ValueError) as error:
            raise ValueError("the signing key does not open with this KEY_ENCRYPTION_SECRET") from error
        if plaintext is None:
            raise ValueError("the sealed signing key is empty")
        private: dict[str, Any] = json.loads(plaintext)
        return private
