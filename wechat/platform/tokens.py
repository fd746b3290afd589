"""平台凭证 — access token and jsapi ticket of an account, asked for by one process for all.

`stable_token` gives the same token to everybody who asks (wechat.md 1.4), so a second asker does
no harm; but when the platform refuses what it gave, asking again is all that a naive client does.
Here a refusal is answered by asking once, three times in ten minutes at most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from sqlalchemy.exc import OperationalError

from app.accounts import queries as desk
from app.accounts import steps
from app.accounts.terms import HeldToken, OfficialAccount, TokenKind
from app.base.site import Site
from app.kernel.secret import Secret
from wechat.platform.apis import JSAPI_TICKET, STABLE_TOKEN, Api
from wechat.platform.errors import (
    BlockedError,
    BusyError,
    NotSentError,
    PlatformError,
    TokenError,
    TransportError,
)

Call: TypeAlias = Callable[[Api, Mapping[str, Any], str | None], Mapping[str, Any]]

# Another process's new token is seen after this long, or when the platform refuses this one.
_REMEMBERED = timedelta(seconds=30)

log = structlog.get_logger(__name__)


class Tokens:
    """What the platform lends one account; safe for any number of threads."""

    def __init__(self, site: Site, account: OfficialAccount, call: Call) -> None:
        self._site = site
        self._account = account
        self._call = call
        self._known: dict[TokenKind, tuple[datetime, HeldToken]] = {}
        # One thread of a process waits at the database for all, and holds one connection.
        self._turns = {kind: threading.Lock() for kind in TokenKind}

    def access(self, instead_of: Secret | None = None) -> Secret:
        """The access token; another than one that the platform refused.

        BlockedError while it is not to be asked, PlatformError for what else it answers.
        """
        return self._good(TokenKind.ACCESS, instead_of)

    def jsapi_ticket(self) -> Secret:
        """The ticket by which pages of the account are signed."""
        return self._good(TokenKind.JSAPI, None)

    def _good(self, kind: TokenKind, bad: Secret | None) -> Secret:
        known = self._known.get(kind)
        now = self._site.clock()
        if known is not None and bad is None:
            seen_at, held = known
            if timedelta(0) <= now - seen_at < _REMEMBERED and held.good_until > now:
                return held.value
        with self._turns[kind]:
            stored = desk.held_token(self._site, self._account.slug, kind)
            if stored is None or stored.value == bad:
                stored = self._fetched(kind, bad)
            self._known[kind] = (self._site.clock(), stored)
            return stored.value

    def _fetched(self, kind: TokenKind, bad: Secret | None) -> HeldToken:
        """Wait for our turn among the processes; what another was given meanwhile will do."""
        if kind is TokenKind.ACCESS:
            return self._in_turn(kind, bad, None)
        # The ticket's own call needs an access token: taken first, never while holding a turn.
        access = self.access()
        try:
            return self._in_turn(kind, bad, access.reveal())
        except BlockedError:
            raise
        except TokenError:
            fresh = self.access(instead_of=access)
            return self._in_turn(kind, bad, fresh.reveal())

    def _in_turn(self, kind: TokenKind, bad: Secret | None, access: str | None) -> HeldToken:
        self._known.pop(kind, None)
        try:
            with steps.token_turn(self._site, self._account.slug, kind) as turn:
                if turn.held is not None and turn.held.value != bad:
                    return turn.held
                turn.drop()
                found = self._asked(turn, kind, access)
        except OperationalError:
            raise NotSentError(_API[kind].path, said="no turn") from None
        if isinstance(found, PlatformError):
            raise found
        return found

    def _asked(
        self, turn: steps.TokenTurn, kind: TokenKind, access: str | None
    ) -> HeldToken | PlatformError:
        """Ask the platform; an error is returned, so that what we learn is kept."""
        api = _API[kind]
        if (until := turn.blocked_until) is not None:
            return BlockedError(api.path, again_at=until)
        try:
            reply = self._call(api, self._body(kind), access)
        except (TransportError, BusyError) as silence:
            turn.silent()
            # For the call that needs the token: it never went out.
            return NotSentError(api.path, silence.errcode, silence.said)
        except PlatformError as refused:
            turn.answered()
            return refused
        value, life = reply.get(_MEMBER[kind]), reply.get("expires_in")
        if not (isinstance(value, str) and value and isinstance(life, int)):
            turn.silent()
            return NotSentError(api.path, said="no token in the answer")
        log.info("wechat.token.fetched", slug=self._account.slug, kind=kind, expires_in=life)
        return turn.keep(Secret(value), life)

    def _body(self, kind: TokenKind) -> Mapping[str, Any]:
        if kind is not TokenKind.ACCESS:
            return {}
        return {
            "grant_type": "client_credential",
            "appid": self._account.appid,
            "secret": self._account.secret.reveal(),
            "force_refresh": False,
        }


_API = {TokenKind.ACCESS: STABLE_TOKEN, TokenKind.JSAPI: JSAPI_TICKET}
_MEMBER = {TokenKind.ACCESS: "access_token", TokenKind.JSAPI: "ticket"}
