"""微信 — messages, tags and menus that go to the platform in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.accounts import commands as accounts
from app.accounts import queries as desk
from app.accounts.terms import OfficialAccount
from app.base import words
from app.base.outbox import NotYetError
from app.base.work import Work, passes
from app.kernel.errors import NotFoundError
from wechat import answering, menus, sender
from wechat.platform.errors import Action, PlatformError
from wechat.routes import ROUTER


@passes("accounts.put_delivery")
def tell(work: Work, body: Mapping[str, Any]) -> None:
    """告知 — tell a follower what the message says, by whichever way is open."""
    number = _number(work)
    _put(
        work,
        sender.tell(
            work.site, number, body["slug"], body["openid"], body["code"], body.get("facts", {})
        ),
    )


@passes("accounts.put_delivery", *ROUTER.doors)
def answer(work: Work, body: Mapping[str, Any]) -> None:
    """答复 — make the answer that took too long, and send it."""
    account, message = _account(work, body["slug"]), answering.message_in(body)
    found = answering.found_for(account, message)
    words = found and answering.answer_to(work.site, account, message, found)
    if words:
        number = _number(work)
        _put(work, sender.send_text(work.site, account.slug, message.openid, words, number))


@passes("accounts.put_tags")
def tag(work: Work, body: Mapping[str, Any]) -> None:
    """换标签 — put the tag of the bound on an openid, or take it off, as it is bound or not.

    Without a tag there is no menu for it yet; the synchronisation that makes it tags everybody.
    """
    account, openid = _account(work, body["slug"]), body["openid"]
    number = desk.bound_tag(work.site, account.slug)
    if number is None or not menus.by_tag(account):
        return
    known = desk.follower(work.site, account.slug, openid)
    bound = desk.binding_of(work.site, account.slug, openid) is not None
    if bound == (known is not None and number in known.tags):
        return
    try:
        if bound:
            done = menus.put_on(work.site, account, number, [openid])
            accounts.put_tags(work, account.slug, done, [number])
        else:
            menus.take_off(work.site, account, number, openid)
            accounts.put_tags(work, account.slug, [openid], [])
    except PlatformError as error:
        _later(work, error)
        raise


@passes("accounts.put_menu_state", "accounts.put_bound_tag", "accounts.put_tags")
def menu(work: Work, body: Mapping[str, Any]) -> None:
    """同步菜单 — make the platform's menus ours, or only look at what that would take."""
    account, trial = _account(work, body["slug"]), bool(body["trial"])
    synced = menus.synchronise(work.site, account, trial=trial)
    error = synced.error
    if synced.tag is not None and not trial:
        known = desk.bound_tag(work.site, account.slug)
        number = synced.tag.number
        accounts.put_bound_tag(work, account.slug, number)
        if synced.tag.is_new or known != number:
            error = error or _tag_all(work, account, number)
    accounts.put_menu_state(
        work, account.slug, trial=trial, steps=synced.told,
        error=None if error is None else words.of_error(error),
    )  # fmt: skip


def _tag_all(work: Work, account: OfficialAccount, tag: int) -> PlatformError | None:
    """Put a new tag on everybody who is bound."""
    openids = desk.bound_openids(work.site, account.slug)
    try:
        done = menus.put_on(work.site, account, tag, openids)
    except PlatformError as error:
        return error
    accounts.put_tags(work, account.slug, done, [tag])
    return None


def _put(work: Work, sent: sender.Sent) -> None:
    accounts.put_delivery(
        work, _number(work), sent.state, platform_id=sent.platform_id, reason=sent.reason
    )


def _number(work: Work) -> int:
    if work.message_id is None:
        raise AssertionError("only an outbox message is delivered")
    return work.message_id


def _account(work: Work, slug: str) -> OfficialAccount:
    account = desk.official_account(work.site, slug)
    if account is None:
        raise NotFoundError("accounts.official.unknown", slug=slug)
    return account


def _later(work: Work, error: PlatformError) -> None:
    """NotYetError for a refusal that passes; SilentError where no answer came."""
    if error.again_at is not None:
        raise NotYetError(error.again_at - work.now) from None
    if error.action is Action.RETRY:
        raise sender.SilentError(str(error)) from None
