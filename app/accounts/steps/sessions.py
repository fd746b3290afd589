"""会话 — opened, advanced and ended; those that take a site commit by themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from app.accounts.queries import alone
from app.accounts.queries.sessions import session_hash
from app.accounts.rules.sessions import CONSOLE, UNFINISHED, agent_kept
from app.accounts.tables import GrantRow, LoginRow
from app.accounts.terms import GrantId, SessionId, SignedIn, Stage, Visitor, Way
from app.base.site import Site
from app.base.work import Work
from app.kernel.errors import NotFoundError
from app.kernel.place import Place
from app.kernel.secret import Secret

TOKEN_BYTES = 32

# The browser's older session ends in the same moment: a token never lives on past its successor.
_OPEN_PHONE = text("""
with older as (
  update phone_session set ended_at = :now where token_hash = :older and ended_at is null
)
insert into phone_session (token_hash, slug, openid, light, agent, address, opened_at, seen_at)
values (:hash, :slug, :openid, :light, :agent, :address, :now, :now)
""")
_END_PHONE = text("""
update phone_session set ended_at = :now where token_hash = :hash and ended_at is null
""")
_OPEN_CONSOLE = text("""
with older as (
  update console_session set ended_at = :now where token_hash = :older and ended_at is null
)
insert into console_session (token_hash, login_id, grant_id, stage, way, strong, agent, address,
  opened_at, seen_at, until)
values (:hash, :login_id, null, :stage, :way, :strong, :agent, :address, :now, :now, :until)
""")
# A new cookie at each step up: one that somebody knew before is worth nothing after it.
_ADVANCE = text("""
update console_session set token_hash = :hash, stage = :stage, strong = :strong,
  grant_id = :grant_id, seen_at = :now, until = :until
where id = :id and login_id = :login_id and ended_at is null
returning way
""")
_KNOW = text("""
insert into known_device (token_hash, login_id, seen_at) values (:hash, :login_id, :now)
on conflict (token_hash, login_id) do update set seen_at = excluded.seen_at
""")
_STANDING = text("""
select id, way, strong, stage, opened_at, grant_id from console_session
where id = :id and login_id = :login_id and ended_at is null and until > :now for update
""")
_END_ALL = text("""
update console_session set ended_at = :now
where login_id = :login_id and ended_at is null and id is distinct from :but
returning id
""")
_END_PHONES = text("""
update phone_session s set ended_at = :now from binding b
where b.person_id = :person_id and b.ended_at is null and b.slug = s.slug and b.openid = s.openid
  and s.ended_at is null and s.id is distinct from :but
returning s.id
""")


def open_phone_session(
    site: Site,
    slug: str,
    openid: str,
    *,
    agent: str,
    address: str,
    light: bool = False,
    replacing: Secret | None = None,
) -> Secret:
    """手机会话 — the token for the cookie of a browser that has proven to be this openid's.

    `replacing` is what the browser's cookie held before, if anything: that session ends.
    """
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    facts = {
        "hash": session_hash(site, token), "slug": slug, "openid": openid, "light": light,
        "agent": agent_kept(agent), "address": address, "now": site.clock(),
        "older": None if replacing is None else session_hash(site, replacing),
    }  # fmt: skip
    alone(site, _OPEN_PHONE, facts)
    return token


def end_phone_session(site: Site, token: Secret) -> None:
    """The session of this cookie is over; nothing happens where it is not alive."""
    alone(site, _END_PHONE, {"hash": session_hash(site, token), "now": site.clock()})


def open_console_session(
    work: Work,
    login: LoginRow,
    *,
    way: Way,
    strong: bool,
    stage: Stage,
    visitor: Visitor,
) -> SignedIn:
    """电脑会话 — what a browser keeps once its log-in is proven; its older session ends.

    The trail says who came in, how, and from where.
    """
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    device = visitor.device or Secret(secrets.token_urlsafe(TOKEN_BYTES))
    older = visitor.session
    work.session.execute(
        _OPEN_CONSOLE,
        {
            "hash": session_hash(work.site, token), "login_id": login.id, "stage": stage,
            "way": way, "strong": strong, "agent": agent_kept(visitor.agent),
            "address": visitor.address, "now": work.now, "until": _until(stage, work.now),
            "older": None if older is None else session_hash(work.site, older),
        },
    )  # fmt: skip
    if stage is Stage.OPEN:
        _know(work, login, device)
    facts = {"way": way, "stage": stage, "address": visitor.address}
    work.note("login", login.id, Place(login.path), kind="sign_in", **facts)
    return SignedIn(token, device, stage)


def advance(
    work: Work,
    login: LoginRow,
    session_id: SessionId,
    stage: Stage,
    *,
    strong: bool,
    device: Secret | None,
    grant_id: GrantId | None = None,
) -> SignedIn:
    """The session goes on under a new cookie, at that stage. NotFoundError where it is over."""
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    kept = device or Secret(secrets.token_urlsafe(TOKEN_BYTES))
    standing = standing_of(work, login, session_id)
    # Twelve hours count from the sign-in, not from each step.
    since = standing.opened_at if standing.stage is Stage.OPEN else work.now
    moved = work.session.execute(
        _ADVANCE,
        {
            "hash": session_hash(work.site, token), "stage": stage, "strong": strong,
            "grant_id": grant_id, "now": work.now, "id": session_id, "login_id": login.id,
            "until": _until(stage, since),
        },
    ).one_or_none()  # fmt: skip
    if moved is None:
        raise NotFoundError("accounts.session.over")
    if stage is Stage.OPEN:
        _know(work, login, kept)
    work.note("login", login.id, Place(login.path), kind="advance", stage=stage, strong=strong)
    return SignedIn(token, kept, stage)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a session got, while it is locked."""

    way: Way
    stage: Stage
    strong: bool
    opened_at: datetime
    grant_id: GrantId | None


def standing_of(work: Work, login: LoginRow, session_id: SessionId) -> Standing:
    """How far a live session of the log-in got, locked. NotFoundError where it is over."""
    asked = {"id": session_id, "login_id": login.id, "now": work.now}
    row = work.session.execute(_STANDING, asked).one_or_none()
    if row is None:
        raise NotFoundError("accounts.session.over")
    grant_id = None if row.grant_id is None else GrantId(row.grant_id)
    return Standing(Way(row.way), Stage(row.stage), row.strong, row.opened_at, grant_id)


def end_sessions(
    work: Work,
    login_id: int | None,
    person_id: int | None,
    *,
    but_console: SessionId | None = None,
    but_phone: SessionId | None = None,
) -> int:
    """All sessions of a log-in and of its person's phones are over, but for one; how many were."""
    consoles = work.session.execute(
        _END_ALL, {"login_id": login_id, "now": work.now, "but": but_console}
    ).all()
    phones = work.session.execute(
        _END_PHONES, {"person_id": person_id, "now": work.now, "but": but_phone}
    ).all()
    return len(consoles) + len(phones)


def governs(work: Work, login: LoginRow) -> bool:
    """Whether the log-in may do something to others."""
    held = select(GrantRow.id).where(GrantRow.login_id == login.id).limit(1)
    return work.session.scalar(held) is not None


def _until(stage: Stage, since: datetime) -> datetime:
    return since + (CONSOLE if stage is Stage.OPEN else UNFINISHED).whole


def _know(work: Work, login: LoginRow, device: Secret) -> None:
    facts = {
        "hash": session_hash(work.site, device), "login_id": login.id, "now": work.now,
    }  # fmt: skip
    work.session.execute(_KNOW, facts)
