"""口令散列 — Argon2id over the password mixed with a pepper, which is in no database.

19 MiB, two passes, one lane (trust.md R-22): 42 ms a try for us, and dear to whoever steals the
table. The pepper is the vault's look-up key, so the table alone opens to no guess at all. It is not
the site's secret: that may be changed to sign everybody out, and must not end their passwords.
"""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.base.vault import Vault
from app.kernel.secret import Secret

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
PASSWORD = "login.password"  # noqa: S105  # what the vault is told it is for


def hashed(vault: Vault, secret: Secret, purpose: str = PASSWORD) -> bytes:
    """What may be stored of a password or code; different each time."""
    return _HASHER.hash(_index(vault, secret, purpose)).encode()


def matches(vault: Vault, stored: bytes, secret: Secret, purpose: str = PASSWORD) -> bool:
    """Whether this is the password or code that was stored."""
    try:
        return _HASHER.verify(bytes(stored), _index(vault, secret, purpose))
    except VerifyMismatchError:
        return False


def matches_none(vault: Vault, secret: Secret) -> bool:
    """False, after as long as a wrong password takes: how long tells nobody who is known here."""
    return matches(vault, _nobodys(), secret) and False


@cache
def _nobodys() -> bytes:
    return _HASHER.hash(secrets.token_bytes(32)).encode()


def _index(vault: Vault, secret: Secret, purpose: str) -> bytes:
    # What no person can type is nobody's password, and no reason to fall.
    return vault.index(Secret(secret.reveal().encode(errors="replace").decode()), purpose)
