"""会话 — who a browser's cookie stands for."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import text

from app.accounts.queries.asking import alone
from app.accounts.queries.logins import LOGIN_COLUMNS, login_in, own_ids
from app.accounts.rules.devices import device_of
from app.accounts.rules.sessions import CONSOLE, MARKED, PHONE
from app.accounts.terms import (
    Binding,
    ConsoleSession,
    Grant,
    Login,
    OwnSession,
    PhoneSession,
    Screen,
    SessionId,
    Stage,
    Way,
)
from app.base.site import Site
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.place import Place
from app.kernel.secret import Secret
from app.people.terms import PersonId, PersonNo

# Marks the session as used, if it has not been for a while, and looks up whose openid it is now.
_PHONE = text("""
with marked as (
  update phone_session set seen_at = :now
  where token_hash = :hash and ended_at is null and opened_at > :oldest
    and seen_at > :idle and seen_at <= :marked
)
select s.id, s.slug, s.openid, s.light, s.opened_at, b.person_id, b.person_no, b.path
from phone_session s
left join binding b on b.slug = s.slug and b.openid = s.openid and b.ended_at is null
where s.token_hash = :hash and s.ended_at is null and s.opened_at > :oldest and s.seen_at > :idle
""")
# A log-in that is frozen has no session, from that moment on.
_CONSOLE = text(f"""
with marked as (
  update console_session set seen_at = :now
  where token_hash = :hash and ended_at is null and until > :now
    and seen_at > :idle and seen_at <= :marked
)
select s.id as session_id, s.grant_id, s.stage, s.way, s.strong, s.opened_at, {LOGIN_COLUMNS}
from console_session s join login l on l.id = s.login_id
where s.token_hash = :hash and s.ended_at is null and s.until > :now and s.seen_at > :idle
  and l.frozen_at is null
""")  # noqa: S608  # our own columns
_OWN = text("""
select 'console' as screen, id, agent, address, opened_at, seen_at from console_session
where login_id = :login_id and ended_at is null and until > :now and seen_at > :console_idle
union all
select 'phone', s.id, s.agent, s.address, s.opened_at, s.seen_at from phone_session s
join binding b on b.slug = s.slug and b.openid = s.openid and b.ended_at is null
where b.person_id = :person_id and s.ended_at is null and s.opened_at > :phone_oldest
  and s.seen_at > :phone_idle
order by seen_at desc, screen, id
""")


def phone_session(site: Site, token: Secret) -> PhoneSession | None:
    """手机会话 — whose browser holds this cookie; None for one unknown, ended or out of date.

    The binding is looked up each time, so one that ended a moment ago no longer counts.
    """
    now = site.clock()
    facts = {
        "hash": session_hash(site, token), "now": now, "oldest": now - PHONE.whole,
        "idle": now - PHONE.idle, "marked": now - MARKED,
    }  # fmt: skip
    row = alone(site, _PHONE, facts).one_or_none()
    if row is None:
        return None
    return PhoneSession(
        id=SessionId(row.id),
        slug=row.slug,
        openid=row.openid,
        light=row.light,
        binding=None
        if row.person_id is None
        else Binding(PersonId(row.person_id), PersonNo(row.person_no), Place(row.path)),
        csrf=session_csrf(site, token),
        opened_at=row.opened_at,
    )


def console_session(site: Site, token: Secret) -> ConsoleSession | None:
    """电脑会话 — whose browser holds this cookie; None for one unknown, ended or out of date.

    Log-in and grants are looked up each time, so what was frozen or taken away counts at once.
    """
    now = site.clock()
    facts = {
        "hash": session_hash(site, token), "now": now, "idle": now - CONSOLE.idle,
        "marked": now - MARKED,
    }  # fmt: skip
    row = alone(site, _CONSOLE, facts).one_or_none()
    if row is None:
        return None
    login = login_in(row._mapping)
    return ConsoleSession(
        id=SessionId(row.session_id),
        login=login,
        chosen=_chosen(login, row.grant_id),
        stage=Stage(row.stage),
        way=Way(row.way),
        strong=row.strong,
        csrf=session_csrf(site, token),
        opened_at=row.opened_at,
    )


def _chosen(login: Login, grant_id: int | None) -> Grant | None:
    """The capacity chosen; where there is but one, nobody has to choose."""
    if len(login.grants) == 1:
        return login.grants[0]
    # One's own person has no row, so a session that chose nothing yet has nothing either.
    found = (grant for grant in login.grants if grant_id and grant.id == grant_id)
    return next(found, None)


@query(Permission.ACCOUNTS_SELF)
def own_sessions(work: Work, name: str) -> tuple[OwnSession, ...]:
    """正在登录的设备 — every live session of one's own, the one used last first.

    NotFoundError for anybody else's.
    """
    login_id, person_id = own_ids(work, name)
    facts = {
        "login_id": login_id, "person_id": person_id, "now": work.now,
        "console_idle": work.now - CONSOLE.idle, "phone_idle": work.now - PHONE.idle,
        "phone_oldest": work.now - PHONE.whole,
    }  # fmt: skip
    return tuple(
        OwnSession(
            screen=Screen(row.screen),
            id=SessionId(row.id),
            device=device_of(row.agent),
            address=row.address,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
        )
        for row in work.session.execute(_OWN, facts)
    )


def session_hash(site: Site, token: Secret) -> bytes:
    """What is stored of a cookie; where the site's secret is changed, nobody is signed in."""
    return _keyed(site, "session", token).digest()


def session_csrf(site: Site, token: Secret) -> str:
    """What the forms of a session carry: only who holds the cookie's text can make it."""
    return _keyed(site, "session.form", token).hexdigest()


def _keyed(site: Site, purpose: str, token: Secret) -> hmac.HMAC:
    message = f"{purpose}\0{token.reveal()}".encode(errors="replace")
    return hmac.new(site.config.secret.reveal().encode(), message, hashlib.sha256)
