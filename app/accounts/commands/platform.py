"""微信平台 — what an operator asks of it, and what the jobs that speak to it put down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.tables import DeliveryRow, FollowerRow, MenuRow, OfficialAccountRow
from app.accounts.terms import AccountKind, DeliveryState, FollowerState
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import InvalidError, NotFoundError


@command(Permission.WECHAT_MANAGE)
def sync_menu(work: Work, slug: str, *, trial: bool) -> None:
    """同步菜单 — the account's menus on the platform become ours after this commit.

    On trial the platform is only asked what stands there. NotFoundError for an unknown account,
    InvalidError for a mini-program, which has none.
    """
    row = work.session.get(OfficialAccountRow, slug)
    if row is None:
        raise NotFoundError("accounts.official.unknown", slug=slug)
    if row.kind == AccountKind.MINI:
        raise InvalidError("accounts.menu.mini", slug=slug)
    work.tell("wechat.menu", slug=slug, trial=trial)


@command(Permission.SYSTEM_OPERATE)
def put_menu_state(
    work: Work, slug: str, *, trial: bool, steps: Sequence[Mapping[str, Any]], error: str | None
) -> None:
    """记下菜单同步 — what a synchronisation did or would have done, and why it went no further."""
    facts = {"at": work.now, "trial": trial, "steps": list(steps), "error": error}
    work.session.execute(
        insert(MenuRow)
        .values(slug=slug, **facts)
        .on_conflict_do_update(index_elements=["slug"], set_=facts)
    )


@command(Permission.SYSTEM_OPERATE)
def put_bound_tag(work: Work, slug: str, tag: int) -> None:
    """记下已绑定标签 — the platform's number of the tag that the bound carry."""
    work.session.execute(
        insert(MenuRow)
        .values(slug=slug, bound_tag=tag, trial=False, steps=[])
        .on_conflict_do_update(index_elements=["slug"], set_={"bound_tag": tag})
    )


@command(Permission.SYSTEM_OPERATE)
def put_delivery(
    work: Work,
    message_id: int,
    state: DeliveryState,
    *,
    platform_id: str | None,
    reason: str | None,
) -> None:
    """记下送达 — what became of a message that was begun, and the platform's number for it.

    What the platform itself said of it meanwhile stands.
    """
    work.session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.message_id == message_id, DeliveryRow.state == DeliveryState.SENDING)
        .values(state=state, platform_id=platform_id, reason=reason)
    )


@command(Permission.SYSTEM_OPERATE)
def put_tags(work: Work, slug: str, openids: Sequence[str], tags: Sequence[int]) -> None:
    """记下标签 — these followers carry these tags of ours now, and no others."""
    if not openids:
        return
    work.session.execute(
        insert(FollowerRow)
        .values([
            {"slug": slug, "openid": openid, "state": FollowerState.FOLLOWS, "tags": list(tags),
             "heard_sent": 0, "acted_sent": 0}
            for openid in openids
        ])
        .on_conflict_do_update(
            index_elements=["slug", "openid"], set_={"tags": list(tags)}
        )
    )  # fmt: skip
