"""口令散列 — Argon2id over the password mixed with a pepper, which is in no database.

19 MiB, two passes, one lane (trust.md R-22): 42 ms a try for us, and dear to whoever steals the
table. The pepper is derived from the site's secret, so the table alone opens to no guess at all.
"""

from __future__ import annotations

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.kernel.secret import Secret

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_PEPPER = b"kejiao password pepper 1"


def hashed(secret: Secret, password: Secret) -> bytes:
    """What may be stored of a password; different each time."""
    return _HASHER.hash(_peppered(secret, password)).encode()


def matches(secret: Secret, stored: bytes, password: Secret) -> bool:
    """Whether this is the password that was stored."""
    try:
        return _HASHER.verify(bytes(stored), _peppered(secret, password))
    except VerifyMismatchError:
        return False


def _peppered(secret: Secret, password: Secret) -> bytes:
    pepper = hmac.digest(secret.reveal().encode(), _PEPPER, hashlib.sha256)
    return hmac.digest(pepper, password.reveal().encode(), hashlib.sha256)
