"""口令散列 — Argon2id over the password mixed with a pepper, which is in no database.

19 MiB, two passes, one lane (trust.md R-22): 42 ms a try for us, and dear to whoever steals the
table. The pepper is the vault's look-up key, so the table alone opens to no guess at all. It is not
the site's secret: that may be changed to sign everybody out, and must not end their passwords.
"""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.base.vault import Vault
from app.kernel.secret import Secret

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_PURPOSE = "login.password"


def hashed(vault: Vault, password: Secret) -> bytes:
    """What may be stored of a password; different each time."""
    return _HASHER.hash(vault.index(password, _PURPOSE)).encode()


def matches(vault: Vault, stored: bytes, password: Secret) -> bool:
    """Whether this is the password that was stored."""
    try:
        return _HASHER.verify(bytes(stored), vault.index(password, _PURPOSE))
    except VerifyMismatchError:
        return False
