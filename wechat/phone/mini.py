"""小程序链接 — the way from a phone page to the mini-program that proves a phone number."""

from __future__ import annotations

from urllib.parse import urlencode

import structlog

from app.accounts import queries as accounts
from app.accounts.queries.proofs import mini_programs
from app.base.site import Site
from app.kernel.secret import Secret
from wechat.capabilities import Capability, may
from wechat.platform.client import Patience, Platform
from wechat.platform.errors import PlatformError

_API = "wxa/generate_urllink"
_PAGE = "pages/bind/phone"
# By the day is the shortest that the platform has; the ticket itself dies within minutes.
_EXPIRES = {"expire_type": 1, "expire_interval": 1}
_PATIENCE = Patience(connect_s=2.0, read_s=3.0, tries=2, pause_s=0.2)

log = structlog.get_logger(__name__)


def known(site: Site) -> bool:
    """Whether there is a mini-program of ours that may ask for a phone number."""
    return _account(site) is not None


def link_with(site: Site, ticket: Secret) -> str | None:
    """URL Link — the address that opens the mini-program with this ticket; None where none can."""
    slug = _account(site)
    account = None if slug is None else accounts.official_account(site, slug)
    if account is None:
        return None
    body = {"path": _PAGE, "query": urlencode({"ticket": ticket.reveal()}), **_EXPIRES}
    try:
        link = Platform(site, account, patience=_PATIENCE).post(_API, body).get("url_link")
    except PlatformError as refused:
        log.warning("phone.mini.no_link", cause=str(refused))
        return None
    return link if isinstance(link, str) else None


def _account(site: Site) -> str | None:
    for slug in mini_programs(site):
        account = accounts.official_account(site, slug)
        if account is not None and may(account, Capability.PHONE):
            return slug
    return None
