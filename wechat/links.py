"""链接 — addresses of phone pages, for what we say in a chat."""

from __future__ import annotations

from app.accounts import steps as desk
from app.accounts.terms import OfficialAccount
from app.base.site import Site
from app.base.work import Work
from wechat.capabilities import Capability, may
from wechat.router import Ask


def page(ask: Ask, path: str, work: Work | None = None) -> str:
    """The address of one of the account's phone pages, for the follower who asks.

    Asked for within a work, it is good when that commits.
    """
    return page_for(work or ask.site, ask.account, ask.openid, path)


def page_for(opened: Site | Work, account: OfficialAccount, openid: str, path: str) -> str:
    """The address of one of the account's phone pages, for that follower.

    Where the platform will not tell us whose browser comes, the address holds a ticket: it opens
    the page once, within ten minutes, as that openid.
    """
    of_account = f"/m/{account.slug}/"
    site = opened.site if isinstance(opened, Work) else opened
    root = site.config.public_url
    if may(account, Capability.OAUTH):
        return f"{root}{of_account}{path}"
    ticket = desk.issue_ticket(opened, account.slug, openid, of_account + path)
    return f"{root}{of_account}go/{ticket.reveal()}"
