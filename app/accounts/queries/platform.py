"""微信平台 — the tokens we hold, what is shut and why, whom we may speak to, what was sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts.queries.asking import alone
from app.accounts.tables import BindingRow, DeliveryRow, FollowerRow, GateRow, MenuRow, TokenRow
from app.accounts.terms import (
    Alarm,
    Follower,
    FollowerState,
    HeldToken,
    MenuState,
    TokenKind,
)
from app.base.site import Site
from app.base.work import Work, query
from app.kernel.actor import Permission
from app.kernel.errors import NotFoundError, UnavailableError


def held_token(site: Site, slug: str, kind: TokenKind) -> HeldToken | None:
    """平台凭证 — the one that is good now; None where one must be asked for."""
    asked = select(TokenRow.value, TokenRow.expires_at).where(
        TokenRow.slug == slug, TokenRow.kind == kind
    )
    row = alone(site, asked).one_or_none()
    return None if row is None else held_in(site, slug, kind, row.value, row.expires_at)


def held_in(
    site: Site, slug: str, kind: TokenKind, sealed: bytes | None, expires_at: datetime | None
) -> HeldToken | None:
    """The token in a row, if there is one and it is still good."""
    if sealed is None or expires_at is None or expires_at <= site.clock():
        return None
    return HeldToken(site.vault.open(sealed, token_purpose(slug, kind)), expires_at)


def token_purpose(slug: str, kind: TokenKind) -> str:
    """The purpose under which a token is sealed: it opens for this account and kind only."""
    return f"wechat_token.{kind}:{slug}"


def follower(site: Site, slug: str, openid: str) -> Follower | None:
    """粉丝 — what we know of an openid; None of one who did nothing yet that we heard of."""
    asked = select(
        FollowerRow.state, FollowerRow.heard_at, FollowerRow.acted_at, FollowerRow.tags
    ).where(FollowerRow.slug == slug, FollowerRow.openid == openid)
    row = alone(site, asked).one_or_none()
    if row is None:
        return None
    return Follower(FollowerState(row.state), row.heard_at, row.acted_at, tuple(row.tags))


def bound_openids(site: Site, slug: str) -> tuple[str, ...]:
    """已绑定的粉丝 — the openids of an account that belong to somebody."""
    asked = select(BindingRow.openid).where(BindingRow.slug == slug, BindingRow.ended_at.is_(None))
    return tuple(alone(site, asked.order_by(BindingRow.id)).scalars())


def bound_tag(site: Site, slug: str) -> int | None:
    """已绑定标签 — the platform's number of the tag; None until there is one."""
    asked = select(MenuRow.bound_tag).where(MenuRow.slug == slug)
    return alone(site, asked).scalar_one_or_none()


def delivered(site: Site, message_id: int) -> str | None:
    """送达状态 — what became of the outbox message of that number; None where none was sent."""
    asked = select(DeliveryRow.state).where(DeliveryRow.message_id == message_id)
    return alone(site, asked).scalar_one_or_none()


@query(Permission.WECHAT_MANAGE)
def menu_state(work: Work, slug: str, since: datetime | None = None) -> MenuState:
    """菜单同步结果 — of the last synchronisation. NotFoundError where there was none.

    UnavailableError where there was none since that moment: it still waits to be done.
    """
    row = work.session.get(MenuRow, slug, populate_existing=True)
    if row is None or row.at is None:
        raise NotFoundError("accounts.menu.never", slug=slug)
    if since is not None and row.at < since:
        raise UnavailableError("accounts.menu.waits", slug=slug)
    return MenuState(row.at, row.trial, tuple(row.steps), row.error)


@query(Permission.SYSTEM_OPERATE)
def alarms(work: Work) -> tuple[Alarm, ...]:
    """平台告警 — everything of any account that does not go for now."""
    gates = select(GateRow).where(GateRow.until > work.now, GateRow.errcode.is_not(None))
    tokens = select(TokenRow).where(TokenRow.blocked_until > work.now)
    found = [
        Alarm(row.slug, row.api, row.errcode, row.said or "", row.until)
        for row in work.session.scalars(gates)
        if row.until is not None
    ] + [
        Alarm(row.slug, row.kind, None, "", row.blocked_until)
        for row in work.session.scalars(tokens)
        if row.blocked_until is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.slug, one.api)))
