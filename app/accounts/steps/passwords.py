"""密码 — judged against what its owner is known by, and put in force."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from app.accounts.rules.passwords import PROFILES, weaknesses
from app.accounts.tables import LoginRow, PastPasswordRow
from app.base import passwords, words
from app.base.work import Work
from app.kernel.errors import InvalidError, RowError
from app.kernel.secret import Secret
from app.people import queries as people
from app.people.terms import KnownPerson


def take_password(work: Work, login: LoginRow, password: Secret) -> None:
    """设密码 — the log-in, which the caller has locked, has this password from now on.

    InvalidError names all that is wrong with it; it never holds the password itself.
    """
    vault = work.site.vault
    profile = PROFILES[work.site.config.password_profile]
    common = words.book("passwords")["common"].split()
    known = people.known(work, [login.name], lock=False) if login.person_id is not None else {}
    weak = weaknesses(
        password, login.name, common, profile=profile, numbers=numbers_of(login, known)
    )
    rows = [RowError(1, "password", "", code, tuple(facts.items())) for code, facts in weak]
    if not rows and any(
        passwords.matches(vault, past, password) for past in _past(work, login, profile.remembered)
    ):
        facts = (("count", profile.remembered),)
        code = "accounts.password.used" if profile.remembered == 1 else "accounts.password.used_of"
        rows.append(RowError(1, "password", "", code, facts))
    if rows:
        raise InvalidError("accounts.password.refused", rows=rows)
    if login.password_hash is not None:
        work.session.add(
            PastPasswordRow(login_id=login.id, password_hash=login.password_hash, ended_at=work.now)
        )
    login.password_hash = passwords.hashed(vault, password)
    login.password_at = work.now


def numbers_of(login: LoginRow, known: Mapping[str, KnownPerson]) -> tuple[Secret, ...]:
    """The numbers that others know of a log-in's owner, one of the people given by number."""
    numbers = [Secret(login.name)] if login.person_id is not None else []
    if login.card_no is not None:
        numbers.append(Secret(login.card_no))
    if login.person_id is not None and login.name in known:
        profile = known[login.name].profile
        numbers += [profile.id_number, profile.phone]
    return tuple(number for number in numbers if number)


def _past(work: Work, login: LoginRow, count: int) -> tuple[bytes, ...]:
    """The hash in force, and those before it, as many as are remembered."""
    if login.password_hash is None:
        return ()
    asked = (
        select(PastPasswordRow.password_hash)
        .where(PastPasswordRow.login_id == login.id)
        .order_by(PastPasswordRow.id.desc())
        .limit(count - 1)
    )
    return (login.password_hash, *work.session.scalars(asked))
