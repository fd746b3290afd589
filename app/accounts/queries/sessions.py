"""会话 — who a browser's cookie stands for."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import text

from app.accounts.queries.asking import alone
from app.accounts.rules.sessions import MARKED, PHONE
from app.accounts.terms.binding import Binding
from app.accounts.terms.sessions import PhoneSession, SessionId
from app.base.site import Site
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


def session_hash(site: Site, token: Secret) -> bytes:
    """What is stored of a cookie; where the site's secret is changed, nobody is signed in."""
    return _keyed(site, "session", token).digest()


def session_csrf(site: Site, token: Secret) -> str:
    """What the forms of a session carry: only who holds the cookie's text can make it."""
    return _keyed(site, "session.form", token).hexdigest()


def _keyed(site: Site, purpose: str, token: Secret) -> hmac.HMAC:
    message = f"{purpose}\0{token.reveal()}".encode(errors="replace")
    return hmac.new(site.config.secret.reveal().encode(), message, hashlib.sha256)
