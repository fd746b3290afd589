"""登录与会话 — coming in, choosing a capacity, and going."""

from __future__ import annotations

from sqlalchemy import text

from app.accounts.queries import hash_of
from app.accounts.queries.logins import own_ids, own_login
from app.accounts.rules import sessions as rules
from app.accounts.rules.logins import stage_after
from app.accounts.steps.scans import TAKE
from app.accounts.steps.sessions import (
    advance,
    end_sessions,
    governs,
    open_console_session,
    standing_of,
)
from app.accounts.terms import GrantId, Screen, SessionId, SignedIn, Stage, Visitor, Way
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError, NotFoundError
from app.kernel.secret import Secret

_END_CONSOLE = text("""
update console_session set ended_at = :now
where id = :id and login_id = :login_id and ended_at is null returning id
""")
_END_PHONE = text("""
update phone_session s set ended_at = :now from binding b
where s.id = :id and b.person_id = :person_id and b.ended_at is null and b.slug = s.slug
  and b.openid = s.openid and s.ended_at is null
returning s.id
""")
_SWEPT = tuple(
    map(
        text,
        (
            "delete from console_session where coalesce(ended_at, until) < :week returning id",
            "delete from phone_session where ended_at < :week or opened_at < :phone returning id",
            "delete from phone_ticket where expires_at < :day returning 1",
            "delete from scan where expires_at < :day returning 1",
            "delete from freeze_link where expires_at < :day returning 1",
            "delete from attempt where since < :week returning 1",
            "delete from known_device where seen_at < :device returning 1",
        ),
    )
)


@command(Permission.ACCOUNTS_SELF)
def sign_in(work: Work, name: str, visitor: Visitor, *, stale: bool = False) -> SignedIn:
    """登录 — the browser whose owner typed the right password is signed in, as far as that goes."""
    login = own_login(work, name, lock=True)
    if login.frozen_at is not None:
        raise ConflictError("accounts.login.frozen")
    stage = stage_after(
        Way.PASSWORD, governs=governs(work, login), second=login.totp_at is not None,
        strong=False, stale=stale,
    )  # fmt: skip
    return open_console_session(
        work, login, way=Way.PASSWORD, strong=False, stage=stage, visitor=visitor
    )


@command(Permission.ACCOUNTS_SELF)
def sign_in_by_scan(work: Work, name: str, browser: Secret, visitor: Visitor) -> SignedIn:
    """扫码登录 — the browser whose picture a phone confirmed is signed in; the picture is used up.

    ConflictError where the picture leads nowhere (any more), so of two at once one comes in.
    """
    login = own_login(work, name, lock=True)
    facts = {"browser": hash_of(browser), "login_id": login.id, "now": work.now}
    taken = work.session.execute(TAKE, facts).one_or_none()
    if taken is None or login.frozen_at is not None:
        raise ConflictError("accounts.scan.over")
    # Their own WeChat, and a number read from this very screen: two factors already.
    return open_console_session(
        work, login, way=Way.SCAN, strong=True, stage=Stage.OPEN, visitor=visitor
    )


@command(Permission.ACCOUNTS_SELF)
def choose(
    work: Work, name: str, session_id: SessionId, grant_id: GrantId, visitor: Visitor
) -> SignedIn:
    """选择身份 — the session acts in that capacity from now on, under a new cookie."""
    login = own_login(work, name, lock=True)
    standing = standing_of(work, login, session_id)
    if standing.stage is not Stage.OPEN or not _holds(work, login.id, grant_id):
        raise NotFoundError("accounts.grant.unknown")
    return advance(
        work, login, session_id, Stage.OPEN, strong=standing.strong, device=visitor.device,
        grant_id=grant_id,
    )  # fmt: skip


def _holds(work: Work, login_id: int, grant_id: GrantId) -> bool:
    held = text("select true from grant_held where id = :id and login_id = :login_id")
    found = work.session.execute(held, {"id": grant_id, "login_id": login_id})
    return found.one_or_none() is not None


@command(Permission.ACCOUNTS_SELF)
def begin_renewal(work: Work, name: str, session_id: SessionId, visitor: Visitor) -> SignedIn:
    """换密码 — the session, whose owner typed the password in force, goes on to set another."""
    login = own_login(work, name, lock=True)
    standing = standing_of(work, login, session_id)
    if standing.stage is not Stage.OPEN:
        raise NotFoundError("accounts.session.over")
    return advance(
        work, login, session_id, Stage.RENEW, strong=standing.strong, device=visitor.device
    )


@command(Permission.ACCOUNTS_SELF)
def end_own_session(work: Work, name: str, screen: Screen, session_id: SessionId) -> None:
    """退出一台设备 — one of one's own sessions is over. NotFoundError for one that is not there."""
    login_id, person_id = own_ids(work, name)
    ended = work.session.execute(
        _END_CONSOLE if screen is Screen.CONSOLE else _END_PHONE,
        {"id": session_id, "login_id": login_id, "person_id": person_id, "now": work.now},
    ).one_or_none()
    if ended is None:
        raise NotFoundError("accounts.session.over")
    work.note(f"{screen}_session", session_id, work.actor.place, kind="end")


@command(Permission.ACCOUNTS_SELF)
def end_own_sessions(work: Work, name: str, *, but: tuple[Screen, SessionId] | None = None) -> int:
    """退出全部设备 — all one's own sessions are over, but for the one at hand; how many were."""
    login_id, person_id = own_ids(work, name)
    screen, kept = but or (None, None)
    count = end_sessions(
        work, login_id, person_id,
        but_console=kept if screen is Screen.CONSOLE else None,
        but_phone=kept if screen is Screen.PHONE else None,
    )  # fmt: skip
    work.note("login", login_id, work.actor.place, kind="end_all", count=count)
    return count


@command(Permission.SYSTEM_OPERATE)
def sweep_sessions(work: Work) -> int:
    """清理会话 — remove sessions, tickets, pictures, links and counters that have served; how many.

    Ended sessions stay a week and codes a day (trust.md 5), for looking into a complaint; the
    trail keeps who came in for as long as it is kept.
    """
    facts = {
        "week": work.now - rules.ENDED_KEPT, "day": work.now - rules.SPENT_KEPT,
        "phone": work.now - rules.PHONE.whole, "device": work.now - rules.DEVICE_KNOWN,
    }  # fmt: skip
    return sum(len(work.session.execute(one, facts).all()) for one in _SWEPT)
