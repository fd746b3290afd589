"""会话 — opened, and ended; each step is one statement that commits by itself."""

from __future__ import annotations

import secrets

from sqlalchemy import text

from app.accounts.queries import alone
from app.accounts.queries.sessions import session_hash
from app.accounts.rules.sessions import agent_kept
from app.base.site import Site
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
