"""冻结 — the link by which an owner stops everything, and what stopping means."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from app.accounts.queries import freeze_token, hash_of
from app.accounts.rules.codes import FREEZE_LIFE
from app.accounts.steps.sessions import end_sessions
from app.accounts.tables import CodeRow, FreezeLinkRow, LoginRow
from app.base.work import Work

_NUMBER_BYTES = 16


def freeze_link(work: Work, login: LoginRow) -> str:
    """冻结链接 — the number of a link that freezes the log-in, for a week.

    `queries.freeze_token` makes the link of it, where it is sent: what waits in the outbox opens
    nothing.
    """
    link_no = secrets.token_urlsafe(_NUMBER_BYTES)
    work.session.add(
        FreezeLinkRow(
            token_hash=hash_of(freeze_token(work.site, link_no)), login_id=login.id,
            expires_at=work.now + FREEZE_LIFE,
        )
    )  # fmt: skip
    return link_no


def stop(work: Work, login: LoginRow) -> None:
    """The log-in, which the caller has locked, lets nobody in, and whoever was in is out."""
    login.frozen_at = login.frozen_at or work.now
    end_sessions(work, login.id, login.person_id)
    alive = select(CodeRow).where(
        CodeRow.login_id == login.id, CodeRow.used_at.is_(None), CodeRow.voided_at.is_(None)
    )
    for code in work.session.scalars(alive):
        code.voided_at = work.now


def thaw(login: LoginRow) -> None:
    """The log-in may be used again; its password may not: somebody may know it."""
    login.frozen_at = None
    login.password_hash = None
