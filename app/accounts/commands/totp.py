"""两步验证 — set up, proven at each sign-in, and taken away."""

from __future__ import annotations

import secrets

from app.accounts.queries.logins import own_login
from app.accounts.rules.logins import is_stale, stage_after
from app.accounts.rules.passwords import PROFILES
from app.accounts.rules.totp import KEY_BYTES, typed_number
from app.accounts.steps.second import (
    clockwork,
    forget_second,
    matches_number,
    new_recovery_codes,
    proves,
    sealing,
)
from app.accounts.steps.sessions import Standing, advance, governs, standing_of
from app.accounts.tables import LoginRow
from app.accounts.terms import Enrolling, SessionId, SignedIn, Stage, Visitor
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.secret import Secret

_ISSUER = "Kejiao"


@command(Permission.ACCOUNTS_SELF)
def begin_totp(work: Work, name: str) -> Enrolling:
    """开始设置两步验证 — the key for an authenticator; the same until a number of it was typed.

    ConflictError where it is set up already.
    """
    login = own_login(work, name, lock=True)
    if login.totp_at is not None:
        raise ConflictError("accounts.second.there")
    if login.totp_key is None:
        key = Secret(secrets.token_bytes(KEY_BYTES).hex())
        login.totp_key = work.site.vault.seal(key, sealing(login))
    uri = clockwork(work.site.vault, login).get_provisioning_uri(login.name, _ISSUER)
    return Enrolling(Secret(_key_in(uri)), Secret(uri))


@command(Permission.ACCOUNTS_SELF)
def confirm_totp(
    work: Work, name: str, session_id: SessionId, typed: str, visitor: Visitor
) -> tuple[SignedIn, tuple[Secret, ...]]:
    """完成设置 — the authenticator is the log-in's second factor; ten codes stand in for it.

    The session has proven it at once, and goes on. InvalidError for a wrong number.
    """
    login = own_login(work, name, lock=True)
    if login.totp_at is not None:
        raise ConflictError("accounts.second.there")
    standing = standing_of(work, login, session_id)
    if standing.stage not in {Stage.ENROL, Stage.OPEN}:
        raise NotFoundError("accounts.session.over")
    number = typed_number(typed)
    if not number or not matches_number(work, login, number):
        raise InvalidError("accounts.second.wrong")
    login.totp_at = work.now
    codes = new_recovery_codes(work, login)
    return _stronger(work, login, session_id, standing, visitor), codes


@command(Permission.ACCOUNTS_SELF)
def prove_second(
    work: Work, name: str, session_id: SessionId, typed: str, visitor: Visitor
) -> SignedIn | None:
    """两步验证 — the session is strong, and goes on; None for a wrong number or code."""
    login = own_login(work, name, lock=True)
    standing = standing_of(work, login, session_id)
    if standing.stage is not Stage.SECOND:
        raise NotFoundError("accounts.session.over")
    if not proves(work, login, typed):
        return None
    return _stronger(work, login, session_id, standing, visitor)


@command(Permission.ACCOUNTS_SELF)
def drop_totp(
    work: Work, name: str, session_id: SessionId, typed: str, visitor: Visitor
) -> SignedIn:
    """换手机 — the authenticator is forgotten, once it was proven a last time.

    Whoever governs others must set up the next one at once. InvalidError for a wrong number.
    """
    login = own_login(work, name, lock=True)
    standing = standing_of(work, login, session_id)
    if standing.stage is not Stage.OPEN or login.totp_at is None:
        raise NotFoundError("accounts.session.over")
    if not proves(work, login, typed):
        raise InvalidError("accounts.second.wrong")
    forget_second(work, login)
    stage = Stage.ENROL if governs(work, login) else Stage.OPEN
    return advance(
        work, login, session_id, stage, strong=False, device=visitor.device,
        grant_id=standing.grant_id,
    )  # fmt: skip


def _stronger(
    work: Work, login: LoginRow, session_id: SessionId, standing: Standing, visitor: Visitor
) -> SignedIn:
    profile = PROFILES[work.site.config.password_profile]
    stage = Stage.OPEN
    if standing.stage is not Stage.OPEN:
        stage = stage_after(
            standing.way, governs=True, second=True, strong=True,
            stale=is_stale(profile, login.password_at, work.now),
        )  # fmt: skip
    return advance(
        work, login, session_id, stage, strong=True, device=visitor.device,
        grant_id=standing.grant_id,
    )  # fmt: skip


def _key_in(uri: str) -> str:
    """The key as an authenticator takes it when typed, out of its own address."""
    return uri.partition("secret=")[2].partition("&")[0]
