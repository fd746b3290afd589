"""链接 — addresses of phone pages, for the replies that name them."""

from __future__ import annotations

from app.accounts import steps as desk
from wechat.capabilities import Capability, may
from wechat.router import Ask


def page(ask: Ask, path: str) -> str:
    """The address of one of the account's phone pages, for the follower who asks.

    Where the platform will not tell us whose browser comes, the address holds a ticket: it opens
    the page once, within ten minutes, as the openid that asked.
    """
    of_account = f"/m/{ask.slug}/"
    root = ask.site.config.public_url
    if may(ask.account, Capability.OAUTH):
        return f"{root}{of_account}{path}"
    ticket = desk.issue_ticket(ask.site, ask.slug, ask.openid, of_account + path)
    return f"{root}{of_account}go/{ticket.reveal()}"
