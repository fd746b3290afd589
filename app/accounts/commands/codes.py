"""一次性码与新密码 — the way back in for whom WeChat knows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from app.accounts.queries.logins import bindings_of, codes_today, own_login, own_person
from app.accounts.rules import codes as figures
from app.accounts.rules.codes import code_purpose
from app.accounts.rules.logins import stage_after
from app.accounts.steps.freezing import freeze_link, thaw
from app.accounts.steps.logins import person_login
from app.accounts.steps.passwords import take_password
from app.accounts.steps.second import new_code, proves
from app.accounts.steps.sessions import (
    end_sessions,
    governs,
    open_console_session,
    standing_of,
)
from app.accounts.steps.telling import moment_facts, tell_person
from app.accounts.tables import BindingRow, CodeRow, LoginRow
from app.accounts.terms import Code, CodeId, SessionId, SignedIn, Stage, Visitor, Way
from app.base import passwords
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.kernel.secret import Secret
from app.people import queries as people


@command(Permission.ACCOUNTS_SELF)
def ask_code(
    work: Work,
    person_no: str,
    *,
    card_no: str | None,
    slug: str,
    openid: str,
    number: str = "",
) -> Code:
    """要一次性码 — a code that lets this person set a new password on a computer, shown once.

    1. The openid must be theirs. Where its binding is young or changed, or the log-in governs
       others, that is too little: ForbiddenError, unless the phone was proven a moment ago, or
       `number` is the authenticator's.
    2. The log-in is locked, then today's codes are counted; older codes die.
    """
    person = own_person(work, person_no)
    login = person_login(work, person, card_no)
    if login.frozen_at is not None:
        raise ConflictError("accounts.login.frozen")
    _prove(work, login, slug=slug, openid=openid, number=number)
    today = codes_today(work, login.id)
    left = figures.CODES_A_DAY - sum(code.reason is None for code in today) - 1
    if left < 0:
        raise ConflictError("accounts.code.enough", most=figures.CODES_A_DAY)
    return _new_code(work, login, reason=None, agreed=True, left=left)


@command(Permission.ACCOUNTS_RESET)
def reset_code(
    work: Work, person_no: str, *, card_no: str | None, reason: str, present: bool
) -> Code:
    """代要一次性码 — an administrator asks for a code for somebody, who must agree to it.

    They agree in their own WeChat, or stand in front of the administrator (`present`), who says
    so. ConflictError where nobody could agree. What the code is, only its owner gets to use.
    """
    if not reason.strip():
        raise InvalidError("accounts.reason.missing")
    person = people.within_sight(work, person_no)
    login = person_login(work, person, card_no)
    if login.frozen_at is not None:
        raise ConflictError("accounts.login.frozen")
    bound = any(row.ended_at is None for row in bindings_of(work, person.id))
    if not present and not bound:
        raise ConflictError("accounts.code.nobody_to_agree")
    made = _new_code(work, login, reason=reason.strip(), agreed=present, left=0)
    if not present:
        tell_person(work, person.id, "code_waits", **moment_facts(work.now))
    return made


@command(Permission.ACCOUNTS_SELF)
def agree_code(work: Work, person_no: str) -> None:
    """同意代要的码 — an administrator's code may be used. NotFoundError where none waits."""
    person = own_person(work, person_no)
    asked = (
        select(CodeRow)
        .join(LoginRow, LoginRow.id == CodeRow.login_id)
        .where(LoginRow.person_id == person.id, CodeRow.agreed_at.is_(None), *_alive(work))
        .with_for_update(of=CodeRow)
    )
    code = work.session.scalar(asked)
    if code is None:
        raise NotFoundError("accounts.code.none_waits")
    code.agreed_at = work.now


@command(Permission.ACCOUNTS_SELF)
def unfreeze(work: Work, person_no: str, *, slug: str, openid: str, number: str = "") -> None:
    """解冻 — its owner, proven once more, lets the log-in go on; its old password is no more."""
    person = own_person(work, person_no)
    login = person_login(work, person, None)
    standing = _standing(bindings_of(work, person.id), slug, openid)
    _prove_more(work, login, standing, number)
    thaw(login)


@command(Permission.ACCOUNTS_SELF)
def use_code(work: Work, name: str, code_id: CodeId, visitor: Visitor) -> SignedIn:
    """用一次性码 — the browser whose owner typed the right code may set a new password.

    The log-in is locked, so of many who use one code at once one comes in; the others, and whose
    log-in was frozen meanwhile, are told NotFoundError.
    """
    login = own_login(work, name, lock=True)
    asked = select(CodeRow).where(
        CodeRow.id == code_id, CodeRow.login_id == login.id, CodeRow.agreed_at.is_not(None),
        *_alive(work),
    )  # fmt: skip
    code = work.session.scalar(asked)
    if code is None or login.frozen_at is not None:
        raise NotFoundError("accounts.code.gone")
    code.used_at = work.now
    stage = stage_after(
        Way.CODE, governs=governs(work, login), second=login.totp_at is not None,
        strong=False, stale=False,
    )  # fmt: skip
    return open_console_session(
        work, login, way=Way.CODE, strong=False, stage=stage, visitor=visitor
    )


@command(Permission.ACCOUNTS_SELF)
def set_password(
    work: Work, name: str, session_id: SessionId, password: Secret, visitor: Visitor
) -> SignedIn:
    """设新密码 — the log-in has this password, and no session but the one that set it.

    Only a session that proved enough to do so may. Everybody who is bound to the person is told in
    the same transaction, with a link that freezes the log-in. InvalidError says what is wrong with
    the password; nothing is changed then.
    """
    login = own_login(work, name, lock=True)
    standing = standing_of(work, login, session_id)
    if standing.stage is not Stage.RENEW:
        raise NotFoundError("accounts.session.over")
    take_password(work, login, password)
    end_sessions(work, login.id, login.person_id)
    signed = open_console_session(
        work, login, way=standing.way, strong=standing.strong, stage=Stage.OPEN, visitor=visitor
    )
    if login.person_id is not None:
        link_no = freeze_link(work, login)
        facts = moment_facts(work.now)
        tell_person(work, login.person_id, "password_reset", freeze_no=link_no, **facts)
    return signed


def _prove(work: Work, login: LoginRow, *, slug: str, openid: str, number: str) -> None:
    """Refuse who proves too little. NotFoundError where the openid is not this person's."""
    bindings = bindings_of(work, login.person_id or 0)
    standing = _standing(bindings, slug, openid)
    more = figures.needs_proof(
        work.now,
        bound_at=standing.bound_at,
        changes=[row.ended_at for row in bindings if row.ended_at is not None],
        governs=governs(work, login),
    )
    if more:
        _prove_more(work, login, standing, number)


def _standing(bindings: Sequence[BindingRow], slug: str, openid: str) -> BindingRow:
    for row in bindings:
        if (row.slug, row.openid, row.ended_at) == (slug, openid, None):
            return row
    raise NotFoundError("accounts.code.not_bound")


def _prove_more(work: Work, login: LoginRow, standing: BindingRow, number: str) -> None:
    """Refuse whose phone was not proven a moment ago, unless the number is the authenticator's."""
    at = standing.phone_proven_at
    fresh = at is not None and work.now - at < figures.PROOF_LIFE
    if not fresh and not proves(work, login, number):
        raise ForbiddenError("accounts.code.proof_first", days=figures.YOUNG.days)


def _new_code(work: Work, login: LoginRow, *, reason: str | None, agreed: bool, left: int) -> Code:
    older = select(CodeRow).where(CodeRow.login_id == login.id, *_alive(work))
    for code in work.session.scalars(older):
        code.voided_at = work.now
    made = new_code()
    expires_at = work.now + figures.CODE_LIFE
    [key] = work.fresh_ids(CodeRow, 1)
    hashed = passwords.hashed(work.site.vault, made, code_purpose(login.id))
    work.session.add(
        CodeRow(
            id=key, login_id=login.id, made_at=work.now, expires_at=expires_at, code_hash=hashed,
            reason=reason, agreed_at=work.now if agreed else None,
        )
    )  # fmt: skip
    return Code(made, login.card_no or login.name, expires_at, left)


def _alive(work: Work) -> tuple[ColumnElement[bool], ...]:
    return (
        CodeRow.used_at.is_(None), CodeRow.voided_at.is_(None), CodeRow.expires_at > work.now,
    )  # fmt: skip
