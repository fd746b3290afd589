"""登录 — a person's log-in where it is first needed, and whose a typed password is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text

from app.accounts.queries import alone
from app.accounts.queries.logins import login_in, login_row
from app.accounts.queries.sessions import session_hash
from app.accounts.rules.codes import code_purpose, typed_code
from app.accounts.rules.logins import (
    ADDRESS,
    CODES,
    DEVICE,
    NAME,
    ONE_CODE,
    PAIR,
    SECOND,
    is_stale,
    network_of,
    typed_name,
)
from app.accounts.rules.passwords import LONGEST, PROFILES
from app.accounts.rules.sessions import DEVICE_KNOWN
from app.accounts.steps.attempts import charge, forget, refund
from app.accounts.steps.clashes import flush
from app.accounts.tables import LoginRow
from app.accounts.terms import CodeId, Login, Tried
from app.base import passwords
from app.base.site import Site
from app.base.work import Work
from app.kernel.secret import Secret
from app.people.terms import Person

_KNOWN = text("""
select true from known_device
where token_hash = :hash and login_id = :login_id and seen_at > :since
""")
_CODE = text("""
select id, code_hash from reset_code
where login_id = :login_id and agreed_at is not null and used_at is null and voided_at is null
  and expires_at > :now
order by id desc limit 1
""")


def person_login(work: Work, person: Person, card_no: str | None) -> LoginRow:
    """The log-in of a person, locked; made unclaimed where there is none, called by their card.

    A card's number that an older log-in still goes by is this person's from now on.
    """
    asked = select(LoginRow).where(LoginRow.person_id == person.id).with_for_update()
    login = work.session.scalar(asked)
    if login is None:
        [key] = work.fresh_ids(LoginRow, 1)
        login = LoginRow(
            id=key, name=person.no, person_id=person.id, path=person.place.path,
            created_at=work.now,
        )  # fmt: skip
        work.session.add(login)
        flush(work, "accounts.login.meanwhile")
    if card_no is not None and login.card_no != card_no:
        older = select(LoginRow).where(LoginRow.card_no == card_no).with_for_update()
        for other in work.session.scalars(older):
            other.card_no = None
        work.session.flush()  # before the new one, or the unique index would see both
        login.card_no = card_no
        flush(work, "accounts.login.meanwhile")
    return login


def try_password(
    site: Site, typed: str, password: Secret, *, address: str, device: Secret | None
) -> Tried:
    """Whose log-in this name and password open; nobody's for whatever reason it does not.

    1. It is counted first, by the address, by name and neighbourhood, by the name; a browser that
       the log-in's owner came from before is counted by itself, so nobody can shut an owner out.
    2. A password is always weighed, also where there is none, so how long it takes tells nothing.
    3. What was right is taken back; frozen is the same answer as wrong.
    """
    name = typed_name(typed)
    found = login_row(site, name) if name else None
    known = found is not None and device is not None and _is_known(site, found.id, device)
    wait = _count_known(site, device) if known else _count(site, name, address)
    if wait:
        return Tried(None, wait)
    right = _is_right(site, found, password)
    if not right or found is None or found.frozen_at is not None:
        return Tried(None)
    login = login_in(found._mapping)
    if not login.grants:  # whoever was left with none
        return Tried(None)
    if known and device is not None:
        forget(site, DEVICE, _by(site, device))
    else:
        forget(site, PAIR, f"{name}\0{network_of(address)}")
        refund(site, ADDRESS, address)
        refund(site, NAME, name)
    profile = PROFILES[site.config.password_profile]
    stale = is_stale(profile, found.password_at, site.clock())
    return Tried(login, stale=stale)


def try_code(site: Site, typed: str, code: Secret, *, address: str) -> Tried:
    """Whose log-in this name and one-time code open; nobody's for whatever reason they do not.

    Counted by the address and by the code, which the fifth wrong try voids. As many questions are
    asked and one hash is weighed for a name nobody has.
    """
    if wait := charge(site, CODES, address):
        return Tried(None, wait)
    name = typed_name(typed)
    found = login_row(site, name) if name else None
    facts = {"login_id": None if found is None else found.id, "now": site.clock()}
    alive = alone(site, _CODE, facts).one_or_none()
    worn_out = charge(site, ONE_CODE, f"{name}" if alive is None else f"#{alive.id}")
    bare = Secret(typed_code(code.reveal()))
    if found is None or alive is None:
        passwords.matches_none(site.vault, bare)
        return Tried(None)
    purpose = code_purpose(found.id)
    right = passwords.matches(site.vault, alive.code_hash, bare, purpose)
    if not right or worn_out or found.frozen_at is not None:
        return Tried(None)
    refund(site, CODES, address)
    return Tried(login_in(found._mapping), code_id=CodeId(alive.id))


def try_second(site: Site, login: Login) -> int:
    """Count one try at a second factor; 0 if it may go on, else the seconds to wait."""
    return charge(site, SECOND, f"{login.id}")


def second_was_right(site: Site, login: Login) -> None:
    """Begin to count anew."""
    forget(site, SECOND, f"{login.id}")


def _count(site: Site, name: str, address: str) -> int:
    return (
        charge(site, ADDRESS, address)
        or charge(site, PAIR, f"{name}\0{network_of(address)}")
        or charge(site, NAME, name)
    )


def _count_known(site: Site, device: Secret | None) -> int:
    return 0 if device is None else charge(site, DEVICE, _by(site, device))


def _by(site: Site, device: Secret) -> str:
    return session_hash(site, device).hex()


def _is_known(site: Site, login_id: int, device: Secret) -> bool:
    since: datetime = site.clock() - DEVICE_KNOWN
    facts = {"hash": session_hash(site, device), "login_id": login_id, "since": since}
    return alone(site, _KNOWN, facts).one_or_none() is not None


def _is_right(site: Site, found: Row[*tuple[Any, ...]] | None, password: Secret) -> bool:
    if found is None or found.password_hash is None or len(password.reveal()) > LONGEST:
        return passwords.matches_none(site.vault, Secret(password.reveal()[:LONGEST]))
    return passwords.matches(site.vault, found.password_hash, password)
