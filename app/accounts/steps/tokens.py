"""平台凭证 — whose turn it is to ask the platform for one, across all processes.

The row lock is the turn. Who waited for it finds what the one before it was given, so of sixteen
threads in two processes that start cold, one asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.queries.platform import held_in, token_purpose
from app.accounts.rules import platform as rules
from app.accounts.tables import GateRow, TokenRow
from app.accounts.terms import HeldToken, TokenKind
from app.base.site import Site
from app.base.work import Work
from app.kernel.secret import Secret
from app.kernel.span import at_ms, in_ms

# Longer than one call of the platform may take; who waits longer is told so by the database.
_WAIT = text("set local lock_timeout = '15s'")


class TokenTurn:
    """轮到我 — one process's turn at one token; what it finds out is kept when the turn ends."""

    def __init__(self, site: Site, row: TokenRow) -> None:
        self._site = site
        self._row = row

    @property
    def held(self) -> HeldToken | None:
        """The token that is good now; None where one must be asked for."""
        row = self._row
        return held_in(self._site, row.slug, TokenKind(row.kind), row.value, row.expires_at)

    @property
    def blocked_until(self) -> datetime | None:
        """Until when the platform is not to be asked; None where it may be."""
        until = self._row.blocked_until
        return until if until is not None and until > self._site.clock() else None

    def drop(self) -> None:
        """The platform refused the token that we hold."""
        self._row.value = self._row.expires_at = None

    def keep(self, value: Secret, expires_in_s: int) -> HeldToken:
        """The platform gave this one."""
        self.answered()
        now = self._site.clock()
        purpose = token_purpose(self._row.slug, TokenKind(self._row.kind))
        self._row.value = self._site.vault.seal(value, purpose)
        self._row.expires_at = rules.good_until(now, expires_in_s)
        return HeldToken(value, self._row.expires_at)

    def answered(self) -> None:
        """The platform answered, if only with a refusal: that counts."""
        now = self._site.clock()
        fetches = rules.fetched([at_ms(ms) for ms in self._row.fetches], now)
        self._row.fetches = [in_ms(at) for at in fetches]
        self._row.failures = 0
        self._row.blocked_until = rules.blocked_until(fetches)

    def silent(self) -> timedelta:
        """The platform did not answer; how long it is left in peace."""
        self._row.failures += 1
        pause = rules.pause_after(self._row.failures)
        self._row.blocked_until = self._site.clock() + pause
        return pause


@contextmanager
def token_turn(site: Site, slug: str, kind: TokenKind) -> Iterator[TokenTurn]:
    """Wait for the turn at this token, and hold it; what was found out is kept at the end.

    It holds a connection of its own: never ask within a unit of work of a process of many threads.
    """
    with Session(site.engine) as session, session.begin():
        session.execute(_WAIT)
        session.execute(
            insert(TokenRow)
            .values(slug=slug, kind=kind, fetches=[], failures=0)
            .on_conflict_do_nothing()
        )
        yield TokenTurn(site, session.get_one(TokenRow, (slug, kind), with_for_update=True))


def forget_platform(work: Work, slug: str) -> None:
    """Begin anew with the platform: the account's settings were changed, or filed again."""
    work.session.execute(delete(TokenRow).where(TokenRow.slug == slug))
    work.session.execute(delete(GateRow).where(GateRow.slug == slug))
