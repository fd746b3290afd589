"""入场券 — given out in a chat, and used once."""

from __future__ import annotations

import secrets

from sqlalchemy import text

from app.accounts.queries import alone, hash_of
from app.accounts.rules.tickets import TICKET_LIFE, own_path
from app.base.site import Site
from app.base.work import Work
from app.kernel.secret import Secret

_TOKEN_BYTES = 16

_ISSUE = text("""
insert into phone_ticket (token_hash, slug, openid, path, expires_at)
values (:hash, :slug, :openid, :path, :expires_at)
""")
# Of many who use it at once, one finds it unused.
_USE = text("""
update phone_ticket set used_at = :now
where token_hash = :hash and slug = :slug and used_at is null and expires_at > :now
returning openid, path
""")


def issue_ticket(opened: Site | Work, slug: str, openid: str, path: str) -> Secret:
    """入场券 — the token of a link that opens this path once, as this openid, for ten minutes.

    In a work it is given out when that commits. ValueError for a path that is not one of the
    account's own phone pages.
    """
    if not own_path(slug, path):
        raise ValueError(path)
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    now = opened.now if isinstance(opened, Work) else opened.clock()
    facts = {
        "hash": hash_of(token), "slug": slug, "openid": openid, "path": path,
        "expires_at": now + TICKET_LIFE,
    }  # fmt: skip
    if isinstance(opened, Work):
        opened.session.execute(_ISSUE, facts)
    else:
        alone(opened, _ISSUE, facts)
    return token


def use_ticket(site: Site, slug: str, token: Secret) -> tuple[str, str] | None:
    """The openid and path that the ticket stands for; None if it is unknown, used or too old."""
    facts = {"hash": hash_of(token), "slug": slug, "now": site.clock()}
    row = alone(site, _USE, facts).one_or_none()
    return None if row is None else (row.openid, row.path)
