"""两步验证 — whether a number is the authenticator's now, or one of the codes that stand in for it.

RFC 6238 with SHA-1, six digits and steps of thirty seconds, which is what authenticators know.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import select

from app.accounts.rules.codes import LENGTH, SIGNS, typed_code
from app.accounts.rules.totp import DIGITS, RECOVERY_CODES, SKEW, STEP_S, typed_number
from app.accounts.tables import LoginRow, RecoveryRow
from app.base import passwords
from app.base.vault import Vault
from app.base.work import Work
from app.kernel.secret import Secret


def proves(work: Work, login: LoginRow, typed: str) -> bool:
    """Whether this is the log-in's second factor now; it is used up by the asking.

    The caller has locked the log-in, so of two who use one number at once one is right.
    """
    if login.totp_at is None:
        return False
    if number := typed_number(typed):
        return matches_number(work, login, number)
    return _spends_recovery(work, login, typed)


def matches_number(work: Work, login: LoginRow, number: str) -> bool:
    """Whether the authenticator shows this number now; no number of this step is taken again."""
    if login.totp_key is None:
        return False
    totp = clockwork(work.site.vault, login)
    now = int(work.now.timestamp()) // STEP_S
    for step in range(now - SKEW, now + SKEW + 1):
        fresh = login.totp_step is None or step > login.totp_step
        right = hmac.compare_digest(totp.generate(step * STEP_S), number.encode())
        if fresh and right:
            login.totp_step = step
            return True
    return False


def clockwork(vault: Vault, login: LoginRow) -> TOTP:
    """The authenticator's own reckoning, from the key that is sealed."""
    sealed = login.totp_key
    if sealed is None:
        raise ValueError(login.id)
    key = bytes.fromhex(vault.open(sealed, sealing(login)).reveal())
    return TOTP(key, DIGITS, SHA1(), STEP_S)  # noqa: S303  # what authenticators know


def sealing(login: LoginRow) -> str:
    """The purpose under which the key is sealed: it opens for this log-in only."""
    return f"login.totp:{login.id}"


def new_code() -> Secret:
    """Ten signs of Crockford's, fifty bits."""
    return Secret("".join(secrets.choice(SIGNS) for _ in range(LENGTH)))


def new_recovery_codes(work: Work, login: LoginRow) -> tuple[Secret, ...]:
    """恢复码 — ten codes for the day the phone is lost."""
    codes = tuple(new_code() for _ in range(RECOVERY_CODES))
    keys = work.fresh_ids(RecoveryRow, len(codes))
    purpose = _purpose(login)
    for key, code in zip(keys, codes, strict=True):
        hashed = passwords.hashed(work.site.vault, code, purpose)
        work.session.add(RecoveryRow(id=key, login_id=login.id, code_hash=hashed))
    return codes


def forget_second(work: Work, login: LoginRow) -> None:
    """The log-in, which the caller has locked, has no second factor; its codes open nothing."""
    login.totp_key = login.totp_at = login.totp_step = None
    before = select(RecoveryRow).where(
        RecoveryRow.login_id == login.id, RecoveryRow.used_at.is_(None)
    )
    for row in work.session.scalars(before):
        row.used_at = work.now


def _spends_recovery(work: Work, login: LoginRow, typed: str) -> bool:
    bare = Secret(typed_code(typed))
    if not bare:
        return False
    unused = (
        select(RecoveryRow)
        .where(RecoveryRow.login_id == login.id, RecoveryRow.used_at.is_(None))
        .order_by(RecoveryRow.id)
    )
    for row in work.session.scalars(unused):
        if passwords.matches(work.site.vault, row.code_hash, bare, _purpose(login)):
            row.used_at = work.now
            return True
    return False


def _purpose(login: LoginRow) -> str:
    return f"login.recovery:{login.id}"
