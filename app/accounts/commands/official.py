"""公众平台账号 — filed, and kept tidy."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import delete, select

from app.accounts import queries
from app.accounts.steps import flush, forget_platform
from app.accounts.tables import (
    CallbackRow,
    DeliveryRow,
    OfficialAccountRow,
)
from app.accounts.terms import OfficialAccount, Put
from app.base.work import Work, command
from app.kernel.actor import Permission
from app.kernel.errors import ConflictError
from app.kernel.secret import Secret

CALLBACKS_KEPT = timedelta(days=2)
DELIVERIES_KEPT = timedelta(days=60)


@command(Permission.WECHAT_MANAGE)
def put_official_account(work: Work, account: OfficialAccount) -> Put:
    """登记公众平台账号 — the account stands as described, and the platform is tried anew.

    ConflictError when its appid is another account's.
    """
    clash = select(OfficialAccountRow.slug).where(
        OfficialAccountRow.appid == account.appid, OfficialAccountRow.slug != account.slug
    )
    if other := work.session.scalar(clash):
        raise ConflictError("accounts.official.appid_taken", appid=account.appid, slug=other)
    row = work.session.get(OfficialAccountRow, account.slug, with_for_update=True)
    forget_platform(work, account.slug)
    if row is not None and account == queries.opened(work.site.vault, row):
        return Put.SAME
    result = Put.CHANGED
    if row is None:
        row, result = OfficialAccountRow(slug=account.slug), Put.ADDED
        work.session.add(row)
    row.kind, row.name = account.kind, account.name
    row.appid, row.mode = account.appid, account.mode
    row.secret = _sealed(work, "secret", account.slug, account.secret)
    row.token = _sealed(work, "token", account.slug, account.token)
    key = account.aes_key
    row.verified = account.verified
    row.notice = None if account.notice is None else asdict(account.notice)
    row.aes_key = None if key is None else _sealed(work, "aes_key", account.slug, key)
    flush(work, "accounts.official.meanwhile")
    queries.forget(work.site, account.slug)
    return result


def _sealed(work: Work, column: str, slug: str, secret: Secret) -> bytes:
    return work.site.vault.seal(secret, queries.sealing(column, slug))


@command(Permission.SYSTEM_OPERATE)
def sweep(work: Work) -> int:
    """清理回调与送达 — remove replies that no resend will ask for, and old deliveries; how many.

    The platform resends within seconds; two days are kept for looking into a complaint, and two
    months of what was sent to whom.
    """
    old = delete(CallbackRow).where(CallbackRow.at < work.now - CALLBACKS_KEPT)
    sent = delete(DeliveryRow).where(DeliveryRow.begun_at < work.now - DELIVERIES_KEPT)
    gone = work.session.execute(old.returning(CallbackRow.key)).all()
    return len(gone) + len(work.session.execute(sent.returning(DeliveryRow.message_id)).all())
