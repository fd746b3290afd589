"""账号 — stopped, let go on, and looked over."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.queries import hash_of
from app.accounts.queries.logins import own_person
from app.accounts.rules.passwords import guesses
from app.accounts.steps.freezing import stop, thaw
from app.accounts.steps.passwords import numbers_of
from app.accounts.steps.second import forget_second
from app.accounts.steps.sessions import end_sessions
from app.accounts.tables import FreezeLinkRow, LoginRow
from app.base import passwords, words
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people import queries as people


@command(Permission.ACCOUNTS_SELF)
def freeze(work: Work, token: Secret) -> None:
    """冻结 — whoever holds the link stops the log-in: nobody comes in, and who was in is out.

    NotFoundError for a link that is unknown, used, out of date, or another person's.
    """
    link = work.session.scalar(
        select(FreezeLinkRow).where(FreezeLinkRow.token_hash == hash_of(token)).with_for_update()
    )
    if link is None or link.used_at is not None or link.expires_at <= work.now:
        raise NotFoundError("accounts.freeze.gone")
    login = work.session.get_one(LoginRow, link.login_id, with_for_update=True)
    own_person(work, login.name)
    link.used_at = work.now
    stop(work, login)


@command(Permission.ACCOUNTS_RESET)
def freeze_login(work: Work, name: str, *, reason: str) -> None:
    """冻结账号 — an operator stops somebody's log-in, for a reason."""
    login = _in_sight(work, name, reason)
    stop(work, login)
    work.note("login", login.id, Place(login.path), kind="freeze", reason=reason)


@command(Permission.ACCOUNTS_RESET)
def unfreeze_login(work: Work, name: str, *, reason: str) -> None:
    """解冻账号 — the log-in may be used again, for a reason; its old password is no more."""
    login = _in_sight(work, name, reason)
    thaw(login)
    work.note("login", login.id, Place(login.path), kind="unfreeze", reason=reason)


@command(Permission.ACCOUNTS_RESET)
def forget_totp(work: Work, name: str, *, reason: str) -> None:
    """解除两步验证 — for a phone lost with its codes: the next sign-in sets up another."""
    login = _in_sight(work, name, reason)
    forget_second(work, login)
    end_sessions(work, login.id, login.person_id)
    work.note("login", login.id, Place(login.path), kind="forget_totp", reason=reason)


@command(Permission.SYSTEM_OPERATE)
def audit_weak(work: Work) -> tuple[str, ...]:
    """弱密码检查 — log-ins whose password anybody would try first; such a password is no more.

    Tried are the numbers of card, identity and phone with their last six and eight digits, the
    name, and the commonest words.
    """
    logins = work.session.scalars(
        select(LoginRow)
        .where(LoginRow.password_hash.is_not(None))
        .order_by(LoginRow.id)
        .with_for_update()
    ).all()
    common = words.book("passwords")["tried_first"].split()
    known = people.known(work, [login.name for login in logins], lock=False)
    found = []
    for login in logins:
        numbers = (Secret(login.name), *numbers_of(login, known))
        if any(_opens(work, login, guess) for guess in guesses(numbers, common)):
            login.password_hash = None
            end_sessions(work, login.id, login.person_id)
            found.append(login.name)
    return tuple(found)


def _opens(work: Work, login: LoginRow, guess: Secret) -> bool:
    stored = login.password_hash
    return stored is not None and passwords.matches(work.site.vault, stored, guess)


def _in_sight(work: Work, name: str, reason: str) -> LoginRow:
    """The log-in of that name or card, locked; administrators' are the platform's to stop."""
    if not reason.strip():
        raise InvalidError("accounts.reason.missing")
    asked = (
        select(LoginRow)
        .where((LoginRow.name == name) | (LoginRow.card_no == name))
        .order_by(LoginRow.id)
        .with_for_update()
    )
    for login in work.session.scalars(asked):
        if work.actor.place.holds(Place(login.path)):
            return login
    raise NotFoundError("accounts.login.unknown", name=name)
